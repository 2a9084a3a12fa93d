package policy

import (
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// claimPath says where a value is: the name of a claim and, below it, of members of
// objects. Lists are gone through on the way.
type claimPath struct {
	whole string                        // as written, when a claim may have the dots in its name; else ""
	steps []string                      // at least one
	shown []string                      // names under which the claim may be called dropped
	field func(*access.Identity) string // of a claim that an identity has a field for
}

// newClaimPath reads "a.b": the claim of that name if the token has one, else the
// member b of the claim a. steps: the path as a list, in which dots are letters.
func newClaimPath(text string, steps []string) claimPath {
	p := claimPath{steps: steps}
	if steps == nil {
		p.steps = strings.Split(text, ".")
		if len(p.steps) > 1 {
			p.whole = text
		}
	}
	p.field = fieldOf(p.steps)
	for _, name := range []string{p.steps[0], p.whole} {
		if name != "" {
			p.shown = append(p.shown, name, droppedName(name))
		}
	}
	return p
}

// droppedName is how a dropped claim is named in an identity: cut to 60 bytes, and
// only printable ASCII.
func droppedName(name string) string {
	const limit = 60
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, name[:min(len(name), limit)])
}

// eachResult is what came of going through the values of a claim.
type eachResult uint8

const (
	notFound eachResult = iota // there is no value
	unmet                      // none meets the match
	met
	broken // a member is there twice, or something is no JSON
)

// look goes through the values at the path until one meets the match. An identity has
// a claim at most once.
func (p *claimPath) look(in *Input, m match) answer {
	if p.field != nil {
		if value := p.field(in.Identity); value != "" {
			return holds(m(value))
		}
		return p.absent(in)
	}
	values, steps := p.values(in.Identity)
	if values == nil {
		return p.absent(in)
	}
	for _, v := range values {
		switch r := look(v, steps, m); r {
		case met:
			return answer{is: yes}
		case broken:
			return cannotTell(WhyClaimAmbiguous)
		case notFound, unmet:
		}
	}
	return answer{}
}

func (p *claimPath) values(id *access.Identity) (values, steps []string) {
	if p.whole != "" {
		if values = claimValues(id, p.whole); values != nil {
			return values, nil
		}
	}
	return claimValues(id, p.steps[0]), p.steps[1:]
}

// absent is absent for a claim that may have been left out under several names.
func (p *claimPath) absent(in *Input) answer {
	if slices.ContainsFunc(in.Identity.Dropped, func(name string) bool { return name == "claims" || slices.Contains(p.shown, name) }) {
		return cannotTell(WhyClaimDropped)
	}
	return absent(in, "")
}

// claimValues gives the values of a claim that is no list of the identity's own, nil
// if it has none.
func claimValues(id *access.Identity, name string) []string {
	for i := range id.Claims {
		if id.Claims[i].Name == name {
			return id.Claims[i].Values
		}
	}
	return nil
}

// look goes down from one value.
func look(value string, steps []string, m match) eachResult {
	if len(steps) == 0 {
		if m(value) {
			return met
		}
		return unmet
	}
	if value == "" || value[0] != '{' && value[0] != '[' {
		return notFound
	}
	return lookJSON(value, steps, m)
}
