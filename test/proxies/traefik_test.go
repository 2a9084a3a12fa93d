package proxies

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
)

// lies are headers in which a client says where it is going, and who it is.
func lies() http.Header {
	h := http.Header{}
	for _, name := range []string{
		"X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-For",
		"X_Forwarded_Uri", "X.Forwarded.Uri", "X~Forwarded~Method", "X-Original-URL", "X-Original-Method", "X-Rewrite-URL", "Forwarded",
		"X-EasyAuth-Proxy-Secret", "X_EasyAuth_Proxy_Secret", "X-Injected-Oid", "X-Injected-Department", "X_Injected_Oid", "X.Injected.Oid", "X-Real-Ip",
	} {
		h[name] = []string{"forged", "forged-again"}
	}
	return h
}

// TestFiles tries what the files of the page do, beside the tries of the matrix.
func TestFiles(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	startFiles(t, s.place, s.web, edits{})
	for name, try := range map[string]func(*testing.T, *stage){
		"question": question, "open pages": openPages, "closed paths": closedPaths, "answers": answers, "only what EasyAuth reads": onlyWhatEasyAuthReads,
		"clear text": clearText,
	} {
		t.Run(name, func(t *testing.T) { try(t, s) })
	}
}

// journey is a request, and what EasyAuth and the application hear of it.
type journey struct {
	name, method, target string
	header               http.Header
	body                 string
	question, uri, app   string // of EasyAuth, and what it is asked about; what the application is asked for
}

func journeys() []journey {
	return []journey{
		{"a page", "GET", "/home?a=1", nil, "", "/easyauth/auth/forward", "/home?a=1", "/home?a=1"},
		{"a form", "POST", "/home", nil, "a=1", "/easyauth/auth/forward", "/home", "/home"},
		{"lies", "GET", "/home", lies(), "", "/easyauth/auth/forward", "/home", "/home"},
		{"lies for a rule", "DELETE", "/admin/x", lies(), "", "/easyauth/auth/forward?role=Admin", "/admin/x", "/admin/x"},
		{"a rule without its slash", "GET", "/admin", nil, "", "/easyauth/auth/forward?role=Admin", "/admin", "/admin"},
		{"a rule in capitals", "GET", "/ADMIN/x", nil, "", "/easyauth/auth/forward?role=Admin", "/ADMIN/x", "/ADMIN/x"},
		{"a neighbor of the rule", "GET", "/administer", nil, "", "/easyauth/auth/forward", "/administer", "/administer"},
		{"dots", "GET", "/public/../admin/./x", nil, "", "/easyauth/auth/forward?role=Admin", "/admin/x", "/admin/x"},
		{"encoded letters", "GET", "/public/%2e%2e/%61dmin/x", nil, "", "/easyauth/auth/forward?role=Admin", "/admin/x", "/admin/x"},
		{"slashes", "GET", "//admin//x", nil, "", "/easyauth/auth/forward?role=Admin", "/admin/x", "/admin/x"},
		{"the query of the page", "GET", "/admin/x?role=User&x=/public/", nil, "", "/easyauth/auth/forward?role=Admin", "/admin/x?role=User&x=/public/", "/admin/x?role=User&x=/public/"},
		{
			"headers that the client calls hop-by-hop", "GET", "/home",
			http.Header{"Connection": {"X-EasyAuth-Proxy-Secret, X-Forwarded-Uri, X-Injected-Oid"}},
			"",
			"/easyauth/auth/forward", "/home", "/home",
		},
	}
}

