package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// keysPause is what lies between two fetches of keys that unknown key ids cause.
const keysPause = time.Minute

// keysRead waits until EasyAuth has the provider's keys, by a token that passes.
func keysRead(t *testing.T, s *stand.Stand) *visitor {
	t.Helper()
	v := program(t, s)
	waitUntil(t, "the keys", func() bool { return v.call("/api/x", userToken(t, s, entra.Adele)).status == http.StatusOK })
	return v
}

// afterAPause calls until the answer is as wanted, for as long as a pause takes
// and something on top.
func afterAPause(t *testing.T, v *visitor, token, what string, done func(r *reply) bool) {
	t.Helper()
	for deadline := time.Now().Add(keysPause + patience); ; time.Sleep(200 * time.Millisecond) {
		r := v.call("/api/x", token)
		if done(r) {
			return
		}
		if r.status != http.StatusUnauthorized || time.Now().After(deadline) {
			t.Errorf("%s: %d %v", what, r.status, r.header["Www-Authenticate"])
			return
		}
	}
}

// A flood of tokens with unknown key ids makes one fetch a minute, no more; then
// a key that was made just before it signs is found, and the one it replaced goes.
// While the provider is away a token whose key is unknown is no bad token. Both
// wait for the same minute.
func TestBearerKeys(t *testing.T) {
	t.Parallel()
	s, away := start(t, withBearer()), start(t, withBearer())
	v, w := keysRead(t, s), keysRead(t, away)
	before := userToken(t, s, entra.Adele)
	began, keys := time.Now(), s.Entra.Requests(entra.EndpointKeys)
	flood(t, s, v)

	away.StopEntra()
	known := userToken(t, away, entra.Adele) // never seen before
	w.call("/api/x", known).tells(t, "a cached key", map[string]string{"oid": entra.AdeleOID})
	if r := w.call("/api/admin/x", known); r.status != http.StatusOK {
		t.Errorf("the provider is away: %d", r.status)
	}
	w.call("/api/x", faulty(away, entra.Faults{AccessToken: entra.WrongSignature}, func() string { return userToken(t, away, entra.Adele) })).refuses(t, "a wrong signature", "signature")
	away.Entra.RotateKeys()
	unknown := userToken(t, away, entra.Adele)

	s.Entra.RotateKeys()
	rotated := userToken(t, s, entra.Bob)
	afterAPause(t, v, rotated, "a key that was made just before", func(r *reply) bool { return r.status == http.StatusOK })
	minutes := int(time.Since(began)/keysPause) + 1
	if n := s.Entra.Requests(entra.EndpointKeys) - keys; n < 1 || n > minutes {
		t.Errorf("%d fetches of keys in %d minutes", n, minutes)
	}
	v.call("/api/x", before).tells(t, "the old key, still published", map[string]string{"oid": entra.AdeleOID})

	afterAPause(t, w, unknown, "an unknown key while the provider is away", func(r *reply) bool {
		return r.status == http.StatusUnauthorized && r.challenge(t)["error"] == ""
	})
	w.call("/api/x", known).tells(t, "a known key, still", map[string]string{"oid": entra.AdeleOID})
}

func flood(t *testing.T, s *stand.Stand, v *visitor) {
	t.Helper()
	var tokens []string
	for range 200 {
		tokens = append(tokens, faulty(s, entra.Faults{AccessToken: entra.UnknownKid}, func() string { return userToken(t, s, entra.Adele) }))
	}
	began, keys := time.Now(), s.Entra.Requests(entra.EndpointKeys)
	var wg sync.WaitGroup
	for part := range 8 {
		wg.Go(func() {
			for _, token := range tokens[part*25 : part*25+25] {
				if r, err := v.ask(http.MethodGet, "/api/x", bearing(token), ""); err != nil || r.status != http.StatusUnauthorized {
					t.Errorf("an unknown key: %+v %v", r, err)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Entra.Requests(entra.EndpointKeys) - keys; n > int(time.Since(began)/keysPause)+1 {
		t.Errorf("%d fetches of keys for 200 tokens", n)
	}
}

// Until the provider was found, and until its keys were, no token is called bad.
func TestAttack22BearerBeforeTheKeys(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	cfg.EntraStopped = true
	s := start(t, cfg)
	v := program(t, s)
	token, bad := userToken(t, s, entra.Adele), faulty(s, entra.Faults{AccessToken: entra.WrongSignature}, func() string { return userToken(t, s, entra.Adele) })
	unsure := func(when string) {
		t.Helper()
		for name, token := range map[string]string{"good": token, "bad": bad} {
			r := v.call("/api/x", token)
			if c := r.challenge(t); r.status != http.StatusUnauthorized || c["error"] != "" {
				t.Errorf("%s, a %s token: %d %v", when, name, r.status, c)
			}
			r = v.byScript("/data", bearing(token))
			if j := r.told(t); r.status != http.StatusServiceUnavailable || j.Error != "unsure" || r.header.Get("Retry-After") == "" {
				t.Errorf("%s, a %s token at login: %d %+v", when, name, r.status, j)
			}
		}
	}
	unsure("nothing found")
	s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointKeys: {Status: http.StatusServiceUnavailable}}})
	if err := s.StartEntra(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "discovery", func() bool { return newVisitor(t, s, "").get("/easyauth/login").status == http.StatusFound })
	unsure("no keys")
	s.Entra.ClearFaults()
	waitUntil(t, "the keys", func() bool { return v.call("/api/x", token).status == http.StatusOK })
	v.call("/api/x", bad).refuses(t, "with keys", "signature")
}
