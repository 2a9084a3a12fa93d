package entra

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func verifyRSA(t *testing.T, rp *RelyingParty, key *rsa.PrivateKey, kid string) error {
	t.Helper()
	_, err := rp.Verify(t.Context(), secret.New(sign(t, jose.RS256, key, kid, goodClaims())), testNonce, testAccess)
	return err
}

func TestUnknownKidsFetchOncePerCoolDown(t *testing.T) {
	c, idp := newClock(), newIDP(public(rsaKey().Public(), "k1"))
	rp := ready(t, testConfig(idp, c.Now))
	start := idp.count("/keys")
	flood := func() {
		var wg sync.WaitGroup
		for i := range 20 {
			token := sign(t, jose.RS256, otherRSA(), fmt.Sprintf("made-up-%d", i), goodClaims())
			wg.Go(func() {
				if _, err := rp.Verify(t.Context(), secret.New(token), testNonce, testAccess); reasonOf(t, err) != ReasonToken {
					t.Errorf("unknown kid: %v", err)
				}
			})
		}
		wg.Wait()
	}
	flood()
	if n := idp.count("/keys") - start; n != 0 {
		t.Errorf("%d fetches within the cool-down of the first fetch, want 0", n)
	}
	for i := range 3 {
		c.Advance(keyCoolDown)
		flood()
		if n := idp.count("/keys") - start; n != i+1 {
			t.Errorf("after %d cool-downs: %d fetches, want %d", i+1, n, i+1)
		}
	}
}

func TestKnownKidNeverFetches(t *testing.T) {
	c, idp := newClock(), newIDP(public(rsaKey().Public(), "k1"), public(ecKey().Public(), "e1"))
	rp := ready(t, testConfig(idp, c.Now))
	c.Advance(2 * keyCoolDown)
	start := idp.count("/keys")
	for range 50 {
		if err := verifyRSA(t, rp, otherRSA(), "k1"); reasonOf(t, err) != ReasonToken {
			t.Fatalf("bad signature: %v", err)
		}
	}
	if err := verifyRSA(t, rp, rsaKey(), "e1"); reasonOf(t, err) != ReasonToken {
		t.Errorf("RS256 by the name of an EC key: %v", err)
	}
	if err := verifyRSA(t, rp, rsaKey(), ""); reasonOf(t, err) != ReasonToken {
		t.Errorf("no kid: %v", err)
	}
	if err := verifyRSA(t, rp, rsaKey(), "k1"); err != nil {
		t.Errorf("the right key: %v", err)
	}
	if n := idp.count("/keys") - start; n != 0 {
		t.Errorf("%d fetches, want 0", n)
	}
}

func TestKeyOfOneAlgorithm(t *testing.T) {
	key := public(rsaKey().Public(), "k1")
	key.Algorithm = "RS256"
	idp := newIDP(key)
	idp.metadata["id_token_signing_alg_values_supported"] = []string{"RS256", "RS512"}
	rp := ready(t, testConfig(idp, newClock().Now))
	for alg, want := range map[jose.SignatureAlgorithm]Reason{jose.RS256: "", jose.RS512: ReasonToken} {
		token := secret.New(sign(t, alg, rsaKey(), "k1", goodClaims()))
		if _, err := rp.Verify(t.Context(), token, testNonce, testAccess); reasonOf(t, err) != want {
			t.Errorf("%s with a key for RS256: %v, want %q", alg, err, want)
		}
	}
}

func TestKeyRotation(t *testing.T) {
	c, idp := newClock(), newIDP(public(rsaKey().Public(), "k1"))
	rp := ready(t, testConfig(idp, c.Now))
	idp.set(func(f *fakeIDP) { f.keys = []jose.JSONWebKey{public(otherRSA().Public(), "k2")} })
	c.Advance(keyCoolDown)
	if err := verifyRSA(t, rp, otherRSA(), "k2"); err != nil {
		t.Errorf("new key: %v", err)
	}
	if err := verifyRSA(t, rp, rsaKey(), "k1"); reasonOf(t, err) != ReasonToken {
		t.Errorf("withdrawn key: %v", err)
	}
}

