package entra

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// swapKey puts another key under the id of the first without a fetch: whatever
// is accepted after it was not verified again.
func swapKey(rp *RelyingParty) {
	keys := keysOf(rp)
	keys.mu.Lock()
	defer keys.mu.Unlock()
	keys.keys = []signingKey{{id: "k1", key: otherRSA().Public()}}
}

func TestBearerCacheHit(t *testing.T) {
	c := bearerCall()
	rp := c.party(t)
	h := c.sends()
	first := rp.Bearer(t.Context(), h)
	if first.Identity == nil || first.Cached {
		t.Fatalf("first: %+v", first)
	}
	if first.Key != sha256.Sum256([]byte(strings.TrimPrefix(h.Get("Authorization"), "Bearer "))) {
		t.Error("the key is not the token's hash")
	}
	swapKey(rp)
	second := rp.Bearer(t.Context(), h)
	if second.Identity != first.Identity || !second.Cached || second.Key != first.Key || !second.Expires.Equal(first.Expires) || !second.Claimed {
		t.Errorf("second: %+v", second)
	}
	c.claims["jti"] = "another token"
	if r := rp.Bearer(t.Context(), c.sends()); r.Identity != nil { // the swap works: this one is verified
		t.Errorf("another token: %+v", r)
	}
	for name, line := range map[string]string{
		"two blanks": strings.Replace(h.Get("Authorization"), " ", "  ", 1),
		"a comma":    h.Get("Authorization") + ",",
		"cut":        h.Get("Authorization")[:len(h.Get("Authorization"))-1],
	} {
		if r := rp.Bearer(t.Context(), http.Header{"Authorization": {line}}); r.Identity != nil || r.Cached || !r.Claimed {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestBearerCacheOfTimes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		advance time.Duration
		want    access.Reason
	}{
		{"at once", 0, ""},
		{"just before the end", time.Hour + 59*time.Second, ""},
		{"at the end, leeway included", time.Hour + time.Minute, access.ReasonBearerExpired},
		{"long after the end", 48 * time.Hour, access.ReasonBearerExpired},
		{"the clock goes back a little", -time.Minute, ""},
		{"the clock goes back", -time.Minute - time.Second, access.ReasonBearerExpired},
	} {
		c := bearerCall()
		rp := c.party(t)
		h := c.sends()
		if r := rp.Bearer(t.Context(), h); r.Identity == nil {
			t.Fatalf("%s: %v", tt.name, r.Err)
		}
		c.clock.Advance(tt.advance)
		r := rp.Bearer(t.Context(), h)
		if r.Reason != tt.want || r.Cached != (tt.want == "") || (r.Identity != nil) != r.Cached {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
}

// A key that the provider withdraws takes the tokens with it that it signed, and
// those that are remembered too.
func TestBearerCacheOfWithdrawnKey(t *testing.T) {
	c := bearerCall()
	rp := c.party(t)
	h := c.sends()
	check := func(when string, want access.Reason) {
		t.Helper()
		if r := rp.Bearer(t.Context(), h); r.Reason != want || (r.Identity != nil) != (want == "") {
			t.Errorf("%s: %+v", when, r)
		}
	}
	check("first", "")
	published(public(otherRSA().Public(), "k2"))(c.attempt)
	check("withdrawn, and not known here yet", "")
	if err := keysOf(rp).refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("withdrawn", access.ReasonBearerInvalid)
	published(public(rsaKey().Public(), "k1"))(c.attempt)
	if err := keysOf(rp).refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("back again", "")
	c.claims["exp"] = startTime.Add(48 * time.Hour).Unix()
	h = c.sends()
	check("a long one", "")
	c.idp.set(func(f *fakeIDP) { f.answer = refusedConnection })
	c.clock.Advance(keyMaxAge + time.Second)
	check("the provider was away for a day", access.ReasonKeysUnknown)
}

func TestBearerCacheKeepsNothingElse(t *testing.T) {
	for name, edits := range map[string][]func(*call){
		"a refused one":   {set(map[string]any{"azp": nil})},
		"an unsigned one": {func(c *call) { c.key = otherRSA() }},
		"without a key id, which could not be withdrawn": {asPlain, edit(withHeader("kid", nil)), edit(published(public(rsaKey().Public(), "k1")))},
	} {
		c := bearerCall()
		all(edits...)(c)
		rp := c.party(t)
		for range 3 {
			if r := rp.Bearer(t.Context(), c.sends()); r.Cached || !r.Claimed {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if n := rp.verified.tokens.Len(); n != 0 {
			t.Errorf("%s: %d are kept", name, n)
		}
	}
}

// The cache holds what it was given at most, and what it says it holds is about
// what it takes.
func TestBearerCacheIsBounded(t *testing.T) {
	const size = 1 << 20
	c := bearerCall()
	c.cfg.CacheBytes = size
	groups := make([]string, 150)
	for i := range groups {
		groups[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	}
	c.claims["groups"], c.claims["extension"] = groups, []string{"a", "b"}
	rp := c.party(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const tokens = 200
	kept := make([]*verifiedToken, 0, tokens)
	for i := range tokens {
		c.claims["jti"] = i
		r := rp.Bearer(t.Context(), c.sends())
		if r.Identity == nil {
			t.Fatal(r.Err)
		}
		if got := rp.verified.tokens.Bytes(); got > size {
			t.Fatalf("%d bytes", got)
		}
		kept = append(kept, &verifiedToken{identity: r.Identity})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	counted := 0
	for _, k := range kept {
		counted += k.size()
	}
	if n := rp.verified.tokens.Len(); n < 20 || n >= tokens {
		t.Errorf("%d of %d tokens are kept", n, tokens)
	}
	taken := int(after.HeapAlloc) - int(before.HeapAlloc) //nolint:gosec // a heap of megabytes
	t.Logf("%d bytes are counted, and %d are taken", counted, taken)
	if taken > counted {
		t.Error("more is taken than is counted")
	}
	runtime.KeepAlive(rp)
}
