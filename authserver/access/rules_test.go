package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

var now = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	groupA = "aaaaaaaa-0000-4000-8000-000000000001"
	groupB = "bbbbbbbb-0000-4000-8000-000000000002"
)

func TestGroupRules(t *testing.T) {
	tests := []struct {
		name  string
		query string
		id    access.Identity
		want  access.Outcome
		why   access.Reason
	}{
		{"a member", "group=" + groupA, access.Identity{Groups: []string{groupA}}, access.Allow, access.ReasonOK},
		{"a rule in upper case is the same object", "group=" + strings.ToUpper(groupA), access.Identity{Groups: []string{groupA}}, access.Allow, access.ReasonOK},
		{"one of two", "group=" + groupB + "|" + groupA, access.Identity{Groups: []string{groupA}}, access.Allow, access.ReasonOK},
		{"one of two, with commas", "group-any=" + groupB + "," + groupA, access.Identity{Groups: []string{groupA}}, access.Allow, access.ReasonOK},
		{"both of two", "group=" + groupA + "&group=" + groupB, access.Identity{Groups: []string{groupA}}, access.Forbid, access.ReasonGroupMissing},
		{"a name by its case", "group=Finance", access.Identity{Groups: []string{"finance"}}, access.Forbid, access.ReasonGroupMissing},
		{"a name", "group=Finance", access.Identity{Groups: []string{"Finance"}}, access.Allow, access.ReasonOK},
		{"no member", "group=" + groupA, access.Identity{}, access.Forbid, access.ReasonGroupMissing},
		{"too many groups, nobody asked", "group=" + groupA, access.Identity{GroupsUnknown: true}, access.StepUp, access.ReasonGroupsUnasked},
		{"too many groups, asked for: a member", "group=" + groupA, access.Identity{GroupsUnknown: true, GroupsChecked: []string{groupA}, Groups: []string{groupA}}, access.Allow, access.ReasonOK},
		{"too many groups, asked for: none", "group=" + groupA, access.Identity{GroupsUnknown: true, GroupsChecked: []string{groupA}}, access.Forbid, access.ReasonGroupMissing},
		{"too many groups, another was asked for", "group=" + groupA, access.Identity{GroupsUnknown: true, GroupsChecked: []string{groupB}}, access.StepUp, access.ReasonGroupsUnasked},
		{"one of the two was asked for", "group=" + groupA + "|" + groupB, access.Identity{GroupsUnknown: true, GroupsChecked: []string{groupB}}, access.StepUp, access.ReasonGroupsUnasked},
		{"they could not be asked for", "group=" + groupA, access.Identity{GroupsUnknown: true, GroupsFailed: true}, access.Unsure, access.ReasonGroupsUnknown},
		{"they could not be asked for, but this one is known", "group=" + groupA, access.Identity{GroupsUnknown: true, GroupsFailed: true, Groups: []string{groupA}}, access.Allow, access.ReasonOK},
		{"unsure goes before a missing role", "role=X&group=" + groupA, access.Identity{GroupsUnknown: true, GroupsFailed: true}, access.Unsure, access.ReasonGroupsUnknown},
		{"a missing role goes before a group to ask for", "role=X&group=" + groupA, access.Identity{GroupsUnknown: true}, access.Forbid, access.ReasonRoleMissing},
		{"a missing group goes before a missing scope", "scope=X&group=" + groupA, access.Identity{}, access.Forbid, access.ReasonGroupMissing},
		{"no rule about groups: unknown groups do not matter", "role=R", access.Identity{Roles: []string{"R"}, GroupsUnknown: true, GroupsFailed: true}, access.Allow, access.ReasonOK},
		{"a claim called groups is none", "group=" + groupA, access.Identity{Claims: []access.Claim{{Name: "groups", Values: []string{groupA}}}}, access.Forbid, access.ReasonGroupMissing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkRule(t, tt.query, &tt.id, tt.want, tt.why) })
	}
}

