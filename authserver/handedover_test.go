package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	accessHeader = "X-Injected-Access-Token"
	idHeader     = "X-Injected-Id-Token"
)

// forged is what a client may send itself.
func forged() http.Header {
	return http.Header{accessHeader: {"forged"}, idHeader: {"forged"}, "X_injected_access_token": {"forged"}}
}

// Tokens are handed over where that is on, those of the last refresh, and a client's
// own never are.
func TestTokensHandedOver(t *testing.T) {
	p := newPair(t, options{pass: true})
	b := p.a.signedIn(emulator.Adele)
	first := b.check(page, "", forged())
	one := first.Header.Get(accessHeader)
	if first.StatusCode != http.StatusAccepted || one == "" || strings.Count(first.Header.Get(idHeader), ".") != 2 || len(first.Header[accessHeader]) != 1 {
		t.Fatalf("%d %v", first.StatusCode, first.Header)
	}
	if there := b.at(p.b).check(page, "", forged()); there.Header.Get(accessHeader) != one {
		t.Error("another one at the other replica")
	}
	p.due()
	two := b.check(page, "").Header.Get(accessHeader)
	if two == one || two == "" || b.at(p.a).check(page, "").Header.Get(accessHeader) != two {
		t.Error("not that of the refresh")
	}
	refused := b.check(page, "role=Nobody", forged())
	if refused.StatusCode != http.StatusUnauthorized || refused.Header.Get(accessHeader) != "" || refused.Header.Get(idHeader) != "" {
		t.Errorf("a request that is refused: %d %v", refused.StatusCode, refused.Header)
	}
	if text := p.a.log.String() + p.b.log.String(); strings.Contains(text, one) || strings.Contains(text, two) || strings.Contains(text, "eyJ") {
		t.Error("a token in the log")
	}
}

// The headers are there, empty, where there is no token; and not at all where the
// hand-over is off.
func TestTokensNotHandedOver(t *testing.T) {
	empty := func(t *testing.T, what string, resp *http.Response, want bool) {
		t.Helper()
		for _, name := range []string{accessHeader, idHeader} {
			if values, there := resp.Header[name]; there != want || len(values) > 0 && values[0] != "" || resp.StatusCode != http.StatusAccepted {
				t.Errorf("%s: %d %s %q", what, resp.StatusCode, name, values)
			}
		}
	}
	on := newPair(t, options{pass: true})
	on.a.idp.SetFaults(emulator.Faults{})
	empty(t, "a session without tokens", on.a.ask("GET", "", with2(nginx(on.a.issue(access.Identity{})), forged())), true)
	off := newPair(t, options{})
	empty(t, "it is off", off.a.signedIn(emulator.Adele).check(page, "", forged()).Response, false)
	inCookies := newKit(t, options{pass: true})
	empty(t, "in cookies", inCookies.signedIn(emulator.Adele).check(page, "", forged()).Response, true)
}

func with2(h, more http.Header) http.Header {
	for name, values := range more {
		h[name] = values
	}
	return h
}

// A bearer token is the client's own: nothing is handed over beside it, also not the
// tokens of a session that comes along.
func TestBearerHasNoTokens(t *testing.T) {
	names := access.NewScopeNames(clientID, nil, graphURL)
	names.Learn(nil, []string{"Orders.Read"})
	k := newKit(t, options{bearer: true, names: names, pass: true, store: memstore.New("0123456789abcdef", nil)})
	b := k.signedIn(emulator.Adele)
	if b.check(page, "").Header.Get(accessHeader) == "" {
		t.Fatal("the session has none")
	}
	token, err := k.idp.UserToken(emulator.Bob, clientID, "api://"+clientID+"/Orders.Read")
	if err != nil {
		t.Fatal(err)
	}
	resp := b.check(page, "", http.Header{"Authorization": {"Bearer " + token}}, forged())
	if resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Injected-Oid") != emulator.BobOID {
		t.Fatalf("%d %v (%s)", resp.StatusCode, resp.Header, k.lastReason())
	}
	for _, name := range []string{accessHeader, idHeader} {
		if values := resp.Header[name]; len(values) != 1 || values[0] != "" {
			t.Errorf("%s: %q", name, values)
		}
	}
}

// Each role answers its own addresses and no other.
func TestRoles(t *testing.T) {
	store := memstore.New("0123456789abcdef", nil)
	both := newKit(t, options{store: store})
	authOnly := newKit(t, options{store: store, idp: both.idp, roles: authserver.Roles{Auth: true}})
	signInOnly := newKit(t, options{store: store, idp: both.idp, roles: authserver.Roles{SignIn: true}})
	named := newKit(t, options{store: store, idp: both.idp, roles: authserver.Roles{Auth: true, SignIn: true}})
	for _, row := range []struct {
		method, path string
		auth         bool // of which role
		want         int  // of who has it
	}{
		{"GET", authPath, true, 401},
		{"POST", authPath, true, 401},
		{"GET", basePath + "/login", false, 302},
		{"GET", basePath + "/signin-oidc", false, 400},
		{"GET", basePath + "/logout", false, 200},
		{"POST", basePath + "/logout", false, 302},
		{"GET", basePath + "/signout-callback-oidc", false, 200},
		{"GET", basePath + "/me", false, 401},
		{"POST", basePath + "/me", false, 401},
		{"GET", frontPath, false, 200},
		{"POST", backPath, false, 400},
	} {
		for name, k := range map[string]*kit{"both": both, "auth": authOnly, "signin": signInOnly, "auth,signin": named} {
			h := nginx("")
			h["Sec-Fetch-Site"], h["Sec-Fetch-Mode"], h["Sec-Fetch-Dest"] = []string{"same-origin"}, []string{"navigate"}, []string{"document"}
			want := row.want
			if k == authOnly && !row.auth || k == signInOnly && row.auth {
				want = http.StatusNotFound
			}
			if resp := k.send(row.method, row.path, h, ""); resp.StatusCode != want {
				t.Errorf("%s %s of %s: %d, want %d", row.method, row.path, name, resp.StatusCode, want)
			}
		}
	}
	// Apart, they serve one sign-in.
	b := signInOnly.browser(emulator.Adele)
	if resp := b.at(authOnly).check(page, ""); resp.StatusCode != http.StatusUnauthorized {
		t.Fatal(resp.StatusCode)
	}
	b.at(signInOnly)
	back := b.get(b.atEntra(b.get(loginURL(page)).Header.Get("Location")))
	if resp := b.at(authOnly).check(page, "role=Admin"); back.Header.Get("Location") != page || resp.StatusCode != http.StatusAccepted {
		t.Errorf("%q, %d", back.Header.Get("Location"), resp.StatusCode)
	}
}
