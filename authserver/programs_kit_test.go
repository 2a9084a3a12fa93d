package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/exchange"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

const (
	loopback = "http://127.0.0.1:8123/back"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636, appendix B
	ofIt     = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func (o options) programPaths() exchange.Paths {
	api := o.basePath + "/api/v1/"
	return exchange.Paths{Token: api + "token", Revoke: api + "revoke", Session: api + "session", Login: api + "login", Authorize: api + "authorize"}
}

func (o options) returnPaths() []string {
	if !o.programs {
		return nil
	}
	return []string{o.programPaths().Authorize}
}

// token gives a program a token of ours for an identity.
func (k *kit) token(id access.Identity, life time.Duration) *session.Issued {
	k.t.Helper()
	issued, err := k.sessions.IssueToken(k.t.Context(), &id, life, "a script")
	if err != nil {
		k.t.Fatal(err)
	}
	return issued
}

// asProgram is what nginx sends about a program's request.
func asProgram(cookies string, authorization ...string) http.Header {
	h := nginx(cookies)
	h["Accept"] = []string{"application/json"}
	h["Authorization"] = authorization
	return h
}

// post sends a form to an endpoint of programs, and reads the JSON of its answer.
func (k *kit) post(path string, form url.Values) (int, map[string]any) {
	k.t.Helper()
	r := httptest.NewRequestWithContext(k.t.Context(), http.MethodPost, app+basePath+"/api/v1/"+path, strings.NewReader(form.Encode()))
	r.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	w := httptest.NewRecorder()
	k.server.ServeHTTP(w, r)
	answer := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			k.t.Fatalf("%d, %v\n%s", w.Code, err, w.Body)
		}
	}
	return w.Code, answer
}
