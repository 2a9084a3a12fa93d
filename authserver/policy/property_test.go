package policy

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const draws = 300

func kinds() []string { return []string{"all", "any", "none"} }

func everything() []string { return slices.Concat(liftable(), fixed(), grouped()) }

// TestDecideMeansWhatItSays compares decisions of drawn policies with the three-valued
// logic, written anew: an input passes if no deny rule is yes or unknown, and an allow
// rule is yes.
func TestDecideMeansWhatItSays(t *testing.T) {
	tests, err := testsOf(everything())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[access.Outcome]int{}
	for range draws {
		deny, allow := drawRules(r, everything(), kinds(), 0), drawRules(r, everything(), kinds(), 1)
		text := policyText(deny, allow)
		p := mustParse(t, text).Find("p")
		for range 4 {
			in := drawInput(r)
			v := p.Decide(in)
			want := slices.ContainsFunc(allow, func(d drawn) bool { return d.truth(in, tests) == 1 }) &&
				!slices.ContainsFunc(deny, func(d drawn) bool { return d.truth(in, tests) > -1 })
			if _, ok := in.Path(); p.asksPath && !ok {
				want = false
			}
			if got := v.Decision.Outcome == access.Allow; got != want {
				t.Fatalf("%s%+v %+v\n%v, want %v", text, in, in.Identity, describe(v), want)
			}
			seen[v.Decision.Outcome]++
			sound(t, text, in, v)
		}
	}
	for _, o := range []access.Outcome{access.Allow, access.Forbid, access.StepUp, access.Unsure} {
		if seen[o] < draws/100 {
			t.Errorf("%v only %d times", o, seen[o])
		}
	}
}

// sound looks at what every verdict must be.
func sound(t *testing.T, text string, in *Input, v Verdict) {
	t.Helper()
	d := v.Decision
	ok := false
	switch d.Outcome {
	case access.Allow:
		ok = d.Reason == access.ReasonOK && v.Rule != "" && v.Why == WhyNone && d.Missing.Empty()
	case access.SignIn:
		ok = d.Reason == access.ReasonNoTicket && in.Identity == nil && v.Rule == ""
	case access.Forbid:
		ok = d.Missing.Empty() && slices.Contains([]access.Reason{ReasonDenied, ReasonUnmatched, ReasonError, ReasonPath}, d.Reason) &&
			(v.Rule != "") == (d.Reason == ReasonDenied || d.Reason == ReasonError) && (v.Why == WhyExprError) == (d.Reason == ReasonError)
	case access.StepUp:
		ok = d.Reason == ReasonStepUp && v.Rule != "" && !d.Missing.Empty()
	case access.Unsure:
		ok = d.Reason == access.ReasonGroupsUnknown && v.Rule != "" && len(d.Missing.Groups) > 0 && in.Identity.GroupsFailed
	case access.Deny:
	}
	if !ok {
		t.Fatalf("%s%+v %+v\n%s", text, in, in.Identity, describe(v))
	}
}

// TestMoreDenyNeverWidens adds a deny rule, or takes an allow rule away: what did not
// pass before does not pass then.
func TestMoreDenyNeverWidens(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	narrowed := 0
	for range draws {
		deny, allow := drawRules(r, everything(), kinds(), 0), drawRules(r, everything(), kinds(), 2)
		more := slices.Insert(slices.Clone(deny), r.IntN(len(deny)+1), draw(r, everything(), kinds(), 3))
		i := r.IntN(len(allow))
		less := slices.Delete(slices.Clone(allow), i, i+1)
		before := mustParse(t, policyText(deny, allow)).Find("p")
		for j, text := range []string{policyText(more, allow), policyText(deny, less)} {
			after := mustParse(t, text).Find("p")
			in := drawInput(r)
			was, is := before.Decide(in).Decision.Outcome, after.Decide(in).Decision.Outcome
			switch {
			case was == access.Allow && is != access.Allow:
				narrowed++
			case j == 1 && before.asksPath && !after.asksPath: // it was the last rule about paths: ambiguous ones are nobody's matter then
			case was != access.Allow && is == access.Allow:
				t.Fatalf("%s%s%+v\n%v, then %v", policyText(deny, allow), text, in, was, is)
			}
		}
	}
	if narrowed < draws/100 {
		t.Errorf("narrowed %d times", narrowed)
	}
}

