package authserver_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// asksForBearers is a deployment that may look up the groups of bearer tokens.
func asksForBearers(permissions ...string) options {
	return options{bearer: true, appMembers: true, emulator: func(c *emulator.Config) {
		c.Clients[0].AppPermissions = map[string][]string{emulator.GraphURI: permissions}
	}}
}

// bearerOf is the Authorization header of a user's access token for our API.
func (k *kit) bearerOf(user string) http.Header {
	k.t.Helper()
	token, err := k.idp.UserToken(user, clientID, "api://"+clientID+"/Orders.Read")
	if err != nil {
		k.t.Fatal(err)
	}
	h := nginx("", "Authorization", "Bearer "+token)
	h.Set("Accept", "application/json")
	return h
}

// An access token that could not hold all groups: Graph is asked once, with our
// own permissions, and for the groups of the rule alone.
func TestBearerGroupsByGraph(t *testing.T) {
	k := newKit(t, asksForBearers("GroupMember.Read.All"))
	grace, all := k.bearerOf(emulator.Grace), k.bearerOf(emulator.Max)
	steps := []struct {
		name   string
		header http.Header
		query  string
		status int
		reason access.Reason
		calls  int
	}{
		{"a member", grace, inAny(250), 202, access.ReasonOK, 1},
		{"asked before", grace, inAny(250), 202, access.ReasonOK, 1},
		{"no member", grace, inAny(251), 401, access.ReasonGroupMissing, 2},
		{"asked before", grace, inAny(251), 401, access.ReasonGroupMissing, 2},
		{"one of two that are known", grace, inAny(251, 250), 202, access.ReasonOK, 2},
		{"a rule without groups", grace, "role=Auditor", 202, access.ReasonOK, 2},
		{"a role that is missing", grace, "role=Admin&" + inAny(7), 401, access.ReasonRoleMissing, 2},
		{"groups in the token", all, inAny(200), 202, access.ReasonOK, 2},
		{"and not in it", all, inAny(201), 401, access.ReasonGroupMissing, 2},
	}
	for _, s := range steps {
		resp := k.ask("GET", s.query, s.header)
		wellAnswered(t, resp)
		if resp.StatusCode != s.status || k.lastReason() != string(s.reason) || len(k.idp.GraphCalls()) != s.calls {
			t.Errorf("%s: %d, reason %s, %d questions; want %d, %s, %d", s.name, resp.StatusCode, k.lastReason(), len(k.idp.GraphCalls()), s.status, s.reason, s.calls)
		}
	}
	for _, c := range k.idp.GraphCalls() {
		if !c.App || c.URL != "/users/"+emulator.GraceOID+"/checkMemberGroups" {
			t.Errorf("asked %s with an app-only token %v", c.URL, c.App)
		}
	}
	if n := k.idp.Grants("client_credentials"); n != 1 {
		t.Errorf("%d tokens of our own", n)
	}
}

// It cannot be told: neither yes nor no, and the token is not called invalid.
func TestBearerGroupsUnknown(t *testing.T) {
	failing := func(f emulator.ItemFault) emulator.Faults {
		return emulator.Faults{Graph: map[string]emulator.ItemFault{"/users/" + emulator.GraceOID + "/checkMemberGroups": f}}
	}
	for name, tt := range map[string]struct {
		o      options
		faults emulator.Faults
	}{
		"not configured":    {options{bearer: true}, emulator.Faults{}},
		"not allowed":       {asksForBearers("User.Read.All"), emulator.Faults{}},
		"too many requests": {asksForBearers("GroupMember.Read.All"), failing(emulator.ItemFault{Status: 429, RetryAfter: 60})},
		"down":              {asksForBearers("GroupMember.Read.All"), failing(emulator.ItemFault{Status: 503})},
		"no token": {asksForBearers("GroupMember.Read.All"), emulator.Faults{
			Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: {Status: 503}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, tt.o)
			k.idp.SetFaults(tt.faults)
			grace := k.bearerOf(emulator.Grace)
			resp := k.ask("GET", inAny(250), grace)
			wellAnswered(t, resp)
			if resp.StatusCode != 401 || k.lastReason() != string(access.ReasonGroupsUnknown) || strings.Contains(resp.Header.Get("Www-Authenticate"), "error=") {
				t.Errorf("%d, reason %s, %s", resp.StatusCode, k.lastReason(), resp.Header.Get("Www-Authenticate"))
			}
			if resp := k.ask("GET", "role=Auditor", grace); resp.StatusCode != 202 {
				t.Errorf("a rule without groups: %d", resp.StatusCode)
			}
			if name != "down" {
				return
			}
			k.idp.ClearFaults()
			calls := len(k.idp.GraphCalls())
			for seconds, status := range []int{401, 202} {
				if resp := k.ask("GET", inAny(250), grace); resp.StatusCode != status || len(k.idp.GraphCalls()) != calls+seconds {
					t.Errorf("step %d: %d after %d more questions", seconds, resp.StatusCode, len(k.idp.GraphCalls())-calls)
				}
				k.advance(30 * time.Second)
			}
		})
	}
}

// boundedMembers notes how long it may take.
type boundedMembers struct {
	left   time.Duration
	groups []string
}

func (m *boundedMembers) Members(ctx context.Context, _ [32]byte, _ time.Time, _ *access.Identity, groups []string) ([]string, error) {
	deadline, bounded := ctx.Deadline()
	if m.groups = groups; bounded {
		m.left = time.Until(deadline)
	}
	return nil, errors.New("not in time")
}

// A request waits two seconds for the groups of its token, and no longer.
func TestBearerGroupsAreBounded(t *testing.T) {
	m := &boundedMembers{}
	k := newKit(t, options{bearer: true, members: m})
	if resp := k.ask("GET", inAny(250)+"&"+inAny(1, 2), k.bearerOf(emulator.Grace)); resp.StatusCode != 401 || k.lastReason() != string(access.ReasonGroupsUnknown) {
		t.Errorf("%d, reason %s", resp.StatusCode, k.lastReason())
	}
	if m.left <= 0 || m.left > 2*time.Second || !slices.Equal(m.groups, groupIDs(250, 1, 2)) {
		t.Errorf("%v for %q", m.left, m.groups)
	}
}
