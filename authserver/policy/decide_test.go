package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// TestNilPolicyDenies: a policy that is not there is no open door.
func TestNilPolicyDenies(t *testing.T) {
	var set *Set
	for _, in := range []*Input{{}, {Identity: ann()}} {
		v := set.Find("x").Decide(in)
		if v.Decision.Outcome != access.Deny || v.Decision.Reason != ReasonUnknown || v.Rule != "" {
			t.Error(describe(v))
		}
	}
}

// TestWhatATableCannotSay are inputs that no proxy's text and no YAML gives.
func TestWhatATableCannotSay(t *testing.T) {
	long := "claim-" + "0123456789012345678901234567890123456789012345678901234567890123456789"
	tests := []struct {
		name, condition string
		change          func(*Input)
		want            access.Outcome
		why             Why
	}{
		{"the time", "time: {days: [mon-sun], zone: UTC}", func(*Input) {}, access.Allow, WhyNone},
		{"no time", "time: {days: [mon-sun], zone: UTC}", func(in *Input) { in.Now = time.Time{} }, access.Forbid, WhyTimeUnknown},
		{"an age", "auth_age: {max: 1h}", func(in *Input) { in.Identity.AuthTime = in.Now }, access.Allow, WhyNone},
		{"an age and no time", "auth_age: {max: 1h}", func(in *Input) { in.Identity.AuthTime, in.Now = in.Now, time.Time{} }, access.Forbid, WhyTimeUnknown},
		{"an address", "source: {is: 'fe80::1'}", func(in *Input) { in.Source = netip.MustParseAddr("fe80::1") }, access.Allow, WhyNone},
		{"an address with a zone", "source: {is: 'fe80::1'}", func(in *Input) { in.Source = netip.MustParseAddr("fe80::1%eth0") }, access.Allow, WhyNone},
		{"another with a zone", "source: {is: 'fe80::1'}", func(in *Input) { in.Source = netip.MustParseAddr("fe80::2%eth0") }, access.Forbid, WhyNone},
		{"members that are there twice", "claim: {path: a.b, is: x}", func(in *Input) {
			in.Identity.Claims = []access.Claim{{Name: "a", Values: []string{`{"b":"x","b":"y"}`}}}
		}, access.Forbid, WhyClaimAmbiguous},
		{"members that are there once", "claim: {path: a.b, is: x}", func(in *Input) {
			in.Identity.Claims = []access.Claim{{Name: "a", Values: []string{`{"b":"x","c":"y"}`}}}
		}, access.Allow, WhyNone},
		{"a claim without values", "claim: {path: a, exists: true}", func(in *Input) {
			in.Identity.Claims = []access.Claim{{Name: "a"}}
		}, access.Forbid, WhyNone},
		{"a claim whose long name was cut", "claim: {path: " + long + ", exists: false}", func(in *Input) { in.Identity.Dropped = []string{long[:60]} }, access.Forbid, WhyClaimDropped},
		{"another claim with a long name", "claim: {path: " + long + ", exists: false}", func(in *Input) { in.Identity.Dropped = []string{long[:59]} }, access.Allow, WhyNone},
		{"a claim whose name was made printable", "claim: {path: größe, exists: false}", func(in *Input) { in.Identity.Dropped = []string{"gr??e"} }, access.Forbid, WhyClaimDropped},
		{"a display claim that was dropped", "claim: {path: name, exists: false}", func(in *Input) { in.Identity.Dropped = []string{"name"} }, access.Forbid, WhyClaimDropped},
		{"a display claim that is not there", "claim: {path: name, exists: false}", func(*Input) {}, access.Allow, WhyNone},
		{"a display claim with a value that was dropped", "claim: {path: name, is: x}", func(in *Input) { in.Identity.Dropped = []string{"name"} }, access.Forbid, WhyClaimDropped},
		{"a display claim with its value", "claim: {path: name, is: x}", func(in *Input) { in.Identity.Name = "x" }, access.Allow, WhyNone},
		{"a path for an expression", "expr: 'path'", func(in *Input) { in.URI = "/admin/" }, access.Allow, WhyNone},
		{"an ambiguous path for an expression", "expr: 'path'", func(in *Input) { in.URI = "/admin//" }, access.Forbid, WhyExprError},
		{"a control byte in a path", "path: {starts_with: /}", func(in *Input) { in.URI = "/a\n" }, access.Forbid, WhyPathAmbiguous},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mustParse(t, "policies: {p: {allow: [{"+tt.condition+"}]}}").Find("p")
			in := &Input{Identity: ann(), Now: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)}
			tt.change(in)
			if v := p.Decide(in); v.Decision.Outcome != tt.want || v.Why != tt.why {
				t.Errorf("%s, want %v, %v", describe(v), tt.want, tt.why)
			}
		})
	}
}

// moody is a program whose answers change from call to call.
type moody struct{ answers []error }

func (m *moody) Compile(string) (Program, error) { return m, nil }

func (m *moody) Eval(*Input) (bool, error) {
	err := m.answers[0]
	m.answers = append(m.answers[1:], err)
	return false, err
}

