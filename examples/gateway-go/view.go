package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

var b64 = base64.RawURLEncoding.Strict()

type Message struct {
	Type, Kid, Sig string
	Value          []byte
}

// Content has the members of records and of watermarks.
type Content struct {
	V                                           int
	Org, Scope, Subject, Installation, Topic, T string
	Generation, Partition, Partitions, Seq      *int64
	NotBefore                                   *int64 `json:"not_before"`
	RevokedAt                                   string `json:"revoked_at"`
	Epoch                                       int64
	Prev                                        *string
	More                                        *bool
	Covers, Repair, Kids                        []string
}

type part struct {
	t    int64
	more bool
	need []string
}

// chain is one partition, read from the time that was sought on. Head -1: no anchor yet.
type chain struct {
	sought, anchor, head, epoch, reached int64
	reachedAt                            time.Time
	digests                              map[int64]string
	open                                 []part
	broken, future                       bool
}

type entry struct{ least, at int64 }

type View struct {
	lease   Lease
	least   map[string]entry // by scope/subject
	applied map[string]int64 // by digest
	kids    map[string]bool
	chains  []*chain
	unread  int64 // when a message of a later version came
}

func NewView(lease Lease) *View {
	return &View{lease, map[string]entry{}, map[string]int64{}, map[string]bool{}, make([]*chain, lease.Partitions), 0}
}

func (v *View) Restart(p int, sought int64) {
	v.chains[p] = &chain{sought: sought, head: -1, digests: map[int64]string{}}
}

func millis(text string) (int64, bool) {
	t, err := time.Parse("2006-01-02T15:04:05.000Z", text)
	return t.UnixMilli(), err == nil
}

// Take applies one message of a partition; false when it is not believed.
func (v *View) Take(p int, m Message, now time.Time) bool {
	signature, err := b64.DecodeString(m.Sig)
	key, isKnown := v.lease.keys[m.Kid]
	signed := func(version int) bool {
		text := append(fmt.Appendf(nil, "offswitch:%s:v%d\n", m.Type, version), m.Value...)
		return isKnown && len(signature) == 64 && ed25519.Verify(key, text, signature)
	}
	var c Content
	malformed := json.Unmarshal(m.Value, &c) != nil
	if ours := m.Type == "revocation" || m.Type == "watermark"; ours && c.V > 1 && (signed(1) || signed(c.V)) {
		v.unread = now.UnixMilli()
	}
	if err != nil || malformed || c.V != 1 || !signed(1) {
		return false
	}
	sum := sha256.Sum256(m.Value)
	name := b64.EncodeToString(sum[:])
	switch m.Type {
	case "revocation":
		return v.record(c, name, now)
	case "watermark":
		return v.watermark(p, c, name, now)
	}
	return false
}

func (v *View) record(c Content, name string, now time.Time) bool {
	at, isTime := millis(c.RevokedAt)
	number, other, known := c.Generation, c.NotBefore, map[string]bool{"org": true, "user": true, "device": true, "family": true}
	if c.Scope == "kid" || c.Scope == "ext" {
		number, other, known[c.Scope] = other, number, true
	}
	if !isTime || !known[c.Scope] || c.Org == "" || (c.Org == "*") != (c.Scope == "kid") || c.Subject == "" || other != nil || number == nil || *number < 0 {
		return false
	}
	if c.Scope == "kid" {
		v.kids[c.Subject] = true
	} else {
		key := c.Scope + "/" + c.Subject
		v.least[key] = entry{max(*number, v.least[key].least), max(at, v.least[key].at)}
	}
	v.applied[name] = at
	for _, chain := range v.chains {
		v.complete(chain, now)
	}
	return true
}

func (v *View) watermark(p int, w Content, name string, now time.Time) bool {
	t, isTime := millis(w.T)
	c, l := v.chains[p], v.lease
	if !isTime || w.More == nil || w.Seq == nil || (*w.Seq == 0) != (w.Prev == nil) || w.Partition == nil || w.Partitions == nil ||
		w.Installation != l.Installation || w.Topic != l.Kafka.Topics.Revocations || *w.Partition != int64(p) || *w.Partitions > l.Partitions {
		return false
	}
	for _, kid := range w.Kids {
		v.kids[kid] = true
	}
	seq, need := *w.Seq, append(w.Covers, w.Repair...)
	_, isLinked := c.digests[seq]
	switch {
	case c.head < 0 && seq != 0 && (*w.More || t <= c.sought+l.SkewMs):
		return true // too early for an anchor
	case c.head < 0:
		if c.anchor, need = t, nil; seq == 0 {
			c.anchor = math.MinInt64
		}
	case c.digests[seq] == name || w.Epoch < c.epoch:
		return true // a repeat, or an epoch that is over
	case w.Prev != nil && c.digests[seq-1] == *w.Prev && (seq == c.head+1 || w.Epoch > c.epoch):
		for ; c.head >= seq; c.head-- { // a higher epoch takes over
			delete(c.digests, c.head)
			c.open = c.open[:max(len(c.open)-1, 0)]
		}
	default:
		c.broken = c.broken || isLinked || seq > c.head // a gap or a fork
		return true
	}
	c.head, c.epoch, c.digests[seq] = seq, w.Epoch, name
	delete(c.digests, seq-1024)
	c.open = append(c.open, part{t, *w.More, need})
	v.complete(c, now)
	return true
}

func (v *View) complete(c *chain, now time.Time) {
	for ; len(c.open) > 0; c.open = c.open[1:] {
		first := &c.open[0]
		for ; len(first.need) > 0; first.need = first.need[1:] {
			if _, isApplied := v.applied[first.need[0]]; !isApplied {
				return
			}
		}
		if !first.more {
			c.reached, c.reachedAt, c.future = first.t, now, first.t > now.UnixMilli()+v.lease.SkewMs
		}
	}
}

// Fresh says whether a strict gateway may decide.
func (v *View) Fresh(now time.Time) bool {
	if v.unread > 0 {
		return false
	}
	epoch, ready := v.lease.Epoch, now.UnixMilli()-v.lease.WindowS*1000-v.lease.StalenessMs
	for _, c := range v.chains {
		if c == nil || c.head < 0 || c.anchor >= ready || c.broken || c.future || len(c.open) > 0 {
			return false
		}
		wall := now.UnixMilli() - c.reached
		monotonic := now.Sub(c.reachedAt).Milliseconds() + c.reachedAt.UnixMilli() - c.reached
		if v.lease.SkewMs+max(wall, monotonic) > v.lease.StalenessMs {
			return false
		}
		epoch = max(epoch, c.epoch)
	}
	for _, c := range v.chains {
		if c.epoch < epoch {
			return false
		}
	}
	return true
}

// Forget drops what can refuse no token that has not expired, by the database's clock.
func (v *View) Forget() {
	before := int64(math.MaxInt64)
	for _, c := range v.chains {
		before = min(before, c.reached-v.lease.WindowS*1000)
	}
	if v.unread < before {
		v.unread = 0
	}
	for key, e := range v.least {
		if e.at < before {
			delete(v.least, key)
		}
	}
	for name, at := range v.applied {
		if at < before {
			delete(v.applied, name)
		}
	}
}
