// A minimal strict gateway: it follows Offswitch over Kafka and answers /authz, as docs/protocol.md says.
package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	mu        sync.Mutex // guards these three
	lease     Lease
	tokens    Keys
	view      = &View{lease: &lease}
	client    = http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	b64       = base64.RawURLEncoding.Strict()
	isCounted = regexp.MustCompile(`^(org|user|device|family)$`).MatchString // the scopes that have generations
	isID      = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString
	isScopes  = regexp.MustCompile(`^([!#-\[\]-~]+( [!#-\[\]-~]+)*)?$`).MatchString
	refusals  = map[int]http.Header{401: {"Www-Authenticate": {`Bearer error="invalid_token"`}}, 503: {"Retry-After": {"1"}}}
	compact   = regexp.MustCompile(`^(?i:Bearer) ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$`)
)

type jwk struct{ Kty, Crv, X, Kid string }
type Keys map[string]ed25519.PublicKey // of a JWKS, by kid
func (keys *Keys) UnmarshalJSON(text []byte) error {
	var set struct{ Keys []jwk }
	err := json.Unmarshal(text, &set)
	*keys = Keys{}
	for _, k := range set.Keys {
		if x, _ := b64.DecodeString(k.X); k.Kty == "OKP" && k.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize {
			(*keys)[k.Kid] = x
		}
	}
	return err
}

type Lease struct {
	Installation, Issuer, Audience string
	Epoch, Partitions              int64
	JwksURL                        string  `json:"jwks_url"`
	RecordKeys                     Keys    `json:"record_keys"`
	StalenessMs                    int64   `json:"staleness_ms"`
	SkewMs                         int64   `json:"max_clock_skew_ms"`
	MaxTTLS                        float64 `json:"max_ttl_s"`
	WindowS                        int64   `json:"window_s"`
	Kafka                          struct{ Topics struct{ Revocations string } }
}

type Content struct { // the members of records and of watermarks
	Org, Scope, Subject, Installation, Topic, T string
	RevokedAt                                   string `json:"revoked_at"`
	Generation, Partition, Partitions, Seq      *int64
	NotBefore                                   *int64 `json:"not_before"`
	V, Epoch                                    int64
	Prev                                        *string
	More                                        *bool
	Covers, Repair, Kids                        []string
}

type chain struct { // one partition, read from the time that was sought on
	sought, anchor, head, epoch, t int64            // head -1: no anchor yet; anchor 0: the genesis
	at                             time.Time        // when t was read
	digests                        map[int64]string // of the linked watermarks, by seq
	missing                        map[string]int64 // what is covered and has not come, and since which seq
	broken                         bool
}

type View struct { // it only grows, until another one is read in its place
	lease   *Lease
	least   map[string]int64 // by scope/subject; a kid that is there is revoked
	applied map[string]bool  // by digest
	chains  map[int64]*chain
	unread  bool // a message of a later version has come
}

// Take applies one message of a partition; false when it is not believed.
func (v *View) Take(p int64, headers map[string]string, value []byte, now time.Time) bool {
	kind, c, sum := headers["ofs-type"], Content{}, sha256.Sum256(value)
	key, isKnown := v.lease.RecordKeys[headers["ofs-kid"]]
	signature, _ := b64.DecodeString(headers["ofs-sig"])
	isSigned := func(version int64) bool {
		return isKnown && ed25519.Verify(key, append(fmt.Appendf(nil, "offswitch:%s:v%d\n", kind, version), value...), signature)
	}
	malformed, isOurs := json.Unmarshal(value, &c) != nil, kind == "revocation" || kind == "watermark"
	v.unread = v.unread || isOurs && c.V > 1 && (isSigned(1) || isSigned(c.V))
	t, err := time.Parse("2006-01-02T15:04:05.000Z", cmp.Or(c.T, c.RevokedAt))
	if malformed || !isOurs || c.V != 1 || err != nil || !isSigned(1) {
		return false
	}
	digest := b64.EncodeToString(sum[:])
	return kind == "watermark" && v.watermark(p, c, digest, t.UnixMilli(), now) || kind == "revocation" && v.record(c, digest)
}

func (v *View) record(r Content, digest string) bool {
	isTimed, number := r.Scope == "kid" || r.Scope == "ext", cmp.Or(r.Generation, r.NotBefore)
	if !isTimed && !isCounted(r.Scope) || (r.NotBefore != nil) != isTimed || (r.Generation == nil) != isTimed || *number < 0 ||
		r.Subject == "" || r.Org == "" || (r.Org == "*") != (r.Scope == "kid") {
		return false
	}
	subject := r.Scope + "/" + r.Subject
	v.least[subject], v.applied[digest] = max(*number, v.least[subject]), true
	for _, c := range v.chains {
		delete(c.missing, digest)
	}
	return true
}

