package graph

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// emulatedGroups is a client of the emulator's Graph and the token of a user who
// is a member of n groups.
func emulatedGroups(t *testing.T, n int, scope string) (*entra.Server, *Client, secret.String) {
	t.Helper()
	idp := entra.StartTest(t, entra.Config{
		Clients: []entra.Client{{ID: emulatedClient, Secret: "s3cret"}},
		Users:   []entra.User{{ID: "joiner", ObjectID: strings.ToLower(aUser), Username: "joiner@contoso.example", Groups: groupIDsOf(1, n)}},
	})
	c, err := New(Config{BaseURL: idp.BaseURL(), Client: &http.Client{Transport: &http.Transport{}}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	token, err := idp.UserToken("joiner", emulatedClient, scope)
	if err != nil {
		t.Fatal(err)
	}
	return idp, c, secret.New(token)
}

func TestEmulatedCheckMemberGroups(t *testing.T) {
	idp, c, token := emulatedGroups(t, 30, "User.Read")
	for _, tt := range []struct{ from, to int }{{1, 1}, {30, 31}, {21, 40}, {20, 40}, {1, 400}, {31, 60}} {
		got, err := c.CheckMemberGroups(t.Context(), token, "", groupIDsOf(tt.from, tt.to))
		if want := groupIDsOf(tt.from, min(tt.to, 30)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d to %d: %d of %d, %v", tt.from, tt.to, len(got), len(want), err)
		}
	}

	idp.SetFaults(entra.Faults{Graph: map[string]entra.ItemFault{"/me/checkMemberGroups": {Status: 429, RetryAfter: 20}}})
	for _, n := range []int{1, 21} {
		got, err := c.CheckMemberGroups(t.Context(), token, "", groupIDsOf(1, n))
		if e := refused(t, "throttled", err); got != nil || e.Reason != ReasonUnavailable || e.RetryAfter != 20*time.Second {
			t.Errorf("%d groups, throttled: %v, %+v", n, got, *e)
		}
	}
	_, c, token = emulatedGroups(t, 30, "Calendars.Read")
	for _, n := range []int{1, 21} {
		_, err := c.CheckMemberGroups(t.Context(), token, "", groupIDsOf(1, n))
		if e := refused(t, "not allowed", err); e.Reason != ReasonForbidden || !strings.Contains(e.Error(), "Authorization_RequestDenied") {
			t.Errorf("%d groups, not allowed: %v", n, e)
		}
	}
}

func TestEmulatedMemberGroups(t *testing.T) {
	for _, n := range []int{0, 1, 11_000, 11_001} {
		_, c, token := emulatedGroups(t, n, "User.Read GroupMember.Read.All")
		got, err := c.MemberGroups(t.Context(), token, "")
		if err != nil || !slices.Equal(got, groupIDsOf(1, n)) {
			t.Errorf("%d groups: %d, %v", n, len(got), err)
		}
	}
	_, c, token := emulatedGroups(t, 3, "User.Read")
	got, err := c.MemberGroups(t.Context(), token, "")
	if e := refused(t, "not allowed", err); got != nil || e.Reason != ReasonForbidden {
		t.Errorf("not allowed: %v, %v", got, e)
	}
}

func TestEmulatedGraphMisbehavesWithGroups(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault entra.EndpointFault
		want  Reason
		wait  time.Duration
	}{
		{"503", entra.EndpointFault{Status: 503, RetryAfter: 30}, ReasonUnavailable, 30 * time.Second},
		{"429", entra.EndpointFault{Status: 429, RetryAfter: 3600}, ReasonUnavailable, 5 * time.Minute},
		{"401", entra.EndpointFault{Status: 401}, ReasonUnauthorized, 0},
		{"garbage", entra.EndpointFault{Garbage: true}, ReasonUnreadable, 0},
		{"huge", entra.EndpointFault{HugeBytes: 100 << 20}, ReasonUnreadable, 0},
		{"dropped", entra.EndpointFault{Drop: true}, ReasonUnavailable, 0},
	} {
		idp, c, token := emulatedGroups(t, 3, "User.Read GroupMember.Read.All")
		if got, err := c.MemberGroups(t.Context(), token, ""); err != nil || len(got) != 3 {
			t.Errorf("%s, before: %v, %v", tt.name, got, err)
		}
		idp.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointGraph: tt.fault}})
		for n, ask := range []func() ([]string, error){
			func() ([]string, error) { return c.MemberGroups(t.Context(), token, "") },
			func() ([]string, error) { return c.CheckMemberGroups(t.Context(), token, "", groupIDsOf(1, 20)) },
			func() ([]string, error) { return c.CheckMemberGroups(t.Context(), token, "", groupIDsOf(1, 21)) },
		} {
			got, err := ask()
			if e := refused(t, tt.name, err); got != nil || e.Reason != tt.want || e.RetryAfter != tt.wait {
				t.Errorf("%s, question %d: %v, %+v %v", tt.name, n, got, *e, e)
			}
		}
	}
}
