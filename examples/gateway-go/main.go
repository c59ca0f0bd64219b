// A minimal strict gateway: it follows Offswitch over Kafka and answers /authz, as docs/protocol.md says.
package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type Keys map[string]ed25519.PublicKey

type jwks struct {
	Keys []struct{ Kty, Crv, X, Kid string }
}

type Lease struct {
	Installation, Issuer, Audience string
	Epoch, Partitions              int64
	JwksURL                        string  `json:"jwks_url"`
	RecordKeys                     jwks    `json:"record_keys"`
	StalenessMs                    int64   `json:"staleness_ms"`
	SkewMs                         int64   `json:"max_clock_skew_ms"`
	MaxTTLS                        float64 `json:"max_ttl_s"`
	WindowS                        int64   `json:"window_s"`
	Kafka                          struct{ Topics struct{ Revocations string } }
	keys                           Keys
}

var (
	mu     sync.Mutex // guards view and tokens
	view   *View
	tokens Keys
	client = http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
)

func (set jwks) usable() Keys {
	keys := Keys{}
	for _, k := range set.Keys {
		if x, err := b64.DecodeString(k.X); err == nil && k.Kty == "OKP" && k.Crv == "Ed25519" && len(x) == 32 {
			keys[k.Kid] = x
		}
	}
	return keys
}

func ask(method, url, body string, answer any) error {
	request, err := http.NewRequest(method, url, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	if method == "PUT" {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("OFFSWITCH_GATEWAY_KEY"))
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		return fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

func renew(request string) (lease Lease, err error) {
	err = ask("PUT", os.Getenv("OFFSWITCH_URL")+"/v1/gateways/self/lease", request, &lease)
	lease.keys = lease.RecordKeys.usable()
	return lease, err
}

// follow reads every partition from far enough back, and comes back when it must be read from further back.
func follow(further time.Duration) {
	mu.Lock()
	l := view.lease
	sought := time.Now().Add(-further).UnixMilli() - l.WindowS*1000 - l.StalenessMs - 2*l.SkewMs - 5000
	for p := range view.chains {
		view.Restart(p, sought)
	}
	mu.Unlock()
	seen, start := map[int32]bool{}, kgo.NewOffset().AfterMilli(sought)
	kafka, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(os.Getenv("KAFKA_BROKERS"), ",")...), kgo.FetchMaxWait(200*time.Millisecond),
		kgo.ConsumeTopics(l.Kafka.Topics.Revocations), kgo.ConsumeStartOffset(start), kgo.ConsumeResetOffset(start))
	if err != nil {
		log.Fatal(err)
	}
	defer kafka.Close()
	for lastFresh := time.Now(); time.Since(lastFresh) < further+5*time.Second; {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		fetches := kafka.PollFetches(ctx)
		cancel()
		mu.Lock()
		now := time.Now()
		fetches.EachRecord(func(r *kgo.Record) {
			if int(r.Partition) >= len(view.chains) {
				return
			}
			if c := view.chains[r.Partition]; !seen[r.Partition] { // what came before may have been deleted
				if seen[r.Partition], c.sought = true, max(sought, r.Timestamp.UnixMilli()); r.Offset == 0 {
					c.sought = -1 << 62
				}
			}
			headers := map[string]string{}
			for _, h := range r.Headers {
				headers[h.Key] = string(h.Value)
			}
			if !view.Take(int(r.Partition), Message{headers["ofs-type"], headers["ofs-kid"], headers["ofs-sig"], r.Value}, now) {
				log.Printf("not believed: partition %d, offset %d", r.Partition, r.Offset)
			}
		})
		view.Forget()
		if view.Fresh(now) {
			lastFresh = now
		}
		mu.Unlock()
	}
}

func authz(w http.ResponseWriter, r *http.Request) {
	verdict, c := "deny", Claims{}
	if given := r.Header["Authorization"]; len(given) == 1 && len(given[0]) > 7 && strings.EqualFold(given[0][:7], "Bearer ") && r.URL.RawQuery == "" {
		mu.Lock()
		verdict, c = view.Check(given[0][7:], tokens, time.Now())
		mu.Unlock()
	}
	switch verdict {
	case "allow":
		if c.Sub == c.Did {
			c.Sub = ""
		}
		for name, value := range map[string]string{"Org": c.Org, "User": c.Sub, "Device": c.Did, "Scopes": *c.Scope} {
			w.Header().Set("X-Offswitch-"+name, value)
		}
	case "deny":
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(401)
	default: // unsure; a key that is unknown may come with the next JWKS
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(503)
	}
}

func main() {
	id := make([]byte, 16)
	rand.Read(id)
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	key, _, _ := ed25519.GenerateKey(rand.Reader)
	request := fmt.Sprintf(`{"boot":"%x-%x-%x-%x-%x","version":"1.0.0","policy":"strict","public_key":{"kty":"OKP","crv":"Ed25519","kid":"receipts","x":%q}}`,
		id[:4], id[4:6], id[6:8], id[8:10], id[10:], b64.EncodeToString(key))
	lease, err := renew(request)
	if err != nil {
		log.Fatal(err)
	}
	view = NewView(lease)
	go func() {
		for further := time.Duration(0); ; further = min(2*further+time.Minute, 7*24*time.Hour) {
			follow(further)
		}
	}()
	go func() { log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), http.HandlerFunc(authz))) }()
	for ; ; time.Sleep(time.Duration(lease.StalenessMs/3) * time.Millisecond) {
		next, err := renew(request)
		var set jwks
		if err == nil {
			err = ask("GET", next.JwksURL, "", &set)
		}
		if err != nil {
			log.Print(err)
			continue
		}
		if next.Installation != lease.Installation || next.Partitions != lease.Partitions || next.WindowS != lease.WindowS {
			log.Fatal("other terms: to be read anew by whoever starts this again")
		}
		mu.Lock()
		view.lease, tokens = next, set.usable()
		mu.Unlock()
	}
}