func TestFailedRefetchKeepsKeysForADay(t *testing.T) {
	down := func(*http.Request) (*http.Response, error) { return reply(http.StatusInternalServerError, "down"), nil }
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"500":     down,
		"garbage": func(*http.Request) (*http.Response, error) { return reply(http.StatusOK, "{{{"), nil },
		"no keys": func(*http.Request) (*http.Response, error) { return reply(http.StatusOK, `{"keys":[]}`), nil },
		"huge": func(*http.Request) (*http.Response, error) {
			return reply(http.StatusOK, strings.Repeat(" ", maxKeySet+1)), nil
		},
		"refused":  func(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed },
		"redirect": func(*http.Request) (*http.Response, error) { return reply(http.StatusFound, ""), nil },
	} {
		t.Run(name, func(t *testing.T) {
			c, idp := newClock(), newIDP(public(rsaKey().Public(), "k1"))
			rp := ready(t, testConfig(idp, c.Now))
			idp.set(func(f *fakeIDP) { f.answer = answer })
			c.Advance(keyCoolDown)
			if err := verifyRSA(t, rp, otherRSA(), "k2"); err == nil || reasonOf(t, err) == ReasonToken {
				t.Errorf("unknown kid while keys cannot be read: %v, want that it could not be told", err)
			}
			keys := keysOf(rp)
			if c.Advance(keyMaxAge - keyCoolDown); len(keys.current()) != 1 {
				t.Error("keys were dropped within a day")
			}
			if c.Advance(time.Second); len(keys.current()) != 0 {
				t.Error("keys were kept for more than a day")
			}
			idp.set(func(f *fakeIDP) { f.answer = nil })
			claims := goodClaims()
			for name, d := range map[string]time.Duration{"iat": 0, "nbf": 0, "exp": time.Hour} {
				claims[name] = c.Now().Add(d).Unix()
			}
			token := secret.New(sign(t, jose.RS256, rsaKey(), "k1", claims))
			if _, err := rp.Verify(t.Context(), token, testNonce, testAccess); err != nil {
				t.Errorf("after recovery: %v", err)
			}
		})
	}
}

func TestOneFetchInFlight(t *testing.T) {
	c, idp := newClock(), newIDP(public(rsaKey().Public(), "k1"))
	rp := ready(t, testConfig(idp, c.Now))
	gate := make(chan struct{})
	idp.set(func(f *fakeIDP) {
		f.keys = append(f.keys, public(otherRSA().Public(), "k2"))
		f.answer = func(*http.Request) (*http.Response, error) { <-gate; return nil, nil } //nolint:nilnil // the usual answer
	})
	c.Advance(keyCoolDown)
	start := idp.count("/keys")
	token := secret.New(sign(t, jose.RS256, otherRSA(), "k2", goodClaims()))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := rp.Verify(t.Context(), token, testNonce, testAccess); err != nil {
				t.Errorf("new key: %v", err)
			}
		})
	}
	if _, err := rp.Verify(canceled(), token, testNonce, testAccess); reasonOf(t, err) != ReasonUnavailable {
		t.Errorf("a caller that went away: %v", err)
	}
	close(gate)
	wg.Wait()
	if n := idp.count("/keys") - start; n != 1 {
		t.Errorf("%d fetches for 21 callers, want 1", n)
	}
}

func TestParseKeySet(t *testing.T) {
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	set := func(edit func(map[string]any), keys ...jose.JSONWebKey) string {
		var list []any
		for _, k := range keys {
			m := map[string]any{}
			if err := json.Unmarshal(must(json.Marshal(k)), &m); err != nil {
				t.Fatal(err)
			}
			edit(m)
			list = append(list, m)
		}
		return string(must(json.Marshal(map[string]any{"keys": list})))
	}
	same := func(map[string]any) {}
	with := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	good := public(rsaKey().Public(), "k")
	var many []jose.JSONWebKey
	for i := range maxKeys + 10 {
		many = append(many, public(rsaKey().Public(), fmt.Sprint(i)))
	}
	tests := []struct {
		name string
		body string
		want int
	}{
		{"RSA", set(same, good), 1},
		{"EC", set(same, public(ecKey().Public(), "e")), 1},
		{"EC P-384", set(same, public(p384.Public(), "e")), 1},
		{"RSA and EC", set(same, good, public(ecKey().Public(), "e")), 2},
		{"without use", set(func(m map[string]any) { delete(m, "use") }, good), 1},
		{"for encryption", set(with("use", "enc"), good), 0},
		{"odd use", set(with("use", []string{"sig"}), good), 0},
		{"RSA of 1024 bits", set(same, public(smallRSA().Public(), "k")), 0},
		{"Ed25519", set(same, public(edPublic, "o")), 0},
		{"symmetric", `{"keys":[{"kty":"oct","kid":"k","k":"c2VjcmV0"}]}`, 0},
		{"private half", set(same, jose.JSONWebKey{Key: rsaKey(), KeyID: "k", Use: "sig"}), 0},
		{"certificate that is none", set(with("x5c", []string{"AAAA"}), good), 1},
		{"modulus that is none", set(with("n", "!"), good), 0},
		{"kty of another case", strings.Replace(set(same, good), `"kty"`, `"KTY"`, 1), 0},
		{"one bad key beside a good one", `{"keys":[5,` + strings.TrimPrefix(set(same, good), `{"keys":[`), 1},
		{"too many", set(same, many...), maxKeys},
		{"no keys", `{"keys":[]}`, 0},
		{"keys is no array", `{"keys":{}}`, 0},
		{"no set", `[]`, 0},
		{"not JSON", `<html>`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := parseKeySet([]byte(tt.body))
			if len(keys) != tt.want || (err == nil) != (tt.want > 0) {
				t.Errorf("%d keys, error %v; want %d", len(keys), err, tt.want)
			}
		})
	}
}

