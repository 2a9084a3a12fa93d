package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// What the pod of `helm test` runs, against the program itself.
func TestHealthcheckOfAServer(t *testing.T) {
	idp := freeAddress(t)
	s := start(t, with(t, map[string]string{"EASYAUTH_INSTANCE": "http://" + idp}))
	auth, login := "--url=http://"+s.public+"/easyauth/auth", "--url=http://"+s.public+"/easyauth/login"
	page := "--page=https://" + host + "/"
	signIn := []string{"healthcheck", login, page, "--status=401"}
	if code, _, stderr := execute(t, nil, signIn...); code != exitFailed || !holds(stderr, "answered 503, not 401") {
		t.Errorf("nobody can sign in yet: exit code %d\n%s", code, stderr)
	}
	startEntra(t, idp)
	waitFor(t, "the sign-in page", func() bool {
		code, _, _ := execute(t, nil, signIn...)
		return code == exitOK
	})
	tests := []struct {
		name    string
		args    []string
		want    int
		wantErr string
	}{
		{"the check refuses nobody in particular", []string{auth, page, "--status=401"}, exitOK, ""},
		{"the same with a wrong status", []string{auth, page, "--status=202"}, exitFailed, "answered 401, not 202"},
		{"the same without a status", []string{auth, page}, exitFailed, "answered 401, not 200"},
		{"the check without a page", []string{auth, "--status=401"}, exitFailed, "answered 403, not 401"},
		{"the sign-in page on another host", []string{login, "--page=https://other.example.net/", "--status=401"}, exitFailed, "answered 421, not 401"},
		{"nobody there", []string{"--url=http://" + freeAddress(t) + "/"}, exitFailed, "not healthy: dial tcp"},
		{"no scheme", []string{"--url=" + s.public}, exitUsage, "--url must be a URL"},
		{"no host", []string{"--url=http:///easyauth/auth"}, exitUsage, "--url must be a URL"},
		{"a page without scheme", []string{auth, "--page=app.example.com"}, exitUsage, "--page must be a URL"},
		{"a page without an address", []string{page}, exitUsage, "go with --url"},
		{"a status without an address", []string{"--status=401"}, exitUsage, "go with --url"},
		{"insecure without an address", []string{"--insecure"}, exitUsage, "go with --url"},
	}
	for _, tt := range tests {
		code, stdout, stderr := execute(t, nil, append([]string{"healthcheck"}, tt.args...)...)
		if code != tt.want || (stdout == "ok\n") != (tt.want == exitOK) || !holds(stderr, tt.wantErr) {
			t.Errorf("%s: exit code %d, want %d\nstdout: %s\nstderr: %s", tt.name, code, tt.want, stdout, stderr)
		}
	}
}

func TestHealthcheckOfACertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer server.Close()
	args := []string{"healthcheck", "--url=" + server.URL, "--status=204"}
	if code, _, stderr := execute(t, nil, args...); code != exitFailed || !holds(stderr, "certificate") {
		t.Errorf("a certificate of nobody: exit code %d\n%s", code, stderr)
	}
	if code, stdout, stderr := execute(t, nil, append(args, "--insecure")...); code != exitOK || stdout != "ok\n" {
		t.Errorf("not verified: exit code %d\n%s", code, stderr)
	}
}
