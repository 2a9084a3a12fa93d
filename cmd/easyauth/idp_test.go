package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const page = "http://" + host + "/orders?id=7"

// laptop is a configuration with http hosts, so that a cookie jar sends the
// cookies back over http.
func laptop(t *testing.T, idpAddress string) map[string]string {
	return with(t, map[string]string{"EASYAUTH_INSECURE_HTTP": "true", "EASYAUTH_INSTANCE": "http://" + idpAddress})
}

func startEntra(t *testing.T, address string) (idp *entra.Server, stop func()) {
	t.Helper()
	idp = entra.New(entra.Config{Clients: []entra.Client{{
		ID: clientID, Secret: "s3cret", RedirectURIs: []string{"http://" + host + "/easyauth/signin-oidc"},
	}}})
	stop, err := idp.Start(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return idp, stop
}

// browser is a person's: its requests to the application's host reach the
// server it looks at, with cookies.
type browser struct {
	t      *testing.T
	at     *server
	client *http.Client
}

func newBrowser(t *testing.T, at *server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, at: at}
	var d net.Dialer
	b.client = &http.Client{
		Jar: jar, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == host+":80" {
					address = b.at.public
				}
				return d.DialContext(ctx, network, address)
			},
		},
	}
	return b
}

func (b *browser) get(target string, header http.Header) *response {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, target, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header = header
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		b.t.Fatal(err)
	}
	return &response{resp, string(body)}
}

// check asks the auth endpoint about the page, as nginx does.
func (b *browser) check() *response {
	b.t.Helper()
	return b.get("http://"+host+"/easyauth/auth", asNginx(page))
}

func (b *browser) login() *response {
	b.t.Helper()
	return b.get("http://"+host+"/easyauth/login?rd="+url.QueryEscape(page), navigation())
}

// signIn goes the whole way and returns the callback's address.
func (b *browser) signIn() string {
	b.t.Helper()
	resp := b.login()
	if resp.StatusCode != http.StatusFound {
		b.t.Fatalf("login: %d %s", resp.StatusCode, resp.body)
	}
	callback, err := entra.SignIn(b.t.Context(), b.client, resp.Header.Get("Location"), entra.Adele)
	if err != nil {
		b.t.Fatal(err)
	}
	if resp := b.get(callback, navigation()); resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != page {
		b.t.Fatalf("callback: %d, Location %q\n%s", resp.StatusCode, resp.Header.Get("Location"), resp.body)
	}
	return callback
}

// passes reports whether the page opens for Adele.
func (b *browser) passes() bool {
	b.t.Helper()
	resp := b.check()
	return resp.StatusCode == http.StatusAccepted && resp.Header.Get("X-Injected-Oid") == entra.AdeleOID
}

// The identity provider comes late, goes, and stays away at the next start.
func TestIdentityProviderComesAndGoes(t *testing.T) {
	address := freeAddress(t)
	s := start(t, laptop(t, address))
	b := newBrowser(t, s)
	if resp := b.login(); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("login before discovery: %d", resp.StatusCode)
	}

	idp, stop := startEntra(t, address)
	waitFor(t, "discovery", func() bool { return !strings.Contains(s.get(s.admin, "/readyz", nil).body, "degraded") })
	resp := b.login()
	if target := resp.Header.Get("Location"); resp.StatusCode != http.StatusFound || !strings.HasPrefix(target, idp.Authority()+"/oauth2/v2.0/authorize?") {
		t.Fatalf("login after discovery: %d %q", resp.StatusCode, target)
	}
	if b.passes() {
		t.Fatal("passes before the sign-in")
	}
	b.signIn()
	if !b.passes() {
		t.Fatal("does not pass after the sign-in")
	}

	stop()
	if !b.passes() {
		t.Error("the identity provider is gone, and so is the session")
	}
	if resp := s.get(s.admin, "/readyz", nil); resp.StatusCode != http.StatusOK {
		t.Errorf("/readyz while it is gone: %d", resp.StatusCode)
	}

	b.at = start(t, laptop(t, address)) // another replica, or a restart
	if !b.passes() {
		t.Error("a ticket does not pass a server that has never reached the identity provider")
	}
	if resp := newBrowser(t, b.at).check(); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a ticket: %d", resp.StatusCode)
	}
	b.at = start(t, with(t, laptop(t, address), map[string]string{"EASYAUTH_KEYS": keyText(9)}))
	if b.passes() {
		t.Error("a ticket passes a server with other keys")
	}
}
