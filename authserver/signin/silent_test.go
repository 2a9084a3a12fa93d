package signin

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
)

// What a sign-in was begun for comes back with it.
func TestAttemptRemembersHowItBegan(t *testing.T) {
	c := newClock()
	as, err := newAttempts(testRing(t, 1), testCookies().Return, newQueryNames(nil), c.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []attempt{
		{},
		{Silent: true},
		{Challenged: true},
		{Silent: true, Challenged: true, Restarts: maxRestarts},
		{Silent: true, Missing: access.Missing{Groups: []access.Clause{{"g"}}, Contexts: []access.Clause{{"c1", "c2"}}, Methods: []access.Clause{{"mfa"}}, MaxAge: 15 * time.Minute}},
	} {
		want.ID, want.Started, want.Return = newAttemptID(), c.t, "https://app.test/page"
		state, _, err := as.seal(http.Header{}, &want, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := as.open(http.Header{}, state)
		if err != nil {
			t.Fatal(err)
		}
		if got.Silent != want.Silent || got.Challenged != want.Challenged || got.Restarts != want.Restarts || got.Missing.MaxAge != want.Missing.MaxAge ||
			len(got.Missing.Groups) != len(want.Missing.Groups) || len(got.Missing.Contexts) != len(want.Missing.Contexts) || len(got.Missing.Methods) != len(want.Missing.Methods) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// A denial says that a session is only to be renewed, and of no other.
func TestDenialOfARenewal(t *testing.T) {
	d := denials(t, newClock())
	for reason, renew := range map[access.Reason]bool{access.ReasonRenew: true, access.ReasonNoTicket: false, access.ReasonTicketExpired: false} {
		line, err := d.Add(nil, original("/page"), access.Decision{Outcome: access.SignIn, Reason: reason}, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Find(carry(line), "app.test", "/page"); got == nil || got.Renew != renew || got.Outcome != access.SignIn || !got.Missing.Empty() {
			t.Errorf("%s: %+v", reason, got)
		}
	}
}

// The browser cookie remembers when it last asked for groups.
func TestBrowserRemembersARenewal(t *testing.T) {
	c := newClock()
	bs, err := newBrowsers(testRing(t, 1), testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{{}, c.t} {
		b := bs.create()
		b.Renewed = at
		line, err := bs.set(b)
		if err != nil {
			t.Fatal(err)
		}
		got := bs.read(carry(line))
		if got == nil || at.IsZero() == (c.t.Sub(got.Renewed) < groupsPause) || !at.IsZero() && !got.Renewed.Equal(at) {
			t.Errorf("%+v, want %v", got, at)
		}
	}
}

// Which failures of a silent sign-in a person could settle.
func TestNeedsPerson(t *testing.T) {
	h := &Handler{}
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"not signed in there":     {answerFault(&answer{err: "login_required"}), true},
		"interaction":             {answerFault(&answer{err: "interaction_required"}), true},
		"consent":                 {answerFault(&answer{err: "consent_required"}), true},
		"several accounts":        {answerFault(&answer{err: "account_selection_required"}), true},
		"denied":                  {answerFault(&answer{err: "access_denied"}), true},
		"the code wants a person": {h.idpFault(&entra.Error{Reason: entra.ReasonInteraction}), true},
		"their fault":             {answerFault(&answer{err: "server_error"}), false},
		"not there":               {answerFault(&answer{err: "temporarily_unavailable"}), false},
		"our secret":              {h.idpFault(&entra.Error{Reason: entra.ReasonClient}), false},
		"a wrong token":           {h.idpFault(&entra.Error{Reason: entra.ReasonToken}), false},
		"a scope that is none":    {answerFault(&answer{err: "invalid_scope"}), false},
		"state":                   {errState(fault.StateUsed, nil), false},
		"anything else":           {errors.New("x"), false},
	} {
		if got := needsPerson(tt.err); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A silent sign-in is one with prompt=none and no other.
func TestSilentIntent(t *testing.T) {
	for prompt, want := range map[string]bool{promptNone: true, "": false, promptSelect: false} {
		if got := (&intent{prompt: prompt}).silent(); got != want {
			t.Errorf("%q: %v", prompt, got)
		}
	}
}
