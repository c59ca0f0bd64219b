package main

import (
	"crypto/ed25519"
	"encoding/json"
	"regexp"
	"time"
)

type Claims struct {
	Iss, Aud, Sub, Did, Org, Fam, Jti string
	ClientID                          string `json:"client_id"`
	Scope                             *string
	Iat, Exp, Nbf                     *float64
	Gen                               struct{ O, U, D, F *int64 }
}

var (
	compact = regexp.MustCompile(`^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$`)
	isID    = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString
	isScope = regexp.MustCompile(`^([!#-\[\]-~]+( [!#-\[\]-~]+)*)?$`).MatchString
)

func read(text string, into any) bool {
	value, err := b64.DecodeString(text)
	return err == nil && json.Unmarshal(value, into) == nil
}

// Check says allow, deny, unsure, or unknown for a key that is not in the JWKS.
func (v *View) Check(token string, keys Keys, now time.Time) (verdict string, c Claims) {
	parts := compact.FindStringSubmatch(token)
	head := map[string]any{}
	if len(token) > 8192 || parts == nil || !read(parts[1], &head) || !read(parts[2], &c) {
		return "deny", c
	}
	for _, name := range []string{"jku", "jwk", "x5u", "x5c", "crit", "b64"} {
		if _, isThere := head[name]; isThere {
			return "deny", c
		}
	}
	kid, _ := head["kid"].(string)
	signature, err := b64.DecodeString(parts[3]) // strict: one spelling only
	l, s := v.lease, float64(now.UnixMilli())/1000
	if err != nil || head["alg"] != "EdDSA" || head["typ"] != "at+jwt" || kid == "" || c.Iss != l.Issuer || c.Aud != l.Audience ||
		!isID(c.Org) || !isID(c.Sub) || !isID(c.Did) || !isID(c.Fam) || c.ClientID != c.Did || c.Jti == "" || c.Scope == nil || !isScope(*c.Scope) ||
		c.Iat == nil || c.Exp == nil || *c.Iat < 0 || *c.Exp <= *c.Iat || *c.Exp-*c.Iat > l.MaxTTLS || c.Nbf != nil && *c.Nbf > *c.Iat {
		return "deny", c
	}
	generations := map[string]*int64{"org/" + c.Org: c.Gen.O, "user/" + c.Sub: c.Gen.U, "device/" + c.Did: c.Gen.D, "family/" + c.Fam: c.Gen.F}
	for _, generation := range generations {
		if generation == nil || *generation < 0 {
			return "deny", c
		}
	}
	if c.Sub == c.Did { // nobody owns it
		if delete(generations, "user/"+c.Sub); *c.Gen.U != 0 {
			return "deny", c
		}
	}
	if *c.Exp <= s || *c.Iat > s+float64(l.SkewMs)/1000 || v.kids[kid] {
		return "deny", c
	}
	key, isKnown := keys[kid]
	if !isKnown {
		return "unknown", c
	}
	if !ed25519.Verify(key, []byte(parts[1]+"."+parts[2]), signature) {
		return "deny", c
	}
	for subject, generation := range generations {
		if *generation < v.least[subject].least {
			return "deny", c
		}
	}
	if !v.Fresh(now) {
		return "unsure", c
	}
	return "allow", c
}
