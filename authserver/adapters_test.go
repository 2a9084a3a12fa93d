package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

const proxySecret = "0123456789abcdef"

func allAdapters() authserver.Adapters {
	return authserver.Adapters{Nginx: true, Forward: true, Envoy: true, EnvoyGRPC: true}
}

// asking is how one adapter is asked about a page of app with a rule.
type asking func(k *kit, method, rule, uri string, h http.Header) *http.Response

func (k *kit) serve(method, target, host string, h http.Header) *http.Response {
	r := httptest.NewRequestWithContext(k.t.Context(), method, target, nil)
	r.Header, r.Host = h, host
	rec := httptest.NewRecorder()
	k.server.ServeHTTP(rec, r)
	return rec.Result()
}

func askForward(k *kit, method, rule, uri string, h http.Header) *http.Response {
	h = h.Clone()
	for name, value := range map[string]string{"X-Forwarded-Method": method, "X-Forwarded-Host": "app.example.com", "X-Forwarded-Uri": uri} {
		h[name] = []string{value}
	}
	return k.serve(http.MethodGet, authPath+"/forward?"+rule, "easyauth.internal", h)
}

func askEnvoy(k *kit, method, rule, uri string, h http.Header) *http.Response {
	if rule == "" {
		rule = ingress.NoRule
	}
	return k.serve(method, authPath+"/envoy/"+rule+uri, "app.example.com", h)
}

func askInside(k *kit, method, rule, uri string, h http.Header) *http.Response {
	rec := httptest.NewRecorder()
	ask, err := ingress.Told(method, "app.example.com", uri, h, rule)
	if err != nil {
		k.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(k.t.Context(), method, "/not/read", nil)
	r.Header = h
	if identity, pass := k.server.Ask(rec, r, ask); pass {
		if rec.Code != http.StatusOK || len(rec.Header()) > 0 {
			k.t.Errorf("it passes, and was answered: %d, %v", rec.Code, rec.Header())
		}
		return &http.Response{StatusCode: http.StatusOK, Header: identity}
	}
	return rec.Result()
}

func directly() map[string]asking {
	return map[string]asking{"forward": askForward, "envoy": askEnvoy, "inside": askInside}
}

func TestDirectAnswers(t *testing.T) {
	k := newKit(t, options{adapters: allAdapters()})
	admin := k.issue(access.Identity{Roles: []string{"Admin"}})
	plain := k.issue(access.Identity{Roles: []string{"Reader"}})
	page := http.Header{"Sec-Fetch-Mode": {"navigate"}, "Accept": {"text/html"}}
	script := http.Header{"Sec-Fetch-Mode": {"cors"}, "Accept": {"application/json"}, "Referer": {app + "/board"}}
	for name, ask := range directly() {
		for _, tt := range []struct {
			name, method, rule, cookies string
			header                      http.Header
			status                      int
			reason                      string // of the JSON; "" for a redirect or a pass
		}{
			{"signed in", "GET", "", plain, page, 200, ""},
			{"signed in, a form", "POST", "", plain, page, 200, ""},
			{"the role is there", "GET", "role=Admin", admin, script, 200, ""},
			{"nobody, a page", "GET", "", "", page, 302, ""},
			{"nobody, a script", "GET", "", "", script, 401, "login_required"},
			{"nobody, a form", "POST", "", "", page, 401, "login_required"},
			{"no role, a page", "GET", "role=Admin", plain, page, 302, ""},
			{"no role, a script", "GET", "role=Admin", plain, script, 403, "role_missing"},
			{"no scope, a page", "GET", "scope=Mail.Read", plain, page, 302, ""},
			{"no scope, a script", "GET", "scope=Mail.Read", plain, script, 401, "scope_missing"},
			{"a rule that cannot be read, a page", "GET", "roles=Admin", admin, page, 403, ""},
			{"a rule that cannot be read, a script", "GET", "roles=Admin", admin, script, 403, "bad_query"},
			{"an empty rule", "GET", "role=", admin, script, 403, "bad_query"},
			{"a policy that there is not", "GET", "policy=none", admin, script, 403, "policy_unknown"},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				h := tt.header.Clone()
				if tt.cookies != "" {
					h["Cookie"] = []string{tt.cookies}
				}
				resp := ask(k, tt.method, tt.rule, "/page?x=1&y=%2F", h)
				if resp.StatusCode != tt.status {
					t.Fatalf("status %d, want %d", resp.StatusCode, tt.status)
				}
				direct(t, resp)
				switch {
				case tt.status == http.StatusFound:
					u, err := url.Parse(resp.Header.Get("Location"))
					if err != nil || u.Scheme+"://"+u.Host+u.Path != app+basePath+"/login" || u.Query().Get("rd") != app+"/page?x=1&y=%2F" {
						t.Errorf("Location %q, %v", resp.Header.Get("Location"), err)
					}
				case tt.reason != "":
					var body struct {
						Error    string
						LoginURL string `json:"login_url"`
					}
					if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Error != tt.reason {
						t.Errorf("%+v, %v; want %s", body, err, tt.reason)
					}
					if tt.status == http.StatusUnauthorized && tt.header.Get("Referer") != "" && !strings.HasPrefix(body.LoginURL, app+basePath+"/login?") {
						t.Errorf("login_url %q", body.LoginURL)
					}
				}
			})
		}
	}
}

