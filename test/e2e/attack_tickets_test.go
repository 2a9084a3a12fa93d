package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// mint seals a visitor's ticket again: for another deployment with the same keys, or
// for other times.
func mint(t *testing.T, v *visitor, domain func(*seal.Domain), edit func(*ticket.Ticket)) string {
	t.Helper()
	own, err := ticket.New(ticket.Config{Ring: ringOf(t, v.s), Issuer: authorityOf(v.s)})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := own.Open(v.cookie(ticketCookie))
	if err != nil {
		t.Fatal(err)
	}
	d := seal.Domain{BasePath: "/easyauth", Authority: authorityOf(v.s), ClientID: stand.ClientID}
	if domain != nil {
		domain(&d)
	}
	ring, err := seal.NewRing([][]byte{[]byte(stand.Key)}, d)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: d.Authority})
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(opened)
	}
	chunks, dropped, err := codec.Seal(opened)
	if err != nil || len(chunks) != 1 || len(dropped) > 0 {
		t.Fatalf("%d cookies, %v dropped: %v", len(chunks), dropped, err)
	}
	return ticketCookie + "=" + chunks[0]
}

// Tickets that were really made with our keys, but not for this deployment or not
// for this time, through nginx.
func TestAttack16And17TicketsOfOurKeys(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_SESSION_LIFETIME": "2h", "EASYAUTH_RENEW_BEFORE": "0"}
	s := start(t, cfg)
	v := signedIn(t, s, entra.Adele)
	times := func(issued, expires time.Duration) func(*ticket.Ticket) {
		return func(k *ticket.Ticket) {
			k.Issued, k.Expires = time.Now().Add(issued), time.Now().Add(expires)
		}
	}
	tests := []struct {
		name   string
		domain func(*seal.Domain)
		edit   func(*ticket.Ticket)
		status int
	}{
		{"the same again", nil, nil, 200},
		{"another base path", func(d *seal.Domain) { d.BasePath = "/easyauth2" }, nil, 401},
		{"the base path with a slash", func(d *seal.Domain) { d.BasePath += "/" }, nil, 401},
		{"another client id", func(d *seal.Domain) { d.ClientID = callerID }, nil, 401},
		{"another authority", func(d *seal.Domain) { d.Authority = strings.Replace(d.Authority, "127.0.0.1", "127.0.0.2", 1) }, nil, 401},
		{"another tenant's authority", func(d *seal.Domain) {
			d.Authority = strings.Replace(d.Authority, s.Entra.TenantID(), "6f1d3a52-8c07-4b1e-9a64-2d5e7c90b3ff", 1)
		}, nil, 401},
		{"parts moved", func(d *seal.Domain) {
			d.BasePath, d.Authority = d.BasePath+d.Authority[:1], d.Authority[1:]
		}, nil, 401},
		{"another tenant's person", nil, func(k *ticket.Ticket) { k.Identity.Tenant = "6f1d3a52-8c07-4b1e-9a64-2d5e7c90b3ff" }, 401},
		{"just before its end", nil, times(-time.Hour, time.Minute), 200},
		{"at its end", nil, times(-time.Hour, -time.Second), 401},
		{"long after", nil, times(-48*time.Hour, -47*time.Hour), 401},
		{"a little ahead", nil, times(30*time.Second, time.Hour), 200}, // another replica's clock
		{"not yet valid", nil, times(2*time.Minute, time.Hour), 401},
		{"of next year", nil, times(365*24*time.Hour, 366*24*time.Hour), 401},
		{"just within the lifetime", nil, times(-2*time.Hour+time.Minute, 24*time.Hour), 200},
		{"older than the lifetime", nil, times(-2*time.Hour-time.Second, 24*time.Hour), 401},
		{"for ever", nil, times(-3*time.Hour, 24*365*100*time.Hour), 401},
	}
	for _, tt := range tests {
		cookies := mint(t, v, tt.domain, tt.edit)
		for range 2 { // the second time it was seen before
			r := v.with(cookies, "/api/x")
			if r.status != tt.status || tt.status == 200 && r.echo(t).Headers.Get("X-Injected-Oid") != entra.AdeleOID {
				t.Errorf("%s: %d, want %d", tt.name, r.status, tt.status)
			}
		}
	}
}

