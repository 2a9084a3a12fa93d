package proxies

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
)

// refusing answers as EasyAuth's adapter for nginx does.
func refusing(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Set-Cookie", "__Host-easyauth-state=1; Path=/; Secure; HttpOnly")
	w.WriteHeader(http.StatusUnauthorized)
}

// TestUnchangedAnnotations: annotations made for ingress-nginx ask a question that EasyAuth refuses, because the page is
// not named where nginx names it.
func TestUnchangedAnnotations(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	startIngresses(t, s.place, "/public/", "/easyauth/auth/forward", "/easyauth/auth",
		"    nginx.ingress.kubernetes.io/auth-response-headers:", "    nginx.ingress.kubernetes.io/auth-signin: \"https://$host/easyauth/login\"\n    nginx.ingress.kubernetes.io/auth-response-headers:")
	s.auth.will(refusing)
	s.app.will(nil)
	r := s.send(t, "GET", "/home?a=1&b=2", http.Header{"Accept": {"text/html"}, "X-Original-Url": {"https://" + matrix.Host + "/forged"}}, "")
	questions := s.auth.requests()
	if len(questions) != 1 || questions[0].target != "/easyauth/auth" || len(s.app.requests()) != 0 {
		t.Fatalf("questions: %v, requests of the application: %v", questions, s.app.requests())
	}
	q := questions[0].header
	for name, want := range map[string][]string{
		"X-Original-Url": nil, "X-Original-Method": nil, "X-Forwarded-Method": {"GET"}, "X-Forwarded-Host": {matrix.Host}, "X-Forwarded-Uri": {"/home?a=1&b=2"},
	} {
		if !slices.Equal(q[name], want) {
			t.Errorf("%s is %q, want %q", name, q[name], want)
		}
	}
	// What it makes of a 401: the way to the sign-in without the cookie that says what was missing.
	to := r.header.Get("Location")
	if r.status != http.StatusFound || !strings.HasPrefix(to, "https://"+matrix.Host+"/easyauth/login?rd=https://"+matrix.Host+"%2Fhome%3Fa%3D1%26b%3D2") {
		t.Errorf("%d to %q", r.status, to)
	}
	if cookies := r.header["Set-Cookie"]; len(cookies) != 0 {
		t.Errorf("the provider keeps cookies on its way to auth-signin now: %q. The page says that it drops them", cookies)
	}
	// And of a redirect, as EasyAuth answers at /easyauth/auth/forward: nothing else.
	s.auth.will(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "__Host-easyauth-state=1; Path=/; Secure; HttpOnly")
		w.Header().Set("Location", "https://"+matrix.Host+"/easyauth/login?rd=x")
		w.WriteHeader(http.StatusFound)
	})
	if r := s.send(t, "GET", "/home", nil, ""); r.status != http.StatusFound || r.header.Get("Location") != "https://"+matrix.Host+"/easyauth/login?rd=x" || len(r.header["Set-Cookie"]) != 1 {
		t.Errorf("a redirect of EasyAuth's: %d %v", r.status, r.header)
	}
}

// asNginx are pairs that make the page's Ingresses ask as ingress-nginx does, as far as Traefik can.
func asNginx() []string {
	return []string{
		"/easyauth/auth/forward", "/easyauth/auth", "    nginx.ingress.kubernetes.io/auth-response-headers:",
		"    nginx.ingress.kubernetes.io/auth-signin: \"https://$host/easyauth/login\"\n" +
			"    nginx.ingress.kubernetes.io/auth-snippet: \"proxy_set_header X-Original-URL $scheme://$host$request_uri;\"\n" +
			"    nginx.ingress.kubernetes.io/auth-response-headers:",
	}
}