// direct holds for every answer that a proxy hands on.
func direct(t *testing.T, resp *http.Response) {
	t.Helper()
	refused := resp.StatusCode == http.StatusFound || resp.StatusCode == http.StatusUnauthorized
	denial := 0
	for _, line := range resp.Header["Set-Cookie"] {
		if strings.HasPrefix(line, "__Host-easyauth-state=") {
			denial++
		}
	}
	if refused && denial != 1 {
		t.Errorf("%d denial cookies", denial)
	}
	identity := 0
	for name, values := range resp.Header {
		if strings.HasPrefix(name, "X-Injected-") {
			identity++
			if len(values) != 1 {
				t.Errorf("%s has %d values", name, len(values))
			}
		}
	}
	switch {
	case resp.StatusCode == http.StatusOK && identity < 11:
		t.Errorf("only %d identity headers: a client's own would survive", identity)
	case resp.StatusCode != http.StatusOK && identity > 0:
		t.Errorf("%d identity headers on a refusal", identity)
	case resp.StatusCode != http.StatusOK && resp.Header.Get("Cache-Control") != "no-store":
		t.Error("the refusal may be cached")
	}
}

// What was refused is told to login by the cookie of the refusal, as after nginx.
func TestDirectDenialIsRead(t *testing.T) {
	k := newKit(t, options{adapters: allAdapters()})
	plain := k.issue(access.Identity{Roles: []string{"Reader"}})
	for name, ask := range directly() {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Sec-Fetch-Mode": {"navigate"}, "Cookie": {plain}}
			resp := ask(k, "GET", "role=Admin", "/page", h)
			u, err := url.Parse(resp.Header.Get("Location"))
			if err != nil || resp.StatusCode != http.StatusFound {
				t.Fatal(resp.StatusCode, err)
			}
			state, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
			for cookies, want := range map[string]int{plain + "; " + state: http.StatusForbidden, plain: http.StatusFound} {
				got := k.serve("GET", u.RequestURI(), "app.example.com", http.Header{"Sec-Fetch-Mode": {"navigate"}, "Cookie": {cookies}})
				if got.StatusCode != want {
					t.Errorf("login says %d, want %d", got.StatusCode, want)
				}
			}
		})
	}
}

