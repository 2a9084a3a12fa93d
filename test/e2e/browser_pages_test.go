package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// The two buttons of a page of ours.
const (
	tryAgain    = "a.button:not(.quiet)"
	someoneElse = "a.quiet"
)

// shows wants texts on the page, and no word of what went wrong inside.
func (b *tab) shows(texts ...string) {
	b.t.Helper()
	body := b.body()
	for _, want := range texts {
		if !strings.Contains(body, want) {
			b.t.Errorf("%q is not on the page at %s:\n%s", want, b.url(), body)
		}
	}
	for _, secret := range []string{"invalid_grant", "goroutine", ".go:", "code=", "%!"} {
		if strings.Contains(body, secret) {
			b.t.Errorf("%q is on the page:\n%s", secret, body)
		}
	}
}

// isOn wants the application's page.
func (b *tab) isOn(status int, uri string) {
	b.t.Helper()
	if status != http.StatusOK || b.text("#uri") != uri {
		b.t.Errorf("%d at %s, want the application's %s\n%s", status, b.url(), uri, b.body())
	}
}

// asksWho wants the emulator's page that asks who signs in.
func (b *tab) asksWho() {
	b.t.Helper()
	if step, err := b.step(); err != nil || step != "pick" {
		b.t.Fatalf("at %s, not asked who signs in: %q, %v\n%s", b.url(), step, err, b.body())
	}
}

// refusalOfEntra is a sign-in that Entra ID ends, and what the person reads.
type refusalOfEntra struct {
	name   string
	faults entra.Faults
	status int
	texts  []string
}

func callbackError(oauth, description string) entra.Faults {
	return entra.Faults{CallbackError: oauth, CallbackErrorDescription: description}
}

// tokenError lets the token endpoint refuse the code.
func tokenError(body string) entra.Faults {
	return entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: {Status: http.StatusBadRequest, Body: body}}}
}

func refusalsOfEntra() []refusalOfEntra {
	const admin, owner = "An administrator must agree first", "You have no access to this application"
	return []refusalOfEntra{
		{
			"cancelled", callbackError("access_denied", "AADSTS65004: User declined to consent to access the app."), 403,
			[]string{"Sign-in was cancelled", "You can start again"},
		},
		{
			"an administrator must consent", callbackError("access_denied", "AADSTS90094: Sample needs permission that only an admin can grant."), 403,
			[]string{admin, "Ask an administrator of your organization to grant consent", "AADSTS90094"},
		},
		{
			"consent is missing", callbackError("consent_required", "AADSTS65001: The user or administrator has not consented to use the application."), 403,
			[]string{admin, "AADSTS65001"},
		},
		{
			"consent is missing for the token", tokenError(`{"error":"invalid_grant","suberror":"consent_required","error_codes":[65001],"error_description":"AADSTS65001: The user or administrator has not consented."}`), 403,
			[]string{admin},
		},
		{
			"not assigned", callbackError("access_denied", "AADSTS50105: Your administrator has configured the application to block users."), 403,
			[]string{owner, "assign you or a group of yours", "AADSTS50105"},
		},
		{
			"assigned no more", tokenError(`{"error":"invalid_grant","error_codes":[50105],"error_description":"AADSTS50105: Not assigned."}`), 403,
			[]string{owner},
		},
		{
			"conditional access", callbackError("interaction_required", "AADSTS50076: You must use multi-factor authentication."), 403,
			[]string{"needs something from you", "second factor"},
		},
		{
			"an unknown answer", callbackError("server_error", entra.ScriptDescription), 503,
			[]string{"Try again", `AADSTS99999: <script>alert("x")</script>`},
		},
	}
}

// Each refusal is a page whose two buttons work once the reason is gone.
func TestBrowserRefusalsOfEntra(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	for _, tt := range refusalsOfEntra() {
		t.Run(tt.name, func(t *testing.T) {
			b := newProfile(t).tab(t)
			// The sibling of each: without the fault the same sign-in ends on the page.
			for _, button := range []string{tryAgain, someoneElse} {
				s.Entra.SetFaults(tt.faults)
				b.forget(ticketCookie, s.URL(appHost, "/"))
				status := b.open(s.URL(appHost, "/deep?x=%7C"))
				if b.mustStep() == "pick" {
					status = b.signInAs(entra.Adele)
				}
				if status != tt.status {
					t.Errorf("status %d, want %d", status, tt.status)
				}
				b.shows(append([]string{"Correlation id", "app.test"}, tt.texts...)...)
				if b.cookie(ticketCookie, s.URL(appHost, "/")) != "" {
					t.Error("a session was made")
				}
				s.Entra.ClearFaults()
				if button == tryAgain { // the person is signed in at Entra ID: silent
					b.isOn(b.click(button), "/deep?x=%7C")
					continue
				}
				b.click(button)
				b.asksWho()
				b.isOn(b.signInAs(entra.Bob), "/deep?x=%7C")
				if got := b.text("#x-injected-oid td:nth-child(2)"); got != entra.BobOID {
					t.Errorf("oid %q", got)
				}
			}
		})
	}
}

// A person who clicks Cancel, at each page of Entra ID that has the button.
func TestBrowserCancelled(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/page"))
	b.click("#cancel")
	b.shows("Sign-in was cancelled", "You can start again", "app.test", "Correlation id")
	b.click(someoneElse)
	b.asksWho()
	b.click("#user-" + entra.Adele)
	if b.mustStep() != "consent" {
		t.Fatalf("no consent asked at %s", b.url())
	}
	b.click("#cancel")
	b.shows("Sign-in was cancelled", "did not agree to what the application asked for")
	b.click(tryAgain)
	b.isOn(b.signInAs(entra.Adele), "/page")
}

// The registration itself lets only some people in.
func TestBrowserNotAssigned(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Registration = func(c *entra.Client) { c.AssignmentRequired, c.Assigned = true, []string{entra.Adele} }
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/page"))
	if status := b.signInAs(entra.Bob); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
	b.shows("You have no access to this application", "Ask its owner, or an administrator", "AADSTS50105")
	b.shot("not-assigned")
	b.click(tryAgain)
	b.shows("You have no access to this application")
	b.click(someoneElse)
	b.asksWho()
	b.isOn(b.signInAs(entra.Adele), "/page")
}

// A scope that no user may consent to; pages that need less still open.
func TestBrowserAdminConsent(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Registration = func(c *entra.Client) { c.AdminOnly = []string{"Mail.Read"} }
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/mail"))
	if status := b.signInAs(entra.Adele); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
	b.shows("An administrator must agree first", "Ask an administrator of your organization", "AADSTS90094")
	b.shot("admin-consent")
	b.open(s.URL(appHost, "/page"))
	b.isOn(b.signInAs(entra.Adele), "/page")
	b.open(s.URL(appHost, "/mail"))
	b.shows("An administrator must agree first")
	b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	// A scope that people may consent to.
	b.open(s.URL(appHost, "/tab/1/"))
	b.isOn(b.signInAs(entra.Adele), "/tab/1/")
}

// mustStep is step on the test's goroutine.
func (b *tab) mustStep() string {
	b.t.Helper()
	step, err := b.step()
	if err != nil {
		b.t.Fatalf("at %s: %v", b.url(), err)
	}
	return step
}
