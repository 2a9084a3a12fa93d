package access

import "slices"

// Both is the decision when two rules must let a request pass, each of which has decided
// about the same identity: Allow when both do, else what stands in the way, in the order
// of the outcomes. What a sign-in has to ask for is what both miss; the reason is the
// first one's where both refuse alike.
func Both(a, b Decision) Decision {
	if a.Outcome == Allow && b.Outcome == Allow {
		return a
	}
	for _, outcome := range []Outcome{Deny, SignIn, Unsure, Forbid, StepUp} {
		switch {
		case a.Outcome == outcome && b.Outcome == outcome:
			a.Missing = a.Missing.and(b.Missing)
			return a
		case a.Outcome == outcome:
			return a
		case b.Outcome == outcome:
			return b
		}
	}
	return Decision{} // one of them is an outcome that there is not
}

// and lists what is missing of either.
func (m Missing) and(n Missing) Missing {
	join := func(a, b []Clause) []Clause {
		out := slices.Clip(a)
		for _, c := range b {
			if !slices.ContainsFunc(a, func(have Clause) bool { return slices.Equal(have, c) }) {
				out = append(out, c)
			}
		}
		return out
	}
	both := Missing{
		Roles: join(m.Roles, n.Roles), Groups: join(m.Groups, n.Groups), Scopes: join(m.Scopes, n.Scopes),
		Contexts: join(m.Contexts, n.Contexts), Methods: join(m.Methods, n.Methods), Graph: slices.Clip(m.Graph), MaxAge: m.MaxAge,
	}
	for _, query := range n.Graph {
		if !slices.Contains(both.Graph, query) {
			both.Graph = append(both.Graph, query)
		}
	}
	if n.MaxAge > 0 && (both.MaxAge == 0 || n.MaxAge < both.MaxAge) {
		both.MaxAge = n.MaxAge
	}
	return both
}
