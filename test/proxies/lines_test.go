package proxies

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
)

// trusting lets the client of the tests be a load balancer whose X-Forwarded-* count.
func trusting() []string {
	return []string{"    http:\n      tls: {}\n", "    forwardedHeaders:\n      trustedIPs: [127.0.0.1/32]\n    http:\n      tls: {}\n"}
}

// TestLines takes single lines out of the page's files: what the page says of them then happens, and does not with them.
// These are the cases that the other tests refuse, each seen to work when its line is not there.
func TestLines(t *testing.T) {
	t.Parallel()
	with := lineStage(t, edits{})
	for _, l := range lines() {
		with.reset()
		if l.happens(t, with) {
			t.Errorf("%s: what it prevents happens with it", l.name)
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			if !l.happens(t, lineStage(t, l.out)) {
				t.Error("without the line nothing is different")
			}
		})
	}
}

// line is one of the page, how it is taken out, and whether what it prevents happens.
type line struct {
	name    string
	out     edits
	happens func(t *testing.T, s *stage) bool
}

func lines() []line {
	const edges = "[edge@file, edge-prefix@file]"
	return []line{
		{"trustForwardHeader", edits{dynamic: []string{"trustForwardHeader: false\n        authRequestHeaders:\n", "trustForwardHeader: true\n        authRequestHeaders:\n"}}, misledByAProxy},
		{"edge", edits{static: []string{edges, "[edge-prefix@file]"}}, arrives("X-Original-Url", "X-Rewrite-Url", "Forwarded", "X-EasyAuth-Proxy-Secret")},
		{"edge-prefix", edits{static: []string{edges, "[edge@file]"}}, arrives("X-Injected-Department")},
		{"aliasHeadersStrategy", edits{static: []string{"Strategy: delete", "Strategy: keep"}}, arrives("X_Injected_Oid", "X.Injected.Oid")},
		{"no-secret", edits{dynamic: []string{", no-secret]", "]"}}, func(t *testing.T, s *stage) bool {
			t.Helper()
			s.send(t, "GET", "/home", nil, "")
			return s.app.requests()[0].header.Get("X-EasyAuth-Proxy-Secret") == proxySecret
		}},
		{"authRequestHeaders", edits{dynamic: []string{"          - X-Request-Id\n", "          - X-Request-Id\n          - X-Of-The-Client\n"}}, func(t *testing.T, s *stage) bool {
			t.Helper()
			s.send(t, "GET", "/home", http.Header{"X-Of-The-Client": {"x"}}, "")
			return s.auth.requests()[0].header.Get("X-Of-The-Client") != ""
		}},
		{"addAuthCookiesToResponse", edits{dynamic: []string{"        addAuthCookiesToResponse: [__Host-easyauth-seen]\n", ""}}, func(t *testing.T, s *stage) bool {
			t.Helper()
			return len(s.send(t, "GET", "/home", nil, "").header["Set-Cookie"]) == 0
		}},
		{"two-readings", edits{dynamic: []string{twoReadings, "^/nothing$"}}, opens("/public/..%252fadmin")},
		{"encodedCharacters and two-readings", edits{static: []string{": false", ": true"}, dynamic: []string{twoReadings, "^/nothing$"}}, opens("/public/..%2fadmin")},
		{"asDefault", edits{static: []string{"asDefault: true", "asDefault: false"}}, func(t *testing.T, s *stage) bool {
			t.Helper()
			return sent(t, client(t, s.place.Admin), "GET", "http://"+matrix.Host+"/public/x", nil, "").status == http.StatusOK
		}},
		{"closed", edits{dynamic: []string{"      rule: PathPrefix(`/easyauth/auth`)", "      rule: Path(`/nothing`)"}}, opens("/easyauth/auth/forward")},
		{"priority", edits{dynamic: []string{"      priority: 1\n", "      priority: 11\n"}}, func(t *testing.T, s *stage) bool {
			t.Helper()
			s.send(t, "GET", "/admin/x", nil, "")
			return s.auth.requests()[0].target == "/easyauth/auth/forward"
		}},
	}
}

// arrives tells whether one of these headers reaches the application, from a page that nobody is asked for.
func arrives(names ...string) func(*testing.T, *stage) bool {
	return func(t *testing.T, s *stage) bool {
		t.Helper()
		h := http.Header{}
		for _, name := range names {
			h[name] = []string{"forged"}
		}
		s.send(t, "GET", "/public/x", h, "")
		got := s.app.requests()[0].header
		return slices.ContainsFunc(names, func(name string) bool { return len(got[http.CanonicalHeaderKey(name)])+len(got[name]) > 0 })
	}
}

// opens tells whether a path is answered 200.
func opens(target string) func(*testing.T, *stage) bool {
	return func(t *testing.T, s *stage) bool {
		t.Helper()
		return s.send(t, "GET", target, nil, "").status == http.StatusOK
	}
}

// lineStage is a stage behind which everybody passes, and is given a cookie.
func lineStage(t *testing.T, e edits) *stage {
	t.Helper()
	s := newStage(t)
	e.static = append(trusting(), e.static...)
	startFiles(t, s.place, s.web, e)
	s.reset()
	return s
}

func (s *stage) reset() {
	s.auth.will(func(w http.ResponseWriter, r *http.Request) {
		pass(w, r)
		w.Header().Set("Set-Cookie", "__Host-easyauth-seen=1; Path=/; HttpOnly; Secure; SameSite=Lax")
	})
	s.app.will(nil)
}

// misledByAProxy tells whether EasyAuth is asked about another request than the one that is served, when the client of
// a trusted load balancer says so: load balancers pass these headers on.
func misledByAProxy(t *testing.T, s *stage) bool {
	t.Helper()
	s.send(t, "DELETE", "/admin/x", http.Header{"X-Forwarded-Uri": {"/public/x"}, "X-Forwarded-Method": {"GET"}, "X-Forwarded-Host": {"evil.example"}}, "")
	q := s.auth.requests()[0]
	told := strings.Join([]string{q.header.Get("X-Forwarded-Method"), q.header.Get("X-Forwarded-Host"), q.header.Get("X-Forwarded-Uri")}, " ")
	return told != "DELETE "+matrix.Host+" /admin/x"
}
