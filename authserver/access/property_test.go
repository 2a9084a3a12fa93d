package access_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

func (w *world) decide(query string) access.Decision {
	req, err := w.parser.Parse(query)
	if err != nil {
		return access.Decision{Outcome: access.Deny, Reason: access.ReasonBadQuery}
	}
	return access.Decide(&w.id, req, w.now)
}

func (w *world) passes(query string) bool { return w.decide(query).Outcome == access.Allow }

// alone reports whether a part of a query passes by itself. An empty query is no
// rule; an empty part of a longer one is a mistake.
func (w *world) alone(part string) bool { return part != "" && w.passes(part) }

// A query is as narrow as all its parts together, whatever it is made of.
func TestQueryIsAllOfItsParts(t *testing.T) {
	passed, refused := 0, 0
	property.Try(t, 6000, func(t *testing.T, r *property.Rand) {
		w := drawWorld(r)
		if !w.passes("") {
			t.Fatal("the empty query does not pass: it is the widest")
		}
		parts := make([]string, r.Between(1, 5))
		for i := range parts {
			parts[i] = drawPiece(r)
		}
		query := mutated(r, strings.Join(parts, "&"))
		parts = strings.Split(query, "&")
		want := query == "" || !slices.ContainsFunc(parts, func(part string) bool { return !w.alone(part) })
		if got := w.passes(query); got != want {
			t.Errorf("%q: passes %v, and of its parts %v for %+v", query, got, want, w.id)
		}
		if want {
			passed++
		} else {
			refused++
		}
		if req, err := w.parser.Parse(query); err == nil {
			if d := access.Decide(nil, req, w.now); d.Outcome != access.SignIn {
				t.Errorf("%q, nobody: %v", query, d.Outcome)
			}
		}
	})
	t.Logf("%d passed, %d were refused", passed, refused)
}

// What is taken away from a query never closes it, and what is added never opens it.
func TestQueryOnlyNarrows(t *testing.T) {
	property.Try(t, 4000, func(t *testing.T, r *property.Rand) {
		w := drawWorld(r)
		var parts []string
		for range r.Between(1, 6) {
			if part := drawPiece(r); w.alone(part) || r.Chance(4) {
				parts = append(parts, part)
			}
		}
		query := strings.Join(parts, "&")
		before := w.decide(query)
		if before.Outcome == access.Allow {
			for range 4 {
				if fewer := strings.Join(property.Some(r, parts), "&"); !w.passes(fewer) {
					t.Errorf("%q passes, and %q, which asks for less, does not", query, fewer)
				}
			}
		}
		if longer := strings.Join(property.Inserted(r, parts, drawPiece(r)), "&"); before.Outcome != access.Allow && w.passes(longer) {
			t.Errorf("%q is refused, and %q, which asks for more, passes", query, longer)
		}
		for range 3 {
			broken := strings.Join(property.Inserted(r, parts, property.One(r, unreadable())), "&")
			if broken != "" && w.passes(broken) {
				t.Errorf("%q passes with a part that cannot be read", broken)
			}
		}
		if len(parts) == 0 {
			return
		}
		same := property.Shuffled(r, property.Inserted(r, parts, property.One(r, parts)))
		if after := w.decide(strings.Join(same, "&")); after.Outcome != before.Outcome || after.Reason != before.Reason {
			t.Errorf("%q: %v %v; %q: %v %v", query, before.Outcome, before.Reason, same, after.Outcome, after.Reason)
		}
	})
}

// Who has less is never let in where who has more is not.
func TestLessIdentityNeverOpens(t *testing.T) {
	property.Try(t, 3000, func(t *testing.T, r *property.Rand) {
		more := drawWorld(r)
		less := *more
		id := &less.id
		id.Roles, id.Groups, id.Scopes = property.Some(r, id.Roles), property.Some(r, id.Groups), property.Some(r, id.Scopes)
		id.Contexts, id.Methods, id.Graph = property.Some(r, id.Contexts), property.Some(r, id.Methods), property.Some(r, id.Graph)
		id.GroupsUnknown, id.GroupsFailed = r.Chance(2), r.Chance(2)
		if !id.AuthTime.IsZero() {
			id.AuthTime = property.One(r, []time.Time{{}, id.AuthTime, id.AuthTime.Add(-time.Hour)})
		}
		parts := make([]string, r.IntN(3))
		for i := range parts {
			parts[i] = drawPiece(r)
		}
		if query := strings.Join(parts, "&"); less.passes(query) && !more.passes(query) {
			t.Errorf("%q: %+v passes, and %+v does not", query, less.id, more.id)
		}
	})
}

// The parts of a rule that pass name what the identity has, by an evaluation that
// knows nothing of the parser.
func TestPassingPartsAreMet(t *testing.T) {
	met := 0
	property.Try(t, 5000, func(t *testing.T, r *property.Rand) {
		w := drawWorld(r)
		part := drawPiece(r)
		name, raw, _ := strings.Cut(part, "=")
		value, err := url.QueryUnescape(raw)
		if err != nil {
			t.Fatal(err)
		}
		separator := "|"
		if kind, isAny := strings.CutSuffix(name, "-any"); isAny {
			name, separator = kind, ","
		}
		names := strings.Split(value, separator)
		have, all := map[string][]string{"role": w.id.Roles, "group": w.id.Groups, "acr": w.id.Contexts, "amr": w.id.Methods}[name], false
		switch name {
		case "scope", "max_age": // other spellings: TestRuleScopes, TestFreshAndStrongSignIns
			return
		case "group":
			for i := range names {
				if guid := strings.ToLower(names[i]); access.IsGUID(guid) {
					names[i] = guid
				}
			}
		case "graph":
			all = true
			for _, result := range w.id.Graph {
				have = append(have, result.Query)
			}
			for i := range names {
				names[i] = strings.NewReplacer("profile", "/me", "boss", "/me/manager").Replace(names[i])
			}
		}
		has := func(n string) bool { return slices.Contains(have, n) }
		want := slices.ContainsFunc(names, has)
		if all {
			want = !slices.ContainsFunc(names, func(n string) bool { return !has(n) })
		}
		want = want && !(name == "graph" && w.parser.NoGraph) && !(name == "amr" && w.entra)
		if got := w.passes(part); got != want {
			t.Errorf("%q: passes %v, want %v: %+v", part, got, want, w.id)
		}
		if want {
			met++
		}
	})
	t.Logf("%d parts were met", met)
}