func TestAdapterRefusals(t *testing.T) {
	k := newKit(t, options{noDiscovery: true, adapters: allAdapters(), proxySecrets: []secret.String{secret.New(proxySecret), secret.New("another-of-16-bytes")}})
	cookies := k.issue(access.Identity{})
	good := func() http.Header {
		return http.Header{
			"Cookie": {cookies}, "X-Easyauth-Proxy-Secret": {proxySecret},
			"X-Forwarded-Method": {"GET"}, "X-Forwarded-Host": {"app.example.com"}, "X-Forwarded-Uri": {"/page"},
			"X-Original-Url": {app + "/page"}, "X-Original-Method": {"GET"},
		}
	}
	for _, adapter := range []struct {
		name, target string
		pass         int
	}{{"nginx", authPath, 202}, {"forward", authPath + "/forward", 200}, {"envoy", authPath + "/envoy/-/page", 200}} {
		for _, tt := range []struct {
			name, host string
			change     func(http.Header)
			reason     access.Reason // none: it passes
		}{
			{"as the proxy asks", "app.example.com", func(http.Header) {}, access.ReasonNone},
			{"the second secret", "app.example.com", func(h http.Header) { h["X-Easyauth-Proxy-Secret"] = []string{"another-of-16-bytes"} }, access.ReasonNone},
			{"no secret", "app.example.com", func(h http.Header) { delete(h, "X-Easyauth-Proxy-Secret") }, access.ReasonProxySecret},
			{"an empty secret", "app.example.com", func(h http.Header) { h["X-Easyauth-Proxy-Secret"] = []string{""} }, access.ReasonProxySecret},
			{"one byte changed", "app.example.com", func(h http.Header) { h["X-Easyauth-Proxy-Secret"] = []string{"0123456789abcdeg"} }, access.ReasonProxySecret},
			{"the secret twice", "app.example.com", func(h http.Header) { h["X-Easyauth-Proxy-Secret"] = []string{proxySecret, proxySecret} }, access.ReasonProxySecret},
			{"another spelling of its name", "app.example.com", func(h http.Header) {
				delete(h, "X-Easyauth-Proxy-Secret")
				h["X_easyauth_proxy_secret"] = []string{proxySecret}
			}, access.ReasonProxySecret},
			{"a host that is not served", "evil.example.net", func(h http.Header) { h["X-Forwarded-Host"] = []string{"evil.example.net"} }, access.ReasonHostNotServed},
		} {
			if adapter.name == "nginx" && tt.reason == access.ReasonHostNotServed {
				continue // its answer holds no host: see law 4 in docs/security.md
			}
			t.Run(adapter.name+"/"+tt.name, func(t *testing.T) {
				h := good()
				tt.change(h)
				resp := k.serve("GET", adapter.target, tt.host, h)
				if tt.reason == access.ReasonNone {
					if resp.StatusCode != adapter.pass {
						t.Errorf("status %d", resp.StatusCode)
					}
					return
				}
				if resp.StatusCode != http.StatusForbidden || k.lastReason() != tt.reason.String() || len(resp.Header["Set-Cookie"]) > 0 || resp.Header.Get("Location") != "" {
					t.Errorf("status %d, reason %s, %v", resp.StatusCode, k.lastReason(), resp.Header)
				}
				if got := resp.Header["Cache-Control"]; len(got) != 1 || got[0] != "no-store" {
					t.Errorf("the refusal may be cached: %q", got)
				}
				if strings.Contains(k.log.String(), proxySecret) {
					t.Error("the secret is in the log")
				}
				peer := any(nil)
				if tt.reason == access.ReasonProxySecret {
					peer = "192.0.2.1" // httptest's
				}
				if line := k.log.decision(t); line["peer"] != peer {
					t.Errorf("%v, want the peer %v", line, peer)
				}
			})
		}
	}
}