// TestExpressionThatChangesItsMind: a program that fails once and not again never
// lets pass, and nothing panics.
func TestExpressionThatChangesItsMind(t *testing.T) {
	failed := errors.New("out of time")
	for _, answers := range [][]error{{failed, nil}, {failed, failed, nil}, {nil, failed}, {failed, nil, nil}} {
		m := &moody{}
		set, err := Parse([]byte("policies: {p: {deny: [{expr: x}], allow: [{signed_in: {is: true}}]}}"), Options{Expressions: m})
		if err != nil {
			t.Fatal(err)
		}
		m.answers = answers
		first := answers[0]
		v := set.Find("p").Decide(&Input{Identity: ann()})
		if first != nil && (v.Decision.Outcome != access.Forbid || v.Decision.Reason != ReasonError) || first == nil && v.Decision.Outcome != access.Allow {
			t.Errorf("%v: %s", answers, describe(v))
		}
	}
}

// TestGroupsAsMemberships: what a group condition says of unknown groups is what
// access.Identity.Memberships says of the same clause.
func TestGroupsAsMemberships(t *testing.T) {
	p := mustParse(t, "policies: {p: {allow: [{group: {in: [g1, g2]}}]}}").Find("p")
	for _, known := range []bool{true, false} {
		for _, failed := range []bool{true, false} {
			for _, checked := range [][]string{nil, {"g1"}, {"g2"}, {"g1", "g2"}, {"g3"}} {
				id := &access.Identity{GroupsUnknown: !known, GroupsFailed: failed && !known, GroupsChecked: checked}
				want := access.Decide(id, &access.Requirement{Groups: []access.Clause{{"g1", "g2"}}}, time.Time{})
				got := p.Decide(&Input{Identity: id}).Decision
				if got.Outcome != want.Outcome || got.Outcome == access.Unsure && got.Reason != want.Reason || len(got.Missing.Groups) != len(want.Missing.Groups) && got.Outcome != access.Forbid {
					t.Errorf("%+v: %+v, want %+v", id, got, want)
				}
			}
		}
	}
}

// TestClaimsWithConditionsOfTheirOwn: a claim that is judged in its own way cannot be
// asked about as any other, and the fault names the condition.
func TestClaimsWithConditionsOfTheirOwn(t *testing.T) {
	for claim, condition := range map[string]string{
		"roles": "role", "groups": "group", "scp": "scope", "scope": "scope", "email": "email", "oid": "user", "tid": "tenant", "azp": "client", "appid": "client",
		"acr": "acr", "acrs": "acr", "amr": "amr", "auth_time": "auth_age",
	} {
		for _, path := range []string{claim, "[" + claim + "]", claim + ".x"} {
			_, err := Parse([]byte("policies: {p: {allow: [{claim: {path: "+path+", is: x}}]}}"), Options{})
			if err == nil || !strings.Contains(err.Error(), "has a condition of its own: "+condition) {
				t.Errorf("%s: %v", path, err)
			}
		}
		mustParse(t, "policies: {p: {allow: [{claim: {path: x_"+claim+", is: x}}]}}")
	}
}

// TestClaimsThatAreNotKept: a rule about a claim that no identity has would never match,
// and so never deny.
func TestClaimsThatAreNotKept(t *testing.T) {
	if !slices.Contains(access.ProtocolClaims(), "aud") || slices.Contains(access.ProtocolClaims(), "iss") { // an identity has an issuer
		t.Errorf("%q", access.ProtocolClaims())
	}
	for _, claim := range access.ProtocolClaims() {
		for _, path := range []string{claim, "[" + claim + "]", claim + ".x"} {
			for _, operator := range []string{"is: x", "exists: true", "exists: false"} {
				_, err := Parse([]byte("policies: {p: {deny: [{claim: {path: "+path+", "+operator+"}}], allow: [{signed_in: {is: true}}]}}"), Options{})
				if err == nil || !strings.Contains(err.Error(), "is not kept") {
					t.Errorf("%s: %v", path, err)
				}
			}
		}
		mustParse(t, "policies: {p: {allow: [{claim: {path: x_"+claim+", is: x}}]}}")
	}
}

// TestClaimsWithFields: a claim that an identity has a field for is found there, and
// not in another claim of that name.
func TestClaimsWithFields(t *testing.T) {
	for claim, id := range map[string]access.Identity{
		"sub": {Subject: "x"}, "iss": {Issuer: "x"}, "name": {Name: "x"}, "preferred_username": {PreferredUsername: "x"},
	} {
		p := mustParse(t, "policies: {p: {allow: [{claim: {path: "+claim+", is: x}}]}}").Find("p")
		other := access.Identity{Claims: []access.Claim{{Name: claim, Values: []string{"x"}}}}
		if p.Decide(&Input{Identity: &id}).Decision.Outcome != access.Allow || p.Decide(&Input{Identity: &other}).Decision.Outcome != access.Forbid {
			t.Errorf("%s", claim)
		}
	}
}

// TestGroupsAtSignIn: who is not signed in is asked for at most 20 groups at once; the
// others are asked for when a rule needs them.
func TestGroupsAtSignIn(t *testing.T) {
	rule := func(n int) string {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("g%d-%d", n, i))
		}
		return "{group: {in: [" + strings.Join(names, ", ") + "]}}"
	}
	for _, tt := range []struct {
		rules []string
		want  int
	}{{[]string{rule(20)}, 1}, {[]string{rule(21)}, 0}, {[]string{rule(9), rule(11)}, 2}, {[]string{rule(9), rule(12)}, 1}, {[]string{rule(9), rule(9)}, 1}} {
		p := mustParse(t, "policies: {p: {allow: [{any: ["+strings.Join(tt.rules, ", ")+"]}]}}").Find("p")
		if got := p.Decide(&Input{}).Decision.Missing.Groups; len(got) != tt.want {
			t.Errorf("%q: %d clauses", tt.rules, len(got))
		}
	}
}
