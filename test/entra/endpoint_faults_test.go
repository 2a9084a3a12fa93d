package entra_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// endpoints lists one good request for each endpoint that can misbehave.
func (w *world) endpoints() map[entra.Endpoint]func() (reply, error) {
	get := func(target string, header ...string) func() (reply, error) {
		return func() (reply, error) { return do(w.t.Context(), w.t, w.browser, http.MethodGet, target, "", header...) }
	}
	graph := "Bearer " + w.graphToken(entra.Adele, "openid User.Read")
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {webID}, "client_secret": {webSecret}, "scope": {"https://graph.microsoft.com/.default"}}
	return map[entra.Endpoint]func() (reply, error){
		entra.EndpointDiscovery: get(w.Issuer() + "/.well-known/openid-configuration"),
		entra.EndpointKeys:      get(w.Authority() + "/discovery/v2.0/keys"),
		entra.EndpointToken: func() (reply, error) {
			return do(w.t.Context(), w.t, w.browser, http.MethodPost, w.Authority()+"/oauth2/v2.0/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		},
		entra.EndpointGraph:     get(w.BaseURL()+"/v1.0/me", "Authorization", graph),
		entra.EndpointUserInfo:  get(w.BaseURL()+"/oidc/userinfo", "Authorization", graph),
		entra.EndpointAuthorize: get(w.authorizeURL(oidcScopes)),
		entra.EndpointLogout:    get(w.Authority() + "/oauth2/v2.0/logout"),
	}
}

func TestEndpointFaults(t *testing.T) {
	w := start(t)
	const huge = 9 << 20
	rows := []struct {
		name  string
		fault entra.EndpointFault
		check func(reply, error) bool
	}{
		{"none", entra.EndpointFault{}, func(r reply, err error) bool { return err == nil && r.status == 200 }},
		{"500", entra.EndpointFault{Status: 500}, func(r reply, err error) bool {
			return err == nil && r.status == 500 && r.header.Get("Retry-After") == ""
		}},
		{"429", entra.EndpointFault{Status: 429, RetryAfter: 17}, func(r reply, err error) bool {
			return err == nil && r.status == 429 && r.header.Get("Retry-After") == "17"
		}},
		{"garbage", entra.EndpointFault{Garbage: true}, func(r reply, err error) bool {
			return err == nil && r.status == 200 && strings.Contains(r.body, "not json") && strings.HasPrefix(r.header.Get("Content-Type"), "application/json")
		}},
		{"huge", entra.EndpointFault{HugeBytes: huge}, func(r reply, err error) bool {
			return err == nil && r.status == 200 && len(r.body) == huge+len(`{"padding":""}`)
		}},
		{"dropped", entra.EndpointFault{Drop: true}, func(_ reply, err error) bool { return err != nil }},
		{"wrong content type", entra.EndpointFault{ContentType: "image/png"}, func(r reply, err error) bool {
			return err == nil && r.status == 200 && r.header.Get("Content-Type") == "image/png" && len(r.body) > 50
		}},
		{"slow", entra.EndpointFault{Delay: 50 * time.Millisecond}, func(r reply, err error) bool { return err == nil && r.status == 200 }},
		{"once", entra.EndpointFault{Status: 503, Times: 1}, func(r reply, err error) bool { return err == nil && r.status == 503 }},
	}
	for endpoint, ask := range w.endpoints() {
		for _, row := range rows {
			t.Run(string(endpoint)+" "+row.name, func(t *testing.T) {
				w.ResetCounts()
				w.browser.CloseIdleConnections() // so that the transport does not try again on a new connection
				w.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{endpoint: row.fault}})
				began := time.Now()
				got, err := ask()
				if !row.check(got, err) {
					t.Errorf("got %d %v %.200q, %v", got.status, got.header, got.body, err)
				}
				if took := time.Since(began); took < row.fault.Delay {
					t.Errorf("took %v", took)
				}
				if w.Requests(endpoint) != 1 {
					t.Errorf("%d requests", w.Requests(endpoint))
				}
				if row.fault.Times == 1 {
					if got, err := ask(); err != nil || got.status != http.StatusOK {
						t.Errorf("the next request: %d %v", got.status, err)
					}
				}
			})
		}
	}
}

func TestFailedEndpointsSpeakTheirLanguage(t *testing.T) {
	w := start(t)
	w.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: {Status: 503}, entra.EndpointGraph: {Status: 429}}})
	refused(t, w.tokenForm(), 503, "temporarily_unavailable", "AADSTS90033")
	if got := w.graph("GET", "", "/v1.0/me", ""); graphCode(t, got.json(t)) != "TooManyRequests" {
		t.Errorf("%d %s", got.status, got.body)
	}
	code := w.signIn(entra.Adele, w.authorizeURL(oidcScopes)).Get("code")
	form := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier}
	refused(t, w.tokenForm(form...), 503, "temporarily_unavailable", "AADSTS90033")
	w.ClearFaults()
	if got := w.tokenForm(form...); got.status != http.StatusOK {
		t.Errorf("a fault used the code up: %d %s", got.status, got.body)
	}
}

func TestGraphItemFaults(t *testing.T) {
	w := start(t)
	token := w.graphToken(entra.Adele, "User.Read User.Read.All")
	w.SetFaults(entra.Faults{Graph: map[string]entra.ItemFault{
		"/me/manager":         {Status: 429, RetryAfter: 7},
		"/me?$select=id":      {Status: 200, Body: map[string]any{"id": strings.Repeat("x", 1<<16)}},
		"/organization":       {Status: 503},
		"/me/memberOf":        {Status: 418},
		"/me/photo":           {Status: 404},
		"/me/memberOf/$count": {Status: 403},
	}})
	_, answers, _ := w.batch(token, item("1", "/me/manager"), item("2", "/me?$select=id"), item("3", "/me?$select=mail"), item("4", "/organization"))
	if answers["1"].Status != 429 || answers["1"].Headers["Retry-After"] != "7" || !strings.Contains(string(answers["1"].Body), "TooManyRequests") {
		t.Errorf("item 1: %v", answers["1"])
	}
	if answers["2"].Status != 200 || len(answers["2"].Body) < 1<<16 || answers["3"].Status != 200 || len(answers["3"].Body) > 1000 || answers["4"].Status != 503 {
		t.Errorf("items 2 to 4: %d %d %d", answers["2"].Status, answers["3"].Status, answers["4"].Status)
	}
	for path, want := range map[string]int{"/me/manager": 429, "/me/memberOf": 418, "/me/photo": 404, "/me/memberOf/$count": 403} {
		if got := w.graph("GET", token, "/v1.0"+path, ""); got.status != want || (want == 429) != (got.header.Get("Retry-After") == "7") {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
	}
}

// TestDelayEndsWithTheClient: otherwise a server could not stop.
func TestDelayEndsWithTheClient(t *testing.T) {
	s := entra.New(config(newClock()))
	srv := httptest.NewServer(s)
	s.SetBaseURL(srv.URL)
	s.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: {Delay: time.Hour}}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := do(ctx, t, srv.Client(), http.MethodPost, s.Authority()+"/oauth2/v2.0/token", "grant_type=x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	closed := make(chan struct{})
	go func() { srv.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("the request goes on without its client")
	}
}