func (v *View) watermark(p int64, w Content, digest string, t int64, now time.Time) bool {
	if w.More == nil || w.Seq == nil || (*w.Seq == 0) != (w.Prev == nil) || w.Partition == nil || *w.Partition != p || w.Partitions == nil ||
		*w.Partitions > v.lease.Partitions || w.Installation != v.lease.Installation || w.Topic != v.lease.Kafka.Topics.Revocations {
		return false
	}
	for _, kid := range w.Kids {
		v.least["kid/"+kid] += 0
	}
	c, seq, covers := v.chains[p], *w.Seq, append(w.Covers, w.Repair...)
	isAnchor := c.head < 0 && (seq == 0 || !*w.More && t > c.sought+v.lease.SkewMs)
	isNext := w.Epoch >= c.epoch && w.Prev != nil && c.digests[seq-1] == *w.Prev && (seq == c.head+1 || w.Epoch > c.epoch)
	if !isAnchor && !isNext {
		isOld := c.head < 0 || w.Epoch < c.epoch || c.digests[seq] == digest || seq <= c.head && c.digests[seq] == ""
		c.broken = c.broken || !isOld // a gap or a fork
		return true
	}
	if isAnchor && seq > 0 { // what it covers may have been before
		c.anchor, covers = t, nil
	}
	maps.DeleteFunc(c.digests, func(at int64, _ string) bool { return at >= seq }) // a higher epoch takes over, maybe further back
	maps.DeleteFunc(c.missing, func(_ string, at int64) bool { return at >= seq })
	c.head, c.epoch, c.digests[seq] = seq, w.Epoch, digest
	for _, covered := range covers {
		c.missing[covered] = seq
	}
	maps.DeleteFunc(c.missing, func(covered string, _ int64) bool { return v.applied[covered] })
	if !*w.More {
		c.t, c.at = t, now
	}
	return true
}

// Fresh says whether a strict gateway may decide.
func (v *View) Fresh(now time.Time) bool {
	l, lowest, highest := v.lease, int64(1)<<62, v.lease.Epoch
	for _, c := range v.chains {
		early := c.at.UnixMilli() - c.t // how old t was when it was read; the clock may have been set since
		age := l.SkewMs + max(now.UnixMilli()-c.t, now.Sub(c.at).Milliseconds()+early)
		if c.head < 0 || c.anchor >= now.UnixMilli()-l.WindowS*1000-l.StalenessMs || c.broken || len(c.missing) > 0 || early < -l.SkewMs || age > l.StalenessMs {
			return false
		}
		lowest, highest = min(lowest, c.epoch), max(highest, c.epoch)
	}
	return !v.unread && len(v.chains) == int(l.Partitions) && lowest >= highest
}

func read(text string, into any) bool {
	value, err := b64.DecodeString(text)
	return err == nil && json.Unmarshal(value, into) == nil
}

// Check answers a request's Authorization by 200, 401 or 503, as a proxy wants it.
func (v *View) Check(authorization string, keys Keys, now time.Time) int {
	var h struct {
		Alg, Typ, Kid                 string
		Jku, Jwk, X5u, X5c, Crit, B64 json.RawMessage
	}
	var c struct {
		Iss, Aud, Sub, Did, Org, Fam, Jti string
		ClientID                          string `json:"client_id"`
		Scope                             *string
		Iat, Exp, Nbf                     *float64
		Gen                               struct{ O, U, D, F *int64 }
	}
	parts, l, s := compact.FindStringSubmatch(authorization), v.lease, float64(now.UnixMilli())/1000
	if len(authorization) > 8199 || parts == nil || !read(parts[1], &h) || !read(parts[2], &c) {
		return 401
	}
	signature, err := b64.DecodeString(parts[3]) // strict: one spelling only
	g, isOwned := c.Gen, c.Sub != c.Did
	if err != nil || h.Alg != "EdDSA" || h.Typ != "at+jwt" || h.Kid == "" || len(h.Jku)+len(h.Jwk)+len(h.X5u)+len(h.X5c)+len(h.Crit)+len(h.B64) > 0 ||
		c.Iss != l.Issuer || c.Aud != l.Audience || !isID(c.Org) || !isID(c.Sub) || !isID(c.Did) || !isID(c.Fam) || c.ClientID != c.Did || c.Jti == "" ||
		c.Scope == nil || !isScopes(*c.Scope) || c.Iat == nil || c.Exp == nil || *c.Iat < 0 || *c.Exp <= *c.Iat || *c.Exp-*c.Iat > l.MaxTTLS ||
		c.Nbf != nil && *c.Nbf > *c.Iat || *c.Exp <= s || *c.Iat > s+float64(l.SkewMs)/1000 ||
		g.O == nil || g.U == nil || g.D == nil || g.F == nil || min(*g.O, *g.U, *g.D, *g.F) < 0 || !isOwned && *g.U != 0 {
		return 401
	}
	key, isKnown := keys[h.Kid]
	_, isWithdrawn := v.least["kid/"+h.Kid]
	isRevoked := *g.O < v.least["org/"+c.Org] || isOwned && *g.U < v.least["user/"+c.Sub] || *g.D < v.least["device/"+c.Did] || *g.F < v.least["family/"+c.Fam]
	if isWithdrawn || isRevoked || isKnown && !ed25519.Verify(key, []byte(parts[1]+"."+parts[2]), signature) {
		return 401
	}
	if !isKnown || !v.Fresh(now) { // the key may come with the next JWKS
		return 503
	}
	return 200
}