// question: EasyAuth is asked about the request that the application gets, whatever the client says.
func question(t *testing.T, s *stage) {
	for _, row := range journeys() {
		t.Run(row.name, func(t *testing.T) {
			s.auth.will(pass)
			s.app.will(nil)
			if r := s.send(t, row.method, row.target, row.header, row.body); r.status != http.StatusOK {
				t.Fatalf("%d %s", r.status, r.body)
			}
			questions, arrived := s.auth.requests(), s.app.requests()
			if len(questions) != 1 || len(arrived) != 1 {
				t.Fatalf("%d questions, %d requests", len(questions), len(arrived))
			}
			q, a := questions[0], arrived[0]
			if q.method != http.MethodGet || q.target != row.question || q.body != "" {
				t.Errorf("the question is %s %s %q", q.method, q.target, q.body)
			}
			for name, want := range map[string]string{
				"X-Forwarded-Method": row.method, "X-Forwarded-Host": matrix.Host, "X-Forwarded-Uri": row.uri, "X-Forwarded-For": "127.0.0.1",
				"X-Easyauth-Proxy-Secret": proxySecret,
			} {
				if !slices.Equal(q.header[name], []string{want}) {
					t.Errorf("EasyAuth is told %s: %q, want %q", name, q.header[name], want)
				}
			}
			if a.method != row.method || a.target != row.app || a.body != row.body || a.host != matrix.Host {
				t.Errorf("the application is asked %s %s %q of %s", a.method, a.target, a.body, a.host)
			}
			if !slices.Equal(a.header["X-Injected-Oid"], []string{"somebody"}) {
				t.Errorf("the application is told %q", a.header["X-Injected-Oid"])
			}
			noLies(t, q, a)
		})
	}
}

// pass lets a request pass, for somebody.
func pass(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Injected-Oid", "somebody") }

func noLies(t *testing.T, requests ...asked) {
	t.Helper()
	for _, r := range requests {
		for name, values := range r.header {
			if strings.Contains(strings.Join(values, " "), "forged") {
				t.Errorf("%s %s is told %s: %q", r.method, r.target, name, values)
			}
		}
	}
	if secret := requests[len(requests)-1].header.Values("X-EasyAuth-Proxy-Secret"); len(secret) > 0 {
		t.Errorf("the application is told the secret: %q", secret)
	}
}

// openPages: nobody is asked, and what the client says of itself does not arrive.
func openPages(t *testing.T, s *stage) {
	for _, target := range []string{"/public/x", "/easyauth/login"} {
		s.auth.will(nil)
		s.app.will(nil)
		r := s.send(t, "GET", target, lies(), "")
		requests := slices.Concat(s.auth.requests(), s.app.requests())
		if r.status != http.StatusOK || len(requests) != 1 || requests[0].target != target {
			t.Fatalf("%s: %d, %v", target, r.status, requests)
		}
		noLies(t, requests...)
	}
}

// closedPaths: the questions are Traefik's alone, and paths of two readings are refused, on every page.
func closedPaths(t *testing.T, s *stage) {
	s.auth.will(pass)
	for target, want := range map[string]int{
		"/easyauth/auth": 404, "/easyauth/auth/forward?role=x": 404, "/easyauth/%61uth/forward": 404, "/easyauth/x/../auth": 404, "/easyauth//auth": 404,
		"/easyauth/login": 200, "/easyauth/auth%2fforward": 400, "/public/..%2fadmin": 400, "/public/..%5cadmin": 400, "/public/..%252fadmin": 400,
		"/public/%25252e%25252e/x": 400, "/public;a=b/x": 400, "/public/%3b/x": 400, "/public/x%00": 400, "/public/100%25": 200, "/public/a+b%20c": 200, "/public/x?a=%2f": 200,
	} {
		if r := s.send(t, "GET", target, nil, ""); r.status != want {
			t.Errorf("%s: %d, want %d", target, r.status, want)
		}
	}
	if r := sent(t, s.client, "GET", "https://other.example/home", nil, ""); r.status != http.StatusNotFound {
		t.Errorf("another host: %d", r.status)
	}
}

// answers: what EasyAuth answers reaches the client as it is, unless it lets the request pass.
func answers(t *testing.T, s *stage) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Set-Cookie"] = []string{"__Host-easyauth-state=1; Path=/; Secure; HttpOnly", "other=1"}
			w.Header().Set("Location", "https://"+matrix.Host+"/easyauth/login?rd=x")
			w.Header().Set("Www-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(code)
			_, _ = w.Write([]byte(`{"error":"x"}`)) // not to a client who is gone
		}
	}
	rows := []struct {
		name   string
		answer http.HandlerFunc
		want   int
		as     bool // the client gets it as it is
	}{
		{"to the sign-in", status(302), 302, true},
		{"not signed in", status(401), 401, true},
		{"forbidden", status(403), 403, true},
		{"cannot tell", status(503), 503, true},
		{"broken", status(500), 500, true},
		{"too large", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 65537)) // not to a client who is gone
		}, 401, false},
		{"no answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 500, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s.auth.will(row.answer)
			s.app.will(nil)
			r := s.send(t, "GET", "/home", nil, "")
			if r.status != row.want || len(s.app.requests()) != 0 {
				t.Errorf("%d, %d requests of the application", r.status, len(s.app.requests()))
			}
			if row.as && (len(r.header["Set-Cookie"]) != 2 || r.header.Get("Www-Authenticate") == "" || r.body != `{"error":"x"}` ||
				r.header.Get("Location") != "https://"+matrix.Host+"/easyauth/login?rd=x") {
				t.Errorf("the client gets %v %q", r.header, r.body)
			}
		})
	}
	t.Run("passes", func(t *testing.T) {
		s.auth.will(func(w http.ResponseWriter, r *http.Request) {
			pass(w, r)
			w.Header()["Set-Cookie"] = []string{"__Host-easyauth-seen=1; Path=/; HttpOnly; Secure; SameSite=Lax", "other=1"}
			_, _ = w.Write(make([]byte, 65536)) // as large as may be
		})
		s.app.will(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", "own=1") })
		r := s.send(t, "GET", "/home", nil, "")
		if want := []string{"own=1", "__Host-easyauth-seen=1; Path=/; HttpOnly; Secure; SameSite=Lax"}; r.status != 200 || !slices.Equal(r.header["Set-Cookie"], want) {
			t.Errorf("%d %q, want %q", r.status, r.header["Set-Cookie"], want)
		}
	})
}

