package authserver_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/registration"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// described is a registration that says much of itself, and may read it.
func described(edits ...func(*emulator.Client)) options {
	return options{
		names: access.NewScopeNames(clientID, nil, graphURL),
		emulator: func(c *emulator.Config) {
			client := &c.Clients[0]
			client.Name, client.SupportURL, client.PrivacyURL = "Contoso Orders", "https://help.contoso.example/", "https://contoso.example/privacy"
			client.API = emulator.API{URI: "https://orders.contoso.example", Scopes: []string{"Orders.Read"}}
			client.AppPermissions = map[string][]string{emulator.GraphURI: {"Application.Read.All"}}
			for _, edit := range edits {
				edit(client)
			}
		},
	}
}

func pngLogo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reading is a Reader at work whose pauses end when the test says so.
type reading struct {
	asked chan time.Duration
	next  chan struct{}
	log   *lockedBuffer
}

// readRegistration starts a Reader for a kit.
func readRegistration(t *testing.T, k *kit, o options) *reading {
	t.Helper()
	r := &reading{asked: make(chan time.Duration), next: make(chan struct{}), log: &lockedBuffer{}}
	reader, err := registration.New(registration.Config{
		ClientID: clientID, Tokens: k.provider, Directory: k.graph, Names: o.names, Adopt: k.pages.Adopt,
		Log: slog.New(slog.NewJSONHandler(r.log, nil)),
		Wait: func(ctx context.Context, d time.Duration) bool {
			select {
			case r.asked <- d:
			case <-ctx.Done():
				return false
			}
			select {
			case <-r.next:
				k.advance(d)
				return true
			case <-ctx.Done():
				return false
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); reader.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return r
}

// again ends the pause and returns the next one.
func (r *reading) again() time.Duration {
	r.next <- struct{}{}
	return <-r.asked
}

// The registration tells the scopes of our API, and what pages show.
func TestRegistrationIsRead(t *testing.T) {
	logo := pngLogo(t)
	o := described(func(c *emulator.Client) { c.Logo = logo })
	k := newKit(t, o)
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/page", "scope=Orders.Read"); resp.StatusCode != 403 || strings.Contains(resp.body, "Contoso Orders") {
		t.Fatalf("before: %d\n%s", resp.StatusCode, resp.text())
	}
	if resp := b.get(app + basePath + "/logo"); resp.StatusCode != 404 {
		t.Errorf("a logo before it was read: %d", resp.StatusCode)
	}
	k.idp.ResetCounts()
	r := readRegistration(t, k, o)
	if d := <-r.asked; d != 24*time.Hour {
		t.Errorf("read again after %v\n%s", d, r.log)
	}
	want := "GET /servicePrincipals(appId='" + clientID + "')?$select=appId,displayName,servicePrincipalNames,oauth2PermissionScopes,info"
	if got := k.idp.GraphCalls(); len(got) != 1 || k.idp.GraphURLs()[0] != want || !got[0].App {
		t.Errorf("asked %q", k.idp.GraphURLs())
	}
	for _, scope := range []string{"Orders.Read", "https://orders.contoso.example/Orders.Read"} {
		if resp := b.open(app+"/page", "scope="+scope); resp.StatusCode != 202 {
			t.Errorf("%s: %d\n%s", scope, resp.StatusCode, resp.text())
		}
	}
	resp := b.open(app+"/admin", "role=Owner")
	for _, text := range []string{"Contoso Orders", `href="https://help.contoso.example/"`, `href="https://contoso.example/privacy"`, basePath + "/logo"} {
		if !strings.Contains(resp.body, text) {
			t.Errorf("the page has no %s:\n%s", text, resp.text())
		}
	}
	resp = b.get(app + basePath + "/logo")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "image/png" || resp.body != string(logo) {
		t.Errorf("the logo: %d, %s, %d bytes", resp.StatusCode, resp.Header.Get("Content-Type"), len(resp.body))
	}
	for day := range 3 {
		if d := r.again(); d != 24*time.Hour || len(k.idp.GraphCalls()) != day+2 {
			t.Errorf("day %d: %d reads, the next after %v", day+1, len(k.idp.GraphCalls()), d)
		}
	}
	if strings.Contains(r.log.String(), "WARN") {
		t.Errorf("warnings:\n%s", r.log)
	}
}

// Without the permission everything else works, one warning says what is missing,
// and an hour after it was granted the registration is read.
func TestRegistrationMayNotBeRead(t *testing.T) {
	o := described(func(c *emulator.Client) { c.AppPermissions, c.API.URI = nil, "" })
	k := newKit(t, o)
	r := readRegistration(t, k, o)
	if d := <-r.asked; d != time.Hour {
		t.Errorf("tried again after %v", d)
	}
	for range 3 {
		if d := r.again(); d != time.Hour {
			t.Errorf("tried again after %v", d)
		}
	}
	if n := strings.Count(r.log.String(), "WARN"); n != 1 || !strings.Contains(r.log.String(), "Application.Read.All") || len(k.idp.GraphCalls()) != 4 {
		t.Errorf("%d warnings for %d tries:\n%s", n, len(k.idp.GraphCalls()), r.log)
	}
	for _, query := range []string{"", "scope=Mail.Read", "scope=api://" + clientID + "/Orders.Read", "role=Admin"} {
		if resp := k.browser(emulator.Adele).open(app+"/page", query); resp.StatusCode != 202 {
			t.Errorf("%q: %d\n%s", query, resp.StatusCode, resp.text())
		}
	}
	k.idp.SetFaults(emulator.Faults{Roles: []string{"Application.Read.All"}})
	if d := r.again(); d != 24*time.Hour {
		t.Errorf("granted: %v\n%s", d, r.log)
	}
	k.idp.ClearFaults()
	if resp := k.browser(emulator.Adele).open(app+"/page", "scope=Orders.Read"); resp.StatusCode != 202 {
		t.Errorf("a bare name now: %d\n%s", resp.StatusCode, resp.text())
	}
}

// A logo that cannot be one is left out. The rest is taken.
func TestRegistrationWithAWrongLogo(t *testing.T) {
	for name, logo := range map[string][]byte{
		"none":        nil,
		"SVG":         []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"a page":      []byte("<!doctype html><script>alert(1)</script>"),
		"text":        []byte("a logo"),
		"too large":   append(pngLogo(t), make([]byte, 300<<10)...),
		"another one": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
	} {
		t.Run(name, func(t *testing.T) {
			o := described(func(c *emulator.Client) { c.Logo = logo })
			k := newKit(t, o)
			r := readRegistration(t, k, o)
			if d := <-r.asked; d != 24*time.Hour {
				t.Errorf("read again after %v\n%s", d, r.log)
			}
			b := k.browser(emulator.Adele)
			want := http.StatusNotFound
			if name == "another one" {
				want = http.StatusOK
			}
			if resp := b.get(app + basePath + "/logo"); resp.StatusCode != want {
				t.Errorf("the logo: %d, want %d\n%s", resp.StatusCode, want, r.log)
			}
			resp := b.open(app+"/admin", "role=Owner")
			if !strings.Contains(resp.body, "Contoso Orders") || strings.Contains(resp.body, "<img") != (want == http.StatusOK) {
				t.Errorf("the page:\n%s", resp.text())
			}
		})
	}
}

// While Graph or the token endpoint fails, the pauses grow, or are as long as
// Graph asks for; nothing that was learned is lost.
func TestRegistrationFailures(t *testing.T) {
	fails := func(e emulator.Endpoint, f emulator.EndpointFault) emulator.Faults {
		return emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{e: f}}
	}
	const s = time.Second
	for name, tt := range map[string]struct {
		faults emulator.Faults
		pauses []time.Duration
	}{
		"an error of Graph's":    {fails(emulator.EndpointGraph, emulator.EndpointFault{Status: 500}), []time.Duration{5 * s, 10 * s, 20 * s, 40 * s}},
		"too many requests":      {fails(emulator.EndpointGraph, emulator.EndpointFault{Status: 429, RetryAfter: 90}), []time.Duration{90 * s, 90 * s}},
		"garbage":                {fails(emulator.EndpointGraph, emulator.EndpointFault{Garbage: true}), []time.Duration{5 * s, 10 * s}},
		"the connection breaks":  {fails(emulator.EndpointGraph, emulator.EndpointFault{Drop: true}), []time.Duration{5 * s, 10 * s}},
		"no token":               {fails(emulator.EndpointToken, emulator.EndpointFault{Status: 503}), []time.Duration{5 * s, 10 * s, 20 * s}},
		"another application's":  {fails(emulator.EndpointGraph, emulator.EndpointFault{Body: `{"appId":"` + otherID + `"}`}), []time.Duration{5 * s, 10 * s}},
		"a redirect":             {fails(emulator.EndpointGraph, emulator.EndpointFault{Location: "https://evil.example/"}), []time.Duration{5 * s, 10 * s}},
		"an answer without name": {fails(emulator.EndpointGraph, emulator.EndpointFault{Body: `{}`}), []time.Duration{5 * s, 10 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			o := described()
			k := newKit(t, o)
			k.idp.SetFaults(tt.faults)
			r := readRegistration(t, k, o)
			got := []time.Duration{<-r.asked}
			for range tt.pauses[1:] {
				got = append(got, r.again())
			}
			if !slices.Equal(got, tt.pauses) || strings.Count(r.log.String(), "WARN") != 1 {
				t.Errorf("pauses %v, want %v\n%s", got, tt.pauses, r.log)
			}
			k.idp.ClearFaults()
			k.advance(time.Minute) // a token that could not be had is not asked for at once
			if d := r.again(); d != 24*time.Hour {
				t.Fatalf("after it: %v\n%s", d, r.log)
			}
			k.idp.SetFaults(tt.faults)
			if d := r.again(); d != tt.pauses[0] {
				t.Errorf("a day later it fails again: %v", d)
			}
			k.idp.ClearFaults()
			if resp := k.browser(emulator.Adele).open(app+"/page", "scope=Orders.Read"); resp.StatusCode != 202 {
				t.Errorf("what was learned: %d\n%s", resp.StatusCode, resp.text())
			}
			if resp := k.browser(emulator.Adele).open(app+"/admin", "role=Owner"); !strings.Contains(resp.body, "Contoso Orders") {
				t.Errorf("the page:\n%s", resp.text())
			}
		})
	}
}

// It ends with its context, also in the middle of a pause: the cleanup of each
// test here waits for it.
func TestRegistrationEnds(t *testing.T) {
	o := described()
	k := newKit(t, o)
	r := readRegistration(t, k, o)
	<-r.asked
}