// follow reads a view of its own, which counts from when it is fresh on. After a day (it only grows), or when it stays stale, it begins anew.
func follow() {
	mu.Lock()
	own, l, begun := &View{&lease, map[string]int64{}, map[string]bool{}, map[int64]*chain{}, false}, lease, time.Now()
	mu.Unlock()
	sought := begun.UnixMilli() - l.WindowS*1000 - l.StalenessMs - 2*l.SkewMs - 5000
	start := kgo.NewOffset().AfterMilli(sought)
	kafka, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(os.Getenv("KAFKA_BROKERS"), ",")...), kgo.ConsumeTopics(l.Kafka.Topics.Revocations), kgo.ConsumeStartOffset(start), kgo.ConsumeResetOffset(start))
	if err != nil {
		log.Fatal(err)
	}
	for lastFresh := begun; time.Since(begun) < 24*time.Hour && time.Since(lastFresh) < time.Minute; {
		fetches := kafka.PollFetches(context.Background())
		mu.Lock()
		now := time.Now()
		fetches.EachRecord(func(r *kgo.Record) {
			p, headers := int64(r.Partition), map[string]string{}
			if own.chains[p] == nil { // what came before its first message may have been deleted
				own.chains[p] = &chain{sought: max(sought, r.Timestamp.UnixMilli()), head: -1, digests: map[int64]string{}, missing: map[string]int64{}}
			}
			for _, h := range r.Headers {
				headers[h.Key] = string(h.Value)
			}
			if !own.Take(p, headers, r.Value, now) {
				log.Printf("not believed: partition %d, offset %d", p, r.Offset)
			}
		})
		if own.Fresh(now) {
			view, lastFresh = own, now
		}
		mu.Unlock()
	}
	kafka.Close()
	go follow()
}

func authz(w http.ResponseWriter, r *http.Request) {
	mu.Lock()
	status := view.Check(strings.Join(r.Header["Authorization"], " and "), tokens, time.Now())
	mu.Unlock()
	maps.Copy(w.Header(), refusals[status])
	w.WriteHeader(status)
}

func ask(ctx context.Context, method, url, key, body string, answer any) bool {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header = http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}}
	response, err := client.Do(request)
	if err == nil && answer != nil {
		defer response.Body.Close()
		err = json.NewDecoder(response.Body).Decode(answer)
	}
	if err != nil || response.StatusCode/100 != 2 {
		log.Printf("%s %s is not answered: %v", method, url, err)
		return false
	}
	return true
}

func main() {
	key, _, _ := ed25519.GenerateKey(nil)
	boot := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rand.Uint32(), rand.N(1<<16), rand.N(1<<12), rand.N(1<<12), rand.N(1<<48))
	request := fmt.Sprintf(`{"boot":%q,"version":"1.0.0","policy":"strict","public_key":{"kty":"OKP","crv":"Ed25519","kid":"receipts","x":%q}}`, boot, b64.EncodeToString(key))
	ended, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	for ended.Err() == nil {
		next, keys := Lease{}, Keys{}
		if ask(ended, "PUT", os.Getenv("OFFSWITCH_URL")+"/v1/gateways/self/lease", os.Getenv("OFFSWITCH_GATEWAY_KEY"), request, &next) && ask(ended, "GET", next.JwksURL, "", "", &keys) {
			mu.Lock()          // without a lease the view grows stale by itself
			if tokens == nil { // the first lease
				go follow()
				go func() { log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), http.HandlerFunc(authz))) }()
			}
			lease, tokens = next, keys
			mu.Unlock()
		}
		pause, cancel := context.WithTimeout(ended, time.Duration(max(lease.StalenessMs/3, 1000))*time.Millisecond)
		<-pause.Done()
		cancel()
	}
	mu.Lock() // for good: from here on it decides nothing, and says so
	ask(context.Background(), "DELETE", os.Getenv("OFFSWITCH_URL")+"/v1/gateways/self/lease/"+boot, os.Getenv("OFFSWITCH_GATEWAY_KEY"), "", nil)
}