// Whatever else we seal is no ticket, whichever cookie it is put into.
func TestAttack16OtherPurposes(t *testing.T) {
	t.Parallel()
	cfg := noRegistration()
	cfg.Env["EASYAUTH_SESSION_IDLE"] = "1m"
	s := start(t, cfg)
	a := begin(t, s, entra.Adele, "/page")
	state, denied := a.answer.Get("state"), newVisitor(t, s, entra.Adele)
	denied.get("/mail")
	v := signedIn(t, s, entra.Adele)
	seen := ""
	waitUntil(t, "the cookie of the last use", func() bool {
		v.get("/api/x")
		seen = v.cookie(ticketCookie + "-seen")
		return seen != ""
	})
	sealed := map[string]string{
		"state": state, "the denial": denied.cookie(denialCookie), "the browser's": v.cookie(browserCookie), "the last use": seen, "the ticket": v.cookie(ticketCookie),
	}
	for name, value := range sealed {
		for _, as := range []string{value, "1" + value, value[1:], "2" + value} {
			for _, cookie := range []string{ticketCookie, ticketCookie1} {
				r := v.with(cookie+"="+as, "/api/x")
				if ok := name == "the ticket" && as == value && cookie == ticketCookie; (r.status == http.StatusOK) != ok || r.status != http.StatusOK && r.status != http.StatusUnauthorized {
					t.Errorf("%s as %s: %d", name, cookie, r.status)
				}
			}
		}
		if name == "the ticket" {
			continue
		}
		for _, cookie := range []string{denialCookie, browserCookie, ticketCookie + "-seen"} {
			r := v.with(cookie+"="+value+"; "+ticketCookie+"="+v.cookie(ticketCookie), "/api/admin/x") // beside the ticket
			if r.status != http.StatusOK && r.status != http.StatusUnauthorized {
				t.Errorf("%s as %s beside the ticket: %d", name, cookie, r.status)
			}
		}
		r := v.with(browserCookie+"="+a.v.cookie(browserCookie), callbackPath+"?code="+a.answer.Get("code")+"&state="+value)
		if ok := name == "state"; (r.status == http.StatusFound) != ok {
			t.Errorf("%s as state: %d %q", name, r.status, r.header.Get("Location"))
		}
	}
	if n := s.Entra.Requests(entra.EndpointToken); n != 2 { // of v, and of the state as state
		t.Errorf("%d token requests", n)
	}
}

// A name with every byte that could end a line or a value, NUL among them.
func TestAttack06BytesOfAName(t *testing.T) {
	t.Parallel()
	const name = "A\x00B\rC\nD|E,F\x7f;G=H\u2028I\u00ffJ\"K\\L%0d%0aM+N"
	for encoding, want := range map[string]string{
		"UrlEncode": "A%00B%0DC%0AD%7CE%2CF%7F%3BG%3DH%E2%80%A8I%C3%BFJ%22K%5CL%250d%250aM%2BN", "None": "encoding_error", "NoneWithReject": "encoding_error",
	} {
		cfg := oneHost()
		cfg.Env = map[string]string{"EASYAUTH_CLAIM_ENCODING": encoding}
		cfg.Emulator = func(c *entra.Config) {
			c.Users = append(entra.DefaultUsers(), entra.User{ID: "bytes", ObjectID: "77700000-0000-4000-8000-000000000777", Username: "bytes@contoso.example", Name: name, Roles: []string{"Guest"}})
		}
		s := start(t, cfg)
		h := signedIn(t, s, "bytes").get("/echo").echo(t).Headers
		if got := h["X-Injected-Name"]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", encoding, got, want)
		}
		if got := h["X-Injected-Roles"]; len(got) != 1 || got[0] != "Guest" {
			t.Errorf("%s: roles %q", encoding, got)
		}
		if got := signedIn(t, s, entra.Bob).get("/echo").echo(t).Headers.Get("X-Injected-Oid"); got != entra.BobOID {
			t.Errorf("%s: an ordinary name: %q", encoding, got)
		}
	}
}
