package signin

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
)

func guids(first, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%08d-0000-4000-8000-000000000000", first+i)
	}
	return out
}

func TestGroupsWanted(t *testing.T) {
	tests := []struct {
		name   string
		keep   []string
		rules  []access.Clause
		before []string
		want   []string
	}{
		{"nothing", nil, nil, nil, nil},
		{"those of the page", nil, []access.Clause{{"a", "b"}, {"c"}}, nil, []string{"a", "b", "c"}},
		{"those of the page, of the list, of before", []string{"k"}, []access.Clause{{"a"}}, []string{"b"}, []string{"a", "k", "b"}},
		{"each once", []string{"a", "k"}, []access.Clause{{"a"}, {"a", "b"}}, []string{"b", "k", "c"}, []string{"a", "b", "k", "c"}},
		{"200 at most, the page's first", guids(1000, 150), []access.Clause{guids(1, 30)}, guids(2000, 100), slices.Concat(guids(1, 30), guids(1000, 150), guids(2000, 20))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Groups{Keep: tt.keep}).wanted(tt.rules, tt.before); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// Whether a sign-in may have to ask Graph for groups is known before it begins.
func TestGroupsMayBeAskedFor(t *testing.T) {
	rule, kept := access.Missing{Groups: []access.Clause{{"a"}}}, []string{"k"}
	tests := []struct {
		name    string
		groups  Groups
		missing access.Missing
		before  []string
		want    bool
	}{
		{"never", Groups{Ask: AskNever}, rule, nil, false},
		{"never, whatever is kept", Groups{Ask: AskNever, KeepAll: true, Keep: kept}, rule, kept, false},
		{"on overage", Groups{Ask: AskOverage}, rule, nil, true},
		{"on overage, without a rule", Groups{Ask: AskOverage}, access.Missing{Scopes: []access.Clause{{"s"}}}, nil, false},
		{"on overage, without a rule, but the session knows some", Groups{Ask: AskOverage}, access.Missing{Scopes: []access.Clause{{"s"}}}, kept, true},
		{"on overage, all of them", Groups{Ask: AskOverage, KeepAll: true}, access.Missing{}, nil, true},
		{"on overage, of a list", Groups{Ask: AskOverage, Keep: kept}, access.Missing{}, nil, true},
		{"always", Groups{Ask: AskAlways}, rule, nil, true},
		{"always, without a rule", Groups{Ask: AskAlways}, access.Missing{}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.groups.any(tt.missing, tt.before); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// notReady is a provider that was never reached: whoever asks it for a token fails.
func notReady(t *testing.T) *entra.RelyingParty {
	t.Helper()
	rp, err := entra.New(entra.Config{
		Kind: entra.SingleTenant, Authority: "https://login.example/6f1d3a52-8c07-4b1e-9a64-2d5e7c90b3f1/v2.0", TenantID: "6f1d3a52-8c07-4b1e-9a64-2d5e7c90b3f1",
		ClientID: "c", Credential: noCredential{}, Client: entra.NewHTTPClient(1, 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

type noCredential struct{}

func (noCredential) Add(url.Values, string) error { return nil }

// What an identity's groups are worth after a sign-in that could not ask Graph:
// known from the token, or unknown, but never a no that nobody said.
func TestGroupsOfAnIdentity(t *testing.T) {
	ids := guids(1, 3)
	member, asked, other := ids[0], ids[1], ids[2]
	tests := []struct {
		name     string
		groups   Groups
		overage  bool
		rule     string
		groupsOf []string
		unknown  bool
		checked  []string
		failed   bool
		decision access.Outcome
	}{
		{"in the token", Groups{Ask: AskOverage}, false, member, []string{member, other}, false, []string{member}, false, access.Allow},
		{"not in the token", Groups{Ask: AskOverage}, false, asked, []string{member, other}, false, []string{asked}, false, access.Forbid},
		{"the token alone", Groups{Ask: AskNever}, false, member, []string{member, other}, false, []string{member}, false, access.Allow},
		{"the token alone, and it has not all", Groups{Ask: AskNever}, true, asked, []string{member, other}, true, nil, true, access.Unsure},
		{"not all, but this one", Groups{Ask: AskNever}, true, member, []string{member, other}, true, nil, true, access.Allow},
		{"Graph does not answer", Groups{Ask: AskOverage}, true, asked, nil, true, nil, true, access.Unsure},
		{"nor when it is asked always", Groups{Ask: AskAlways}, false, member, nil, true, nil, true, access.Unsure},
		{"nor for all", Groups{Ask: AskOverage, KeepAll: true}, true, asked, nil, true, nil, true, access.Unsure},
		{"nothing to ask for", Groups{Ask: AskOverage}, true, "", nil, true, nil, false, access.StepUp},
		{"only names", Groups{Ask: AskOverage}, true, "Sales", nil, true, nil, false, access.StepUp},
		{"a list: others are left out", Groups{Ask: AskOverage, Keep: []string{member}}, false, "", []string{member}, true, []string{member}, false, access.StepUp},
		{"a list, and a rule", Groups{Ask: AskOverage, Keep: []string{asked}}, false, other, []string{other}, true, []string{other, asked}, false, access.Allow},
		{"a list that the token alone answers", Groups{Ask: AskNever, Keep: []string{asked}}, false, other, []string{other}, true, []string{other, asked}, false, access.Allow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := &groupAsker{Groups: tt.groups, provider: notReady(t), log: slog.New(slog.DiscardHandler)}
			id := &access.Identity{Groups: []string{member, other}, GroupsUnknown: tt.overage}
			rule := tt.rule
			var rules []access.Clause
			if rule != "" {
				rules = []access.Clause{{rule}}
			}
			if claims := a.completeGroups(t.Context(), "", id, &entra.Tokens{}, rules, nil); claims != "" {
				t.Errorf("claims %q", claims)
			}
			if tt.groupsOf != nil && !slices.Equal(id.Groups, tt.groupsOf) || id.GroupsUnknown != tt.unknown || !slices.Equal(id.GroupsChecked, tt.checked) || id.GroupsFailed != tt.failed {
				t.Errorf("groups %q, unknown %v, checked %q, failed %v", id.Groups, id.GroupsUnknown, id.GroupsChecked, id.GroupsFailed)
			}
			if rule == "" {
				rule = strings.ToLower(asked)
			}
			if d := access.Decide(id, &access.Requirement{Groups: []access.Clause{{rule}}}, newClock().t); d.Outcome != tt.decision {
				t.Errorf("the rule is answered %s, want %s", d.Outcome, tt.decision)
			}
		})
	}
}

func TestAmong(t *testing.T) {
	groups := []string{"a", "b", "c"}
	if got := among(groups, []string{"c", "x", "a"}); !slices.Equal(got, []string{"a", "c"}) || !slices.Equal(groups, []string{"a", "b", "c"}) {
		t.Errorf("%q of %q", got, groups)
	}
	if got := among(groups, nil); len(got) != 0 {
		t.Errorf("%q of none", got)
	}
}
