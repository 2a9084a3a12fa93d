package entra

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// refreshing is a session that is refreshed at a provider that may misbehave.
type refreshing struct {
	*attempt
	refresh string
	scopes  []string
	person  access.Identity
	answer  map[string]any // of the token endpoint; its id_token is made of the attempt unless it has one
	noID    bool           // the answer has no ID token

	mu    sync.Mutex
	forms []url.Values // what the token endpoint was sent
}

// newRefreshing is a session that was signed in an hour ago.
func newRefreshing() *refreshing {
	r := &refreshing{
		attempt: newAttempt(), refresh: "old-refresh", scopes: []string{"openid", "profile", "email", "offline_access", "User.Read"},
		answer: map[string]any{"refresh_token": "new-refresh", "token_type": "Bearer", "expires_in": 3600, "scope": "openid profile email User.Read"},
	}
	delete(r.claims, "nonce")
	r.claims["auth_time"] = startTime.Add(-time.Hour).Unix()
	r.person = r.told()
	return r
}

// told is the person that the claims are about.
func (r *refreshing) told() access.Identity {
	text := func(name string) string {
		s, _ := r.claims[name].(string)
		return s
	}
	id := access.Identity{Issuer: text("iss"), Subject: text("sub")}
	if r.cfg.Kind != Plain {
		id.Tenant, id.Object = text("tid"), text("oid")
	}
	if at, ok := r.claims["auth_time"].(int64); ok {
		id.AuthTime = time.Unix(at, 0)
	}
	return id
}

// serve lets the provider answer requests for tokens too.
func (r *refreshing) serve() {
	usual := r.idp.answer
	r.idp.set(func(f *fakeIDP) {
		f.answer = func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/token") {
				return r.tokens(req), nil
			}
			if usual != nil {
				return usual(req)
			}
			return nil, nil //nolint:nilnil // the usual answer
		}
	})
}

func (r *refreshing) tokens(req *http.Request) *http.Response {
	if err := req.ParseForm(); err != nil {
		panic(err)
	}
	r.mu.Lock()
	r.forms = append(r.forms, req.PostForm)
	r.mu.Unlock()
	answer := map[string]any{"access_token": r.attempt.access.Reveal()}
	if !r.noID {
		answer["id_token"] = r.jwt()
	}
	maps.Copy(answer, r.answer)
	for name, value := range answer {
		if value == nil {
			delete(answer, name)
		}
	}
	return reply(http.StatusOK, string(must(json.Marshal(answer))))
}

// run refreshes the session once.
func (r *refreshing) run(t *testing.T) (*Tokens, *access.Identity, error) {
	t.Helper()
	r.serve()
	rp := r.party(t)
	if r.signed != nil {
		r.signed(r.attempt)
	}
	return rp.Refresh(t.Context(), secret.New(r.refresh), r.scopes, r.person)
}