// TestAuthSnippet: with a snippet that names the page, annotations made for ingress-nginx sign people in. Without the
// cookie of a refusal EasyAuth does not learn what was missing, and programs are sent to a page.
func TestAuthSnippet(t *testing.T) {
	t.Parallel()
	lost := map[matrix.Column]string{}
	for _, column := range []matrix.Column{matrix.RoleRefused, matrix.StepUp, matrix.XHR, matrix.Bearer} {
		lost[column] = "Traefik redirects to auth-signin, and drops the cookie and the rest of the answer"
	}
	matrix.Run(t, matrix.Proxy{
		Name: matrix.TraefikIngressNginx, Lacks: lost, OwnForwarded: true, OtherUpgrades: true,
		Start: func(t *testing.T, at matrix.Place) { startIngresses(t, at, "/public/", asNginx()...) },
	})
}

// TestIngresses tries what the Ingresses of the page do, beside the tries of the matrix.
func TestIngresses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	startIngresses(t, s.place, "/public/")
	s.app.will(nil)
	t.Run("a refusal reaches the client with its cookie", func(t *testing.T) {
		s.auth.will(refusing)
		r := s.send(t, "GET", "/home", nil, "")
		if r.status != http.StatusUnauthorized || len(r.header["Set-Cookie"]) != 1 || len(s.app.requests()) != 0 {
			t.Errorf("%d %v", r.status, r.header)
		}
	})
	t.Run("a cookie for somebody who passes does not", func(t *testing.T) {
		s.auth.will(func(w http.ResponseWriter, r *http.Request) {
			pass(w, r)
			w.Header().Set("Set-Cookie", "__Host-easyauth-seen=1")
		})
		if r := s.send(t, "GET", "/home", nil, ""); r.status != http.StatusOK || len(r.header["Set-Cookie"]) != 0 {
			t.Errorf("%d %q. The page says that the provider drops them", r.status, r.header["Set-Cookie"])
		}
	})
	t.Run("lies", func(t *testing.T) {
		s.auth.will(pass)
		s.app.will(nil)
		if r := s.send(t, "GET", "/admin/x", lies(), ""); r.status != http.StatusOK || s.auth.requests()[0].target != "/easyauth/auth/forward?role=Admin" {
			t.Fatalf("%d, %v", r.status, s.auth.requests())
		}
		noLies(t, append(s.auth.requests(), s.app.requests()...)...)
	})
	t.Run("where Traefik's ping is", func(t *testing.T) {
		s.auth.will(nil)
		s.app.will(nil)
		for _, target := range []string{"/home", "/public/x", "/easyauth/login"} {
			if r := sent(t, client(t, s.place.Admin), "GET", "http://"+matrix.Host+target, nil, ""); r.status == http.StatusOK {
				t.Errorf("%s: %d", target, r.status)
			}
		}
		if heard := append(s.auth.requests(), s.app.requests()...); len(heard) != 0 {
			t.Errorf("heard %v", heard)
		}
	})
	t.Run("closed paths", func(t *testing.T) {
		s.auth.will(nil)
		for target, want := range map[string]int{"/easyauth/auth": 404, "/easyauth/auth/forward": 404, "/easyauth/login": 200, "/public/..%2fadmin": 400, "/public;x/y": 400, "/public/x": 200} {
			if r := s.send(t, "GET", target, nil, ""); r.status != want {
				t.Errorf("%s: %d, want %d", target, r.status, want)
			}
		}
	})
}

// TestRegexOfANeighbor: the rule of an administrator has use-regex, so an unprotected path of the same host opens more
// than its author wrote, unless it ends with a slash.
func TestRegexOfANeighbor(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]map[string]int{
		"/public/": {"/public/x": 200, "/PUBLIC/x": 200, "/publicity": 401, "/home": 401},
		"/public":  {"/public/x": 200, "/PUBLIC/x": 200, "/publicity": 200, "/home": 401},
	} {
		s := newStage(t)
		startIngresses(t, s.place, public)
		s.auth.will(refusing)
		for target, status := range want {
			if r := s.send(t, "GET", target, nil, ""); r.status != status {
				t.Errorf("with %s %s is answered %d, want %d", public, target, r.status, status)
			}
		}
	}
}