func TestFreshAndStrongSignIns(t *testing.T) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	tests := []struct {
		name  string
		query string
		id    access.Identity
		want  access.Outcome
		why   access.Reason
	}{
		{"the context is there", "acr=c1", access.Identity{Contexts: []string{"c1"}}, access.Allow, access.ReasonOK},
		{"one of two contexts", "acr=c2|c1", access.Identity{Contexts: []string{"c1"}}, access.Allow, access.ReasonOK},
		{"another context", "acr=c1", access.Identity{Contexts: []string{"c11"}}, access.StepUp, access.ReasonContextMissing},
		{"no context", "acr=c1", access.Identity{}, access.StepUp, access.ReasonContextMissing},
		{"fresh", "max_age=15m", access.Identity{AuthTime: ago(14 * time.Minute)}, access.Allow, access.ReasonOK},
		{"just fresh", "max_age=900", access.Identity{AuthTime: ago(15 * time.Minute)}, access.Allow, access.ReasonOK},
		{"too old", "max_age=15m", access.Identity{AuthTime: ago(15*time.Minute + time.Second)}, access.StepUp, access.ReasonTooLongAgo},
		{"not known is too old", "max_age=15m", access.Identity{}, access.StepUp, access.ReasonTooLongAgo},
		{"the strictest of two", "max_age=2h&max_age=15m&max_age=1h", access.Identity{AuthTime: ago(30 * time.Minute)}, access.StepUp, access.ReasonTooLongAgo},
		{"a missing role goes first", "acr=c1&max_age=15m&role=X", access.Identity{}, access.Forbid, access.ReasonRoleMissing},
		{"both are named", "acr=c1&max_age=15m", access.Identity{}, access.StepUp, access.ReasonContextMissing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkRule(t, tt.query, &tt.id, tt.want, tt.why) })
	}
	old := &access.Identity{Contexts: []string{"c1"}, AuthTime: ago(time.Hour)}
	if d := access.Decide(old, parse(t, "acr=c1&max_age=15m"), now); d.Reason != access.ReasonContextMissing || len(d.Missing.Contexts) != 1 {
		t.Errorf("strong long ago and fresh: one sign-in must be both: %v, %+v", d.Reason, d.Missing)
	}
	if d := access.Decide(old, parse(t, "acr=c1&max_age=2h"), now); d.Outcome != access.Allow {
		t.Errorf("strong and fresh enough: %v", d.Reason)
	}
	req := parse(t, "acr=c1&max_age=15m&group="+groupA)
	for name, d := range map[string]access.Decision{"nobody": access.Decide(nil, req, now), "signed in": access.Decide(&access.Identity{GroupsUnknown: true}, req, now)} {
		m := d.Missing
		if len(m.Contexts) != 1 || m.MaxAge != 15*time.Minute || len(m.Groups) != 1 {
			t.Errorf("%s: a sign-in has to ask for context, age and group, and would for %+v", name, m)
		}
		if got := access.Decide(&access.Identity{Contexts: []string{"c1"}, AuthTime: now, Groups: []string{groupA}}, m.Requirement(), now); got.Outcome != access.Allow {
			t.Errorf("%s: what is missing, as a requirement: %v", name, got)
		}
	}
}

func TestOtherProvidersMethods(t *testing.T) {
	req, err := access.NewParser(access.ParserConfig{}).Parse("amr=mfa|hwk&acr=urn:strong")
	if err != nil {
		t.Fatal(err)
	}
	if d := access.Decide(&access.Identity{Methods: []string{"pwd"}, Contexts: []string{"urn:strong"}}, req, now); d.Outcome != access.StepUp || d.Reason != access.ReasonMethodMissing {
		t.Errorf("without the method: %v %v", d.Outcome, d.Reason)
	}
	if d := access.Decide(&access.Identity{Methods: []string{"pwd", "hwk"}, Contexts: []string{"urn:strong"}}, req, now); d.Outcome != access.Allow {
		t.Errorf("with the method: %v %v", d.Outcome, d.Reason)
	}
}

func TestRefusedRules(t *testing.T) {
	tests := []struct{ refused, says, sibling string }{
		{"amr=mfa", "acr=c1", "acr=c1"},
		{"acr=mfa", "c1 to c99", "acr=c99"},
		{"acr=c0", "c1 to c99", "acr=c1"},
		{"acr=c100", "c1 to c99", "acr=c10"},
		{"acr=c01", "c1 to c99", "acr=c1"},
		{"acr=C1", "c1 to c99", "acr=c1"},
		{"acr=", "empty", "acr=c1"},
		{"acr=c1||c2", "empty", "acr=c1|c2"},
		{"group=", "empty", "group=A"},
		{"group=A|", "empty", "group=A"},
		{"group-any=A,,B", "empty", "group-any=A,B"},
		{"groups=A", "is not known", "group=A"},
		{"max_age=", "empty", "max_age=1h"},
		{"max_age=0", "at least 1m", "max_age=60"},
		{"max_age=59s", "at least 1m", "max_age=1m"},
		{"max_age=-15m", "at least 1m", "max_age=15m"},
		{"max_age=721h", "at most 720h", "max_age=720h"},
		{"max_age=99999999999999999999", "duration", "max_age=99999"},
		{"max_age=15", "at least 1m", "max_age=15m"},
		{"max_age=15m|1h", "duration", "max_age=15m"},
		{"max-age=15m", "is not known", "max_age=15m"},
	}
	for _, tt := range tests {
		t.Run(tt.refused, func(t *testing.T) {
			p := access.NewParser(access.ParserConfig{Entra: true})
			if _, err := p.Parse(tt.refused); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s: %v, want %q", tt.refused, err, tt.says)
			}
			if _, err := p.Parse(tt.sibling); err != nil {
				t.Errorf("%s: %v", tt.sibling, err)
			}
		})
	}
}

func parse(t *testing.T, query string) *access.Requirement {
	t.Helper()
	req, err := access.NewParser(access.ParserConfig{Entra: true}).Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func checkRule(t *testing.T, query string, id *access.Identity, want access.Outcome, why access.Reason) {
	t.Helper()
	if got := access.Decide(id, parse(t, query), now); got.Outcome != want || got.Reason != why {
		t.Errorf("%s: %v (%v), want %v (%v)", query, got.Outcome, got.Reason, want, why)
	}
}