func TestKeyFits(t *testing.T) {
	rsaAny, ecAny := signingKey{key: &rsaKey().PublicKey}, signingKey{key: &ecKey().PublicKey}
	rsaOne := signingKey{key: &rsaKey().PublicKey, alg: "RS256"}
	for _, tt := range []struct {
		key  signingKey
		alg  string
		want bool
	}{
		{rsaAny, "RS256", true},
		{rsaAny, "PS512", true},
		{rsaAny, "ES256", false},
		{ecAny, "ES256", true},
		{ecAny, "ES384", false},
		{ecAny, "RS256", false},
		{rsaOne, "RS256", true},
		{rsaOne, "RS512", false},
	} {
		if got := tt.key.fits(tt.alg); got != tt.want {
			t.Errorf("%T alg %q fits %s: %v, want %v", tt.key.key, tt.key.alg, tt.alg, got, tt.want)
		}
	}
}

func TestHasNeverFetches(t *testing.T) {
	c, idp := newClock(), newIDP(public(rsaKey().Public(), "k1"))
	keys := keysOf(ready(t, testConfig(idp, c.Now)))
	before := idp.count("/keys")
	for id, want := range map[string]bool{"k1": true, "K1": false, "k2": false, "": false} {
		if got := keys.has(id); got != want {
			t.Errorf("has %q: %v", id, got)
		}
	}
	if c.Advance(keyMaxAge + time.Second); keys.has("k1") {
		t.Error("a key is still believed a day after the last good fetch")
	}
	if n := idp.count("/keys") - before; n != 0 {
		t.Errorf("%d fetches", n)
	}
}

// The words of a refusal say which token it is about.
func TestKeysNameTheToken(t *testing.T) {
	keys := keysOf(ready(t, testConfig(newIDP(public(rsaKey().Public(), "k1")), newClock().Now)))
	for name, token := range map[string]string{
		"garbage":     "garbage",
		"a line end":  sign(t, jose.RS256, rsaKey(), "k1", goodClaims()) + "\n",
		"no kid":      sign(t, jose.RS256, rsaKey(), "", goodClaims()),
		"another key": sign(t, jose.RS256, otherRSA(), "k1", goodClaims()),
		"unknown kid": sign(t, jose.RS256, otherRSA(), "k9", goodClaims()),
	} {
		if _, err := keys.verify(t.Context(), "access token", token, []string{"RS256"}); reasonOf(t, err) != ReasonToken || !strings.Contains(err.Error(), ": access token: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	token, err := keys.verify(t.Context(), "access token", rs256(map[string]any{"alg": "RS256", "kid": "k1", "typ": "AT+jwt"}, []byte("{}"), rsaKey()), []string{"RS256"})
	if err != nil || token.kid != "k1" || token.alg != "RS256" || token.typ != "at+jwt" || string(token.payload) != "{}" {
		t.Errorf("%+v, %v", token, err)
	}
}

// A panic at any read of the clock ends neither the process nor the fetches after it.
func TestKeysWithABrokenClock(t *testing.T) {
	c, idp := newClock(), newIDP(public(rsaKey().Public(), "k1"))
	keys := keysOf(ready(t, testConfig(idp, c.Now)))
	refresh := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		return keys.refresh(t.Context())
	}
	for _, breaks := range []int32{1, 2} { // the caller's, and the one of the fetch
		var reads atomic.Int32
		keys.now = func() time.Time {
			if reads.Add(1) == breaks {
				panic("the clock is broken")
			}
			return c.Now()
		}
		if err := refresh(); err == nil || !strings.Contains(err.Error(), "panic") {
			t.Errorf("read %d: %v", breaks, err)
		}
		if err := refresh(); err != nil {
			t.Errorf("after read %d: %v", breaks, err)
		}
	}
}
