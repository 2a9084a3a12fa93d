package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// The identity provider cannot be reached: what needs it says so, all else works.
func TestServesWithoutIdentityProvider(t *testing.T) {
	s := start(t, minimal(t))

	for path, want := range map[string]string{
		"/healthz": `"status":"ok"`,
		"/readyz":  "identity provider: discovery has not succeeded yet",
		"/metrics": "easyauth_build_info{",
		"/version": `"version":"` + testVersion + `"`,
	} {
		if resp := s.get(s.admin, path, nil); resp.StatusCode != http.StatusOK || !strings.Contains(resp.body, want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, resp.body)
		}
	}
	var ready struct {
		Status   string
		Degraded []string
	}
	if err := json.Unmarshal([]byte(s.get(s.admin, "/readyz", nil).body), &ready); err != nil || ready.Status != "ready" || len(ready.Degraded) != 1 {
		t.Errorf("/readyz: %+v, %v", ready, err)
	}

	resp := s.get(s.public, "/easyauth/auth?role=Admin", asNginx("https://"+host+"/page"))
	if resp.StatusCode != http.StatusUnauthorized || len(resp.Header["Set-Cookie"]) != 1 {
		t.Errorf("auth: %d with cookies %q", resp.StatusCode, resp.Header["Set-Cookie"])
	}
	if resp := s.get(s.public, "/easyauth/auth?roles=Admin", asNginx("https://"+host+"/page")); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a wrong auth-url: %d", resp.StatusCode)
	}
	for name, header := range map[string]http.Header{"a page": navigation(), "a script": {"Accept": {"application/json"}}} {
		resp := s.get(s.public, "/easyauth/login?rd=/page", header)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || resp.Header.Get("Location") != "" {
			t.Errorf("login for %s: %d, Retry-After %q, Location %q", name, resp.StatusCode, resp.Header.Get("Retry-After"), resp.Header.Get("Location"))
		}
	}
	resp = s.get(s.admin, "/metrics", nil)
	for _, want := range []string{
		`easyauth_decisions_total{outcome="sign_in",reason="no_ticket"} 1`,
		`easyauth_configuration_errors_total{kind="bad_query"} 1`,
	} {
		if !strings.Contains(resp.body, want+"\n") {
			t.Errorf("/metrics: no %s in\n%s", want, resp.body)
		}
	}
}

func TestEachListenerServesItsOwn(t *testing.T) {
	s := start(t, with(t, map[string]string{"EASYAUTH_PPROF": "true"}))
	admin := []string{"/healthz", "/readyz", "/metrics", "/version", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine"}
	for _, path := range append(admin, "/", "/healthz/", "//healthz", "/easyauth/healthz", "/easyauth/metrics") {
		for _, header := range []http.Header{nil, navigation(), {"User-Agent": {"kube-probe/1.33"}}} {
			if resp := s.get(s.public, path, header); resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s on the public listener: %d", path, resp.StatusCode)
			}
		}
	}
	for _, path := range []string{"/", "/easyauth/auth", "/easyauth/login", "/easyauth/me"} {
		if resp := s.get(s.admin, path, asNginx("https://"+host+"/page")); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s on the admin listener: %d", path, resp.StatusCode)
		}
	}
}

func TestProfilerOnlyWhenAsked(t *testing.T) {
	for value, want := range map[string]int{"true": http.StatusOK, "false": http.StatusNotFound, "": http.StatusNotFound} {
		s := start(t, with(t, map[string]string{"EASYAUTH_PPROF": value}))
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/symbol"} {
			if resp := s.get(s.admin, path, nil); resp.StatusCode != want {
				t.Errorf("EASYAUTH_PPROF=%s: %s: %d", value, path, resp.StatusCode)
			}
		}
	}
}

func TestListenersThatAreTaken(t *testing.T) {
	taken := listen(t, "127.0.0.1:0")
	defer taken.Close()
	for _, variable := range []string{"EASYAUTH_LISTEN", "EASYAUTH_ADMIN_LISTEN"} {
		vars := with(t, map[string]string{"EASYAUTH_LISTEN": freeAddress(t), "EASYAUTH_ADMIN_LISTEN": freeAddress(t)})
		free := vars[variable]
		vars[variable] = taken.Addr().String()
		code, stdout, stderr := execute(t, vars, "serve")
		if code != exitFailed || !strings.Contains(stdout, variable+": listen tcp "+taken.Addr().String()) || !strings.Contains(stdout, "address already in use") {
			t.Errorf("%s: exit code %d\n%s%s", variable, code, stdout, stderr)
		}
		vars[variable] = free
		start(t, vars) // the other address was not left in use
	}
}

// Once, whatever is logged: where standard error and output are one, nobody reads it twice.
func TestInsecureHTTPSaysSoAtEveryStart(t *testing.T) {
	const warned = "EASYAUTH_INSECURE_HTTP is on"
	for _, vars := range []map[string]string{
		{"EASYAUTH_INSECURE_HTTP": "true"},
		{"EASYAUTH_INSECURE_HTTP": "true", "EASYAUTH_LOG_FORMAT": "json", "EASYAUTH_LOG_LEVEL": "info"},
	} {
		for range 2 {
			s := start(t, with(t, vars))
			s.end(errInterrupted)
			s.wait()
			if !strings.Contains(s.errs.String(), "warning: "+warned) || strings.Count(s.out.String()+s.errs.String(), "INSECURE") != 1 {
				t.Errorf("stdout: %s\nstderr: %s", s.out.String(), s.errs.String())
			}
		}
	}
	s := start(t, minimal(t))
	s.end(errInterrupted)
	if s.wait(); strings.Contains(s.out.String()+s.errs.String(), "INSECURE") {
		t.Errorf("without it: %s%s", s.out.String(), s.errs.String())
	}
}

// At a log level that hides warnings standard error still has it.
func TestInsecureHTTPSaysSoAtAnyLogLevel(t *testing.T) {
	taken := listen(t, "127.0.0.1:0")
	defer taken.Close()
	_, _, stderr := execute(t, with(t, map[string]string{
		"EASYAUTH_INSECURE_HTTP": "true", "EASYAUTH_LOG_LEVEL": "error", "EASYAUTH_LISTEN": taken.Addr().String(),
	}), "serve")
	if !strings.Contains(stderr, "warning: EASYAUTH_INSECURE_HTTP is on") {
		t.Errorf("got %q", stderr)
	}
}

func TestLogFormats(t *testing.T) {
	taken := listen(t, "127.0.0.1:0")
	defer taken.Close()
	for format, want := range map[string]string{"json": `"level":"ERROR","msg":"stopped"`, "text": "level=ERROR msg=stopped"} {
		_, stdout, _ := execute(t, with(t, map[string]string{"EASYAUTH_LOG_FORMAT": format, "EASYAUTH_LISTEN": taken.Addr().String()}), "serve")
		if !strings.Contains(stdout, want) {
			t.Errorf("%s: %s", format, stdout)
		}
	}
}