// TestLessKnownNeverOpens takes away what is known: what did not pass before does not
// pass then, whatever all, any and none make of it.
func TestLessKnownNeverOpens(t *testing.T) {
	forget := map[string]func(in *Input){
		"whose token it was":           func(in *Input) { in.Identity.Elsewhere = true },
		"whether it is an application": func(in *Input) { in.AppUnknown = true },
		"the address":                  func(in *Input) { in.Source = netip.Addr{} },
		"the method":                   func(in *Input) { in.Method = "" },
		"the method, in lower case":    func(in *Input) { in.Method = strings.ToLower(in.Method) },
		"the path":                     func(in *Input) { in.URI = "/a/..%2f" + in.URI },
		"the time":                     func(in *Input) { in.Now = time.Time{} },
		"the person":                   func(in *Input) { in.Identity.Object = "" },
		"the address of the person":    func(in *Input) { in.Identity.Email = "" },
		"that the address is verified": func(in *Input) { in.Identity.Claims = nil; in.Identity.Dropped = []string{"claims"} },
		"the roles":                    func(in *Input) { in.Identity.Roles = nil; in.Identity.Dropped = append(in.Identity.Dropped, "roles") },
		"the groups": func(in *Input) {
			in.Identity.GroupsUnknown, in.Identity.Groups, in.Identity.GroupsChecked = true, nil, nil
		},
		"the groups, which were dropped": func(in *Input) { in.Identity.Groups = nil; in.Identity.Dropped = append(in.Identity.Dropped, "groups") },
	}
	for name, less := range forget {
		r := rand.New(rand.NewPCG(11, 12))
		closed := 0
		for range draws {
			text := policyText(drawRules(r, everything(), kinds(), 0), drawRules(r, everything(), kinds(), 1))
			p, in := mustParse(t, text).Find("p"), drawInput(r)
			was := p.Decide(in).Decision.Outcome
			before := *in.Identity
			less(in)
			is := p.Decide(in).Decision.Outcome
			if was == access.Allow && is != access.Allow {
				closed++
			}
			if was != access.Allow && is == access.Allow {
				t.Fatalf("%s: %s%+v\nwas %+v\nis %+v\n%v, then %v", name, text, in, before, in.Identity, was, is)
			}
		}
		if closed == 0 {
			t.Errorf("%s: it never mattered", name)
		}
	}
}

// TestOrderDecidesNothing turns the rules around: the outcome stays.
func TestOrderDecidesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range draws {
		deny, allow := drawRules(r, everything(), kinds(), 1), drawRules(r, everything(), kinds(), 1)
		text := policyText(deny, allow)
		p, in := mustParse(t, text).Find("p"), drawInput(r)
		was := p.Decide(in).Decision.Outcome
		slices.Reverse(deny)
		slices.Reverse(allow)
		if is := mustParse(t, policyText(deny, allow)).Find("p").Decide(in).Decision.Outcome; is != was {
			t.Fatalf("%s%+v %+v\n%v, turned around %v", text, in, in.Identity, was, is)
		}
	}
}

// TestNobodyPassesUnseen: without an identity the answer is SignIn, whatever the rules.
func TestNobodyPassesUnseen(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range draws {
		p := mustParse(t, policyText(drawRules(r, everything(), kinds(), 0), drawRules(r, everything(), kinds(), 1))).Find("p")
		in := drawInput(r)
		in.Identity = nil
		if v := p.Decide(in); v.Decision.Outcome != access.SignIn {
			t.Fatal(describe(v))
		}
	}
}

// TestStepUpIsEnough brings what a step-up asks for: then the input passes. Without
// none, which a sign-in could also make worse.
func TestStepUpIsEnough(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	from := slices.Concat(liftable(), fixed(), grouped())
	stepped := 0
	for range draws {
		text := policyText(nil, drawRules(r, from, []string{"all", "any"}, 1))
		p, in := mustParse(t, text).Find("p"), drawInput(r)
		v := p.Decide(in)
		if v.Decision.Outcome != access.StepUp {
			continue
		}
		stepped++
		bring(in, v.Decision.Missing)
		if after := p.Decide(in); after.Decision.Outcome != access.Allow {
			t.Fatalf("%s%+v %+v\n%s, then %s", text, in, in.Identity, describe(v), describe(after))
		}
	}
	if stepped < draws/20 {
		t.Errorf("%d steps", stepped)
	}
}

// bring gives the identity what is missing, and it is a member of all groups. A new
// sign-in is strong only as far as it was asked for.
func bring(in *Input, m access.Missing) {
	id := in.Identity
	if m.MaxAge > 0 {
		id.AuthTime, id.Contexts, id.Methods = in.Now, nil, nil
	}
	first := func(clauses []access.Clause) (names []string) {
		for _, c := range clauses {
			names = append(names, c[0])
		}
		return names
	}
	id.Contexts = append(id.Contexts, first(m.Contexts)...)
	id.Methods = append(id.Methods, first(m.Methods)...)
	id.Scopes = append(id.Scopes, first(m.Scopes)...)
	id.Groups = append(id.Groups, first(m.Groups)...)
}
