package policy

import (
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// node is how a rule is built, which only refusals look at.
type node struct {
	kind kind
	kids []*node
	test test           // of a condition
	asks access.Missing // of a condition: what a new sign-in has to ask for, so that it holds or is known
}

type kind uint8

const (
	condition kind = iota
	all
	some // `any`
	none
)

// may is what a node could become.
type may struct{ yes, no bool }

// may says what a node could become if all that has at most this remedy turned out
// either way, each condition by itself.
func (n *node) may(in *Input, remedy remedy) may {
	if n.kind == condition {
		a := n.test(in)
		if a.remedy != final && a.remedy <= remedy {
			return may{true, true}
		}
		return may{a.is == yes, a.is == no}
	}
	every, one := may{true, true}, may{}
	for _, kid := range n.kids {
		m := kid.may(in, remedy)
		every = may{every.yes && m.yes, every.no && m.no}
		one = may{one.yes || m.yes, one.no || m.no}
	}
	switch n.kind {
	case all:
		return may{every.yes, one.no}
	case some:
		return may{one.yes, every.no}
	default: // none
		return may{every.no, one.yes}
	}
}

// way is how an input that does not pass now could.
type way struct {
	in     *Input
	closed named // the first deny rule that is unknown
	open   named // the allow rule to be met
	unsure named // the first rule that only asking again can decide
	wanted bool  // what unsure has to become
	passes *rule // the first allow rule that matches now
	needs  needs

	why    Why   // the first lack of knowledge of an allow rule
	failed *rule // the first allow rule whose expression failed
}

// doesNotMatch takes down why an allow rule does not match.
func (w *way) doesNotMatch(r *rule, why Why) {
	if w.why == WhyNone {
		w.why = why
	}
	if why == WhyExprError && w.failed == nil {
		w.failed = r
	}
}

func (w *way) unmatched() Verdict {
	if w.failed != nil {
		return forbid(ReasonError, w.failed.name, WhyExprError)
	}
	return forbid(ReasonUnmatched, "", w.why)
}

// named is a rule and why it is unknown.
type named struct {
	*rule
	why Why
}

// mayStillDeny adds a deny rule that is unknown: it has to become no.
func (w *way) mayStillDeny(r *rule, why Why) {
	if w.closed.rule == nil {
		w.closed = named{r, why}
	}
	if w.unsure.rule == nil && !r.node.may(w.in, signIn).no {
		w.unsure, w.wanted = named{r, why}, false
	}
	w.needs.add(w.in, r.node, false)
}

// couldAllow adds an allow rule that matches now, or could.
func (w *way) couldAllow(r *rule) {
	why := r.test(w.in).why
	if w.unsure.rule == nil && !r.node.may(w.in, signIn).yes {
		w.unsure, w.wanted = named{r, why}, true
	}
	if w.open.rule == nil {
		w.open = named{r, why}
		w.needs.add(w.in, r.node, true)
	}
}

func (w *way) verdict() Verdict {
	var failed needs
	if w.unsure.rule != nil {
		failed.add(w.in, w.unsure.node, w.wanted)
	}
	by := w.open
	if w.passes != nil {
		by = w.closed
	}
	missing := w.needs.all()
	switch {
	// The same question was answered differently: by an expression.
	case by.rule == nil, w.unsure.rule != nil && len(failed.missing.Groups) == 0, missing.Empty():
		return forbid(ReasonError, w.open.name, WhyExprError)
	case w.unsure.rule != nil:
		return Verdict{Rule: w.unsure.name, Why: WhyGroupsUnknown, Decision: access.Decision{
			Outcome: access.Unsure, Reason: access.ReasonGroupsUnknown, Missing: access.Missing{Groups: failed.missing.Groups},
		}}
	}
	return Verdict{Rule: by.name, Why: by.why, Decision: access.Decision{Outcome: access.StepUp, Reason: ReasonStepUp, Missing: missing}}
}

// remediable reports whether a condition could be another one after a sign-in, or
// when it is asked again.
func (n *node) remediable() bool {
	return !n.asks.Empty() || slices.ContainsFunc(n.kids, (*node).remediable)
}
