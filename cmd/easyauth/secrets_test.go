package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// Nothing that must stay secret is ever printed, at the most talkative level.
func TestSecretsAreNotPrinted(t *testing.T) {
	for _, tt := range []struct {
		name, format, clientSecret string
		signsIn                    bool
	}{
		{"json, a client secret that the IdP refuses", "json", marker, false},
		{"json, signed in", "json", "s3cret", true},
		{"text, a client secret that the IdP refuses", "text", marker, false},
		{"text, signed in", "text", "s3cret", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			idp, _ := startEntra(t, "127.0.0.1:0")
			key := keyText('k')
			vars := with(t, laptop(t, strings.TrimPrefix(idp.BaseURL(), "http://")), map[string]string{
				"EASYAUTH_LOG_LEVEL": "debug", "EASYAUTH_LOG_FORMAT": tt.format, "EASYAUTH_KEYS": key,
				"EASYAUTH_CLIENT_SECRET": tt.clientSecret, "EASYAUTH_PPROF": "true",
			})
			s := start(t, vars)
			v := visitAll(t, s, tt.signsIn)
			printed := append(v.pages, adminPages(s)...)
			s.end(errInterrupted)
			s.wait()
			printed = append(printed, s.out.String(), s.errs.String())
			for _, secret := range append(v.secrets, key, marker) {
				for _, text := range printed {
					if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
						t.Errorf("%.12q… is printed in\n%s", secret, text)
					}
				}
			}
			if _, logged := s.logged("auth"); !logged {
				t.Error("nothing of this was logged, so nothing was tested")
			}
		})
	}
}

// visits are what a browser got and where it went.
type visits struct {
	pages   []string // bodies that were answered
	secrets []string // cookies, codes and states
}

// visitAll signs in, after it has left the marker everywhere a client can.
func visitAll(t *testing.T, s *server, signsIn bool) visits {
	t.Helper()
	b := newBrowser(t, s)
	waitFor(t, "discovery", func() bool { return b.login().StatusCode == http.StatusFound })
	ours := "http://" + host + "/easyauth/"
	hostile := http.Header{"Cookie": {"easyauth=" + marker}, "Authorization": {"Bearer " + marker}, "X-Original-Url": {marker}}
	var v visits
	for _, resp := range []*response{
		b.get(ours+"login?rd="+url.QueryEscape(page+"&token="+marker)+"&x="+marker, navigation()),
		b.get(ours+"login?prompt="+marker, navigation()),
		b.get(ours+"auth?role="+marker, asNginx(page+"&token="+marker)),
		b.get(ours+"auth?roles="+marker, asNginx(page+"&token="+marker)),
		b.get(ours+"auth", hostile),
		b.get(ours+"me", hostile),
		b.get(ours+"signin-oidc?code="+marker+"&state="+marker, navigation()),
		b.get(ours+"signin-oidc?error="+marker+"&state="+marker, http.Header{"Accept": {"application/json"}}),
		b.get(ours+"logout?rd="+marker, navigation()),
	} {
		v.pages = append(v.pages, resp.body)
	}
	callback, err := entra.SignIn(t.Context(), b.client, b.login().Header.Get("Location"), entra.Adele)
	if err != nil {
		t.Fatal(err)
	}
	v.pages = append(v.pages, b.get(callback, navigation()).body)
	if b.passes() != signsIn {
		t.Errorf("passes: %v, want %v", !signsIn, signsIn)
	}
	v.pages = append(v.pages, b.get(ours+"auth?role="+marker, asNginx(page+"&token="+marker)).body)
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	v.secrets = append(v.secrets, u.Query().Get("code"), u.Query().Get("state"))
	for _, c := range b.client.Jar.Cookies(&url.URL{Scheme: "http", Host: host, Path: "/easyauth/signin-oidc"}) {
		v.secrets = append(v.secrets, c.Value)
	}
	for _, secret := range v.secrets {
		if len(secret) < 16 {
			t.Fatalf("%q is no secret to look for", secret)
		}
	}
	return v
}

func adminPages(s *server) []string {
	var bodies []string
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/version", "/debug/pprof/", "/debug/pprof/cmdline"} {
		bodies = append(bodies, s.get(s.admin, path, nil).body)
	}
	return bodies
}