// onlyWhatEasyAuthReads: of the client's headers EasyAuth gets those that the page lists.
func onlyWhatEasyAuthReads(t *testing.T, s *stage) {
	s.auth.will(pass)
	listed := http.Header{}
	for _, name := range []string{"Accept", "Authorization", "Cookie", "Sec-Fetch-Mode", "Sec-Purpose", "Traceparent", "Tracestate", "X-Request-Id"} {
		listed.Set(name, "x")
	}
	h := listed.Clone()
	h.Set("X-Of-The-Application", "x")
	h.Set("If-None-Match", "x")
	s.send(t, "GET", "/home", h, "")
	got := s.auth.requests()[0].header
	for name := range listed {
		if !slices.Equal(got[name], []string{"x"}) {
			t.Errorf("%s: %q", name, got[name])
		}
	}
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(got)), func(name string) bool { return listed.Get(name) != "" || strings.HasPrefix(name, "X-Forwarded-") })
	if want := []string{"Accept-Encoding", "User-Agent", "X-Easyauth-Proxy-Secret"}; !slices.Equal(rest, want) {
		t.Errorf("besides: %q, want %q", rest, want)
	}
}

// clearText: nothing is served in clear text.
func clearText(t *testing.T, s *stage) {
	s.auth.will(pass)
	s.app.will(nil)
	_, port, _ := strings.Cut(s.place.Listen, ":")
	plain := client(t, s.web)
	for _, method := range []string{"GET", "POST"} {
		for _, target := range []string{"/home?a=%2f", "/public/x", "/easyauth/login"} {
			r := sent(t, plain, method, "http://"+matrix.Host+target, nil, "")
			if want := "https://" + matrix.Host + ":" + port + target; r.status < 300 || r.status > 308 || r.header.Get("Location") != want {
				t.Errorf("%s %s: %d to %q, want %q", method, target, r.status, r.header.Get("Location"), want)
			}
		}
	}
	if r := sent(t, client(t, s.place.Admin), "GET", "http://"+matrix.Host+"/public/x", nil, ""); r.status != http.StatusNotFound {
		t.Errorf("where Traefik asks itself: %d", r.status)
	}
	if heard := slices.Concat(s.auth.requests(), s.app.requests()); len(heard) != 0 {
		t.Errorf("in clear text somebody was asked %v", heard)
	}
}
