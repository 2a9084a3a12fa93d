package assertion_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
	"github.com/go-jose/go-jose/v4"
)

// ask asks a handler, with one header perhaps.
func ask(t *testing.T, h http.Handler, method string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/easyauth/.well-known/jwks.json", http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestJWKSShowsAllKeysAndNoSecret(t *testing.T) {
	keys := []*ecdsa.PrivateKey{newKey(t), newKey(t), newKey(t), newKey(t)}
	s := newSigner(t, assertion.Config{Keys: newKeys(t, keys...)})
	w := ask(t, s.JWKS(), http.MethodGet)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/jwk-set+json" ||
		w.Header().Get("Cache-Control") != fmt.Sprintf("public, max-age=%.0f", assertion.KeySetAge.Seconds()) {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	var raw struct{ Keys []map[string]any }
	if err := json.Unmarshal(w.Body.Bytes(), &raw); err != nil || len(raw.Keys) != len(keys) {
		t.Fatalf("%v: %s", err, w.Body)
	}
	for i, jwk := range raw.Keys {
		if len(jwk) != 7 { // no d, and nothing else that was not thought of
			t.Errorf("key %d has other members: %v", i+1, jwk)
		}
		want := map[string]string{"kid": thumbprint(t, keys[i]), "use": "sig", "alg": "ES256", "kty": "EC", "crv": "P-256"}
		for member, value := range want {
			if jwk[member] != value {
				t.Errorf("key %d: %s is %v, want %q", i+1, member, jwk[member], value)
			}
		}
		for _, member := range []string{"x", "y"} {
			if text, is := jwk[member].(string); !is || len(text) != 43 { // 32 bytes, leading zeros too
				t.Errorf("key %d: %s is %v", i+1, member, jwk[member])
			}
		}
		for _, member := range []string{"d", "k", "p", "q", "oth"} {
			if _, is := jwk[member]; is {
				t.Errorf("key %d has the private member %s", i+1, member)
			}
		}
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	for i, jwk := range set.Keys {
		if key, is := jwk.Key.(*ecdsa.PublicKey); !is || !key.Equal(keys[i].Public()) || !jwk.IsPublic() || !jwk.Valid() {
			t.Errorf("key %d is another", i+1)
		}
	}
}

func TestJWKSRequests(t *testing.T) {
	keys := newKeys(t, newKey(t))
	s := newSigner(t, assertion.Config{Keys: keys})
	h := s.JWKS()
	first := ask(t, h, http.MethodGet)
	body, tag := first.Body.String(), first.Header().Get("ETag")
	if len(tag) < 10 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		t.Fatalf("the ETag is %q", tag)
	}
	for _, tt := range []struct {
		name, method string
		header       []string
		code         int
		body         string
	}{
		{"again", http.MethodGet, nil, 200, body},
		{"known", http.MethodGet, []string{"If-None-Match", tag}, 304, ""},
		{"known, one of several", http.MethodGet, []string{"If-None-Match", `"x", ` + tag}, 304, ""},
		{"known, as a weak one", http.MethodGet, []string{"If-None-Match", "W/" + tag}, 304, ""},
		{"any", http.MethodGet, []string{"If-None-Match", "*"}, 304, ""},
		{"another", http.MethodGet, []string{"If-None-Match", `"x"`}, 200, body},
		{"without quotes", http.MethodGet, []string{"If-None-Match", strings.Trim(tag, `"`)}, 200, body},
		{"HEAD", http.MethodHead, nil, 200, ""},
		{"HEAD, known", http.MethodHead, []string{"If-None-Match", tag}, 304, ""},
		{"POST", http.MethodPost, nil, 405, "Method Not Allowed\n"},
		{"OPTIONS", http.MethodOptions, nil, 405, "Method Not Allowed\n"},
		{"a method of nobody's", "BREW", nil, 405, "Method Not Allowed\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(t, h, tt.method, tt.header...)
			if w.Code != tt.code || w.Body.String() != tt.body {
				t.Errorf("%d %q; want %d %q", w.Code, w.Body, tt.code, tt.body)
			}
			cached := w.Header().Get("ETag") == tag && strings.HasPrefix(w.Header().Get("Cache-Control"), "public, ")
			if cached != (tt.code != 405) || (w.Header().Get("Allow") == "GET, HEAD") != (tt.code == 405) {
				t.Errorf("headers %v", w.Header())
			}
			if tt.method == http.MethodHead && tt.code == 200 && w.Header().Get("Content-Length") != fmt.Sprint(len(body)) {
				t.Errorf("headers %v", w.Header())
			}
		})
	}

	if err := keys.Replace([]*ecdsa.PrivateKey{newKey(t)}); err != nil {
		t.Fatal(err)
	}
	if w := ask(t, h, http.MethodGet, "If-None-Match", tag); w.Code != 200 || w.Body.String() == body || w.Header().Get("ETag") == tag {
		t.Errorf("after Replace: %d %s %v", w.Code, w.Body, w.Header())
	}
}
