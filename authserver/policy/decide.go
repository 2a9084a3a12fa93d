package policy

import (
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Set holds policies by name. It never changes.
type Set struct {
	names  []string
	byName map[string]*Policy
}

// Find returns the policy of this name, byte by byte, and nil if there is none. A nil
// Policy denies.
func (s *Set) Find(name string) *Policy {
	if s == nil {
		return nil
	}
	return s.byName[name]
}

// Names returns the names in the order of the text.
func (s *Set) Names() []string {
	if s == nil {
		return nil
	}
	return slices.Clone(s.names)
}

// Policy is a compiled policy. It never changes and is safe for concurrent use.
type Policy struct {
	name     string
	deny     []*rule
	allow    []*rule
	asksPath bool
	atSignIn access.Missing // what a first sign-in may as well ask for
}

// rule is one deny or allow rule: compiled, and as it is built.
type rule struct {
	name string
	test test
	node *node
	// remediable: a condition in it can be brought or asked for again.
	remediable bool
}

// Name returns the policy's name.
func (p *Policy) Name() string {
	if p == nil {
		return ""
	}
	return p.name
}

// Rules returns the names of its rules, those that deny first.
func (p *Policy) Rules() []string {
	var names []string
	for _, r := range slices.Concat(p.deny, p.allow) {
		names = append(names, r.name)
	}
	return names
}

// Decide answers one question, as the package comment says. A nil Policy denies with
// ReasonUnknown. Slices of the verdict belong to the policy: they must not be changed.
func (p *Policy) Decide(in *Input) Verdict {
	switch {
	case p == nil:
		return Verdict{Decision: access.Decision{Outcome: access.Deny, Reason: ReasonUnknown}}
	case in.Identity == nil:
		return Verdict{Decision: access.Decision{Outcome: access.SignIn, Reason: access.ReasonNoTicket, Missing: p.atSignIn}}
	}
	if p.asksPath {
		if _, ok := in.Path(); !ok {
			return forbid(ReasonPath, "", WhyPathAmbiguous)
		}
	}
	undecided := false
	for _, r := range p.deny {
		switch a := r.test(in); a.is {
		case yes:
			return forbid(ReasonDenied, r.name, WhyNone)
		case unknown:
			undecided = true
		case no:
		}
	}
	w := way{in: in}
	for _, r := range p.allow {
		a := r.test(in)
		if a.is == yes && !undecided {
			return Verdict{Decision: access.Decision{Outcome: access.Allow, Reason: access.ReasonOK}, Rule: r.name}
		}
		if a.is == yes {
			w.passes = r
			break
		}
		w.doesNotMatch(r, a.why)
	}
	return p.refuse(&w, undecided)
}

func forbid(reason access.Reason, rule string, why Why) Verdict {
	if why == WhyExprError {
		reason = ReasonError
	}
	return Verdict{Decision: access.Decision{Outcome: access.Forbid, Reason: reason}, Rule: rule, Why: why}
}

// refuse finds out how an input that does not pass is answered: no deny rule matches,
// and one of them is unknown or no allow rule matches.
func (p *Policy) refuse(w *way, undecided bool) Verdict {
	if undecided {
		for _, r := range p.deny {
			switch a := r.test(w.in); {
			case a.is == no:
			case a.is == yes, !r.node.may(w.in, retry).no:
				return forbid(ReasonDenied, r.name, a.why) // an unknown: fail closed
			default:
				w.mayStillDeny(r, a.why)
			}
		}
	}
	if w.passes != nil {
		w.couldAllow(w.passes)
	} else {
		for _, r := range p.allow {
			if r.remediable && r.node.may(w.in, retry).yes {
				w.couldAllow(r)
			}
		}
	}
	if w.open.rule == nil {
		return w.unmatched()
	}
	return w.verdict()
}