// An adapter is chosen by its path alone, only if it is listed, and cannot be reached with another's headers.
func TestAdaptersApart(t *testing.T) {
	nginxHeaders := http.Header{"X-Original-Url": {app + "/page"}, "X-Original-Method": {"GET"}}
	forwardHeaders := http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Host": {"app.example.com"}, "X-Forwarded-Uri": {"/page"}}
	for _, tt := range []struct {
		name, target string
		own, others  http.Header
		only         authserver.Adapters
		pass         int
	}{
		{"nginx", authPath, nginxHeaders, forwardHeaders, authserver.Adapters{Nginx: true}, 202},
		{"forward", authPath + "/forward", forwardHeaders, nginxHeaders, authserver.Adapters{Forward: true}, 200},
		{"envoy", authPath + "/envoy/-/page", nil, nil, authserver.Adapters{Envoy: true}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			alone, all := newKit(t, options{adapters: tt.only}), newKit(t, options{adapters: allAdapters()})
			without := allAdapters()
			switch tt.name {
			case "nginx":
				without.Nginx = false
			case "forward":
				without.Forward = false
			case "envoy":
				without.Envoy = false
			}
			rest := newKit(t, options{adapters: without})
			ask := func(k *kit, h http.Header) int {
				h = h.Clone()
				if h == nil {
					h = http.Header{}
				}
				h["Cookie"] = []string{k.issue(access.Identity{})}
				return k.serve("GET", tt.target, "app.example.com", h).StatusCode
			}
			for name, k := range map[string]*kit{"alone": alone, "with the others": all} {
				if got := ask(k, tt.own); got != tt.pass {
					t.Errorf("%s: %d", name, got)
				}
				if tt.others != nil {
					if got := ask(k, tt.others); got != http.StatusForbidden {
						t.Errorf("%s, with another's headers: %d", name, got)
					}
				}
			}
			if got := ask(rest, tt.own); got != http.StatusNotFound {
				t.Errorf("not listed: %d", got)
			}
			beside := strings.Replace(tt.target, "/auth", "/authx", 1)
			if tt.name != "nginx" {
				beside = strings.Replace(tt.target, "/"+tt.name, "/"+tt.name+"x", 1)
			}
			if got := all.serve("GET", beside, "app.example.com", tt.own.Clone()).StatusCode; got != http.StatusNotFound {
				t.Errorf("%s: %d", beside, got)
			}
		})
	}
}

// Whoever asks in a wrong way is told about their own proxy.
func TestHintOfOriginal(t *testing.T) {
	e := newEnvoy(t, options{noDiscovery: true, adapters: allAdapters()})
	for _, tt := range []struct{ name, target, hint, reason string }{
		{"nginx", authPath, "proxy_set_header X-Original-URL $scheme://$http_host$request_uri", "X-Original-URL: value is missing"},
		{"forward", authPath + "/forward", "one X-Forwarded-Method, one X-Forwarded-Host and one X-Forwarded-Uri", "there must be exactly one X-Forwarded-Method"},
		{"envoy", authPath + "/envoy/-", "path_prefix of ext_authz must be " + authPath + "/envoy/ and the rule", "the path must be the configured prefix"},
		{"envoy-grpc", "", "and no body (with_request_body)", "says nothing of an HTTP request"},
	} {
		if tt.target == "" {
			e.check(&authv3.CheckRequest{})
		} else {
			e.k.serve("GET", tt.target, "app.example.com", http.Header{})
		}
		line := e.k.log.decision(t)
		hint, _ := line["hint"].(string)
		reason, _ := line["error"].(string)
		if line["reason"] != "bad_original_url" || !strings.Contains(hint, tt.hint) || !strings.Contains(reason, tt.reason) {
			t.Errorf("%s: %v", tt.name, line)
		}
		if strings.Contains(hint, "X-Original-URL") != (tt.name == "nginx") {
			t.Errorf("%s is told of nginx's header: %s", tt.name, hint)
		}
	}
}

// What easyauth proxy asks takes its time among the questions of proxies.
func TestTimeOfAsk(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	const count = `easyauth_request_duration_seconds_count{endpoint="auth"}`
	for asked, cookies := range []string{k.issue(access.Identity{}), ""} { // who passes, and who does not
		askInside(k, "GET", "", "/page", http.Header{"Cookie": {cookies}})
		if got := k.scrape().series[count]; got != float64(asked+1) {
			t.Errorf("%v, want %d", got, asked+1)
		}
	}
}
