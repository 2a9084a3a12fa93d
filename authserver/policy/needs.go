package policy

import (
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// needs collects what a sign-in has to ask for.
type needs struct {
	missing access.Missing
	// held are the contexts and methods that the same rule wants and that the session
	// has: strong and recent must be true of one sign-in, so that who has to sign in
	// anew is asked for them too.
	held access.Missing
}

// all is what is missing, and of a sign-in that is too old what else it has to be.
func (n *needs) all() access.Missing {
	m := n.missing
	if m.MaxAge > 0 {
		m.Contexts, m.Methods = merged(m.Contexts, n.held.Contexts), merged(m.Methods, n.held.Methods)
	}
	return m
}

// add adds what makes a node yes or no: of several ways the one that is so already,
// else the first.
func (n *needs) add(in *Input, at *node, want bool) {
	if at.kind == condition {
		n.addCondition(in, at, want)
		return
	}
	// Every one of the kids must become this, or one of them.
	every, kids := want == (at.kind != some), want
	if at.kind == none {
		every, kids = want, !want
	}
	if every {
		for _, kid := range at.kids {
			n.add(in, kid, kids)
		}
		return
	}
	for _, how := range []remedy{final, signIn, retry} {
		for _, kid := range at.kids {
			if m := kid.may(in, how); kids && m.yes || !kids && m.no {
				n.add(in, kid, kids)
				return
			}
		}
	}
}

func (n *needs) addCondition(in *Input, at *node, want bool) {
	a := at.test(in)
	switch {
	case a.is == yes && want:
		n.held = joined(n.held, at.asks)
	case a.is == no && !want:
	default:
		n.missing = joined(n.missing, at.asks)
	}
}

// joined asks for both.
func joined(a, b access.Missing) access.Missing {
	return access.Missing{
		Groups: merged(a.Groups, b.Groups), Scopes: merged(a.Scopes, b.Scopes),
		Contexts: merged(a.Contexts, b.Contexts), Methods: merged(a.Methods, b.Methods), MaxAge: shorter(a.MaxAge, b.MaxAge),
	}
}

func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func merged(a, b []access.Clause) []access.Clause {
	out := slices.Clip(a)
	for _, c := range b {
		if !slices.ContainsFunc(out, func(have access.Clause) bool { return slices.Equal(have, c) }) {
			out = append(out, c)
		}
	}
	return out
}

// maxGroupsAtSignIn bounds what a first sign-in is asked for beyond what it needs.
const maxGroupsAtSignIn = 20

// atSignIn is what somebody who is not signed in may as well be asked for, so that one
// sign-in brings it all: groups, which cost the person nothing, and of a policy with
// one allow rule what that cannot do without.
func atSignIn(deny, allow []*rule) access.Missing {
	var m access.Missing
	if len(allow) == 1 {
		m = required(allow[0].node)
	}
	for _, r := range slices.Concat(allow, deny) {
		m.Groups = merged(m.Groups, groupsIn(r.node))
	}
	names := 0
	for i, c := range m.Groups {
		if names += len(c); names > maxGroupsAtSignIn {
			m.Groups = m.Groups[:i:i]
			break
		}
	}
	return m
}

func required(n *node) access.Missing {
	if n.kind == condition {
		return n.asks
	}
	var m access.Missing
	if n.kind == all || n.kind == some && len(n.kids) == 1 {
		for _, kid := range n.kids {
			m = joined(m, required(kid))
		}
	}
	return m
}

func groupsIn(n *node) []access.Clause {
	out := n.asks.Groups
	for _, kid := range n.kids {
		out = merged(out, groupsIn(kid))
	}
	return out
}
