package signin

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
)

// AskGroups says when Microsoft Graph is asked for a person's groups.
type AskGroups uint8

// The choices.
const (
	AskNever   AskGroups = iota // the token's claim, or nothing
	AskOverage                  // when the token says that it could not hold them
	AskAlways                   // the registration puts no groups into tokens
)

// Groups is how sign-ins treat groups. The zero value believes the token alone.
type Groups struct {
	Ask AskGroups

	// KeepAll fetches all groups where Graph is asked. Else only those that rules
	// name are asked for: those of the page of this sign-in, those that the session
	// was asked for before, and Keep.
	KeepAll bool
	// Keep names groups that every session should know. When it is not empty, a
	// token's own groups are kept only if they are of those asked for.
	Keep []string
}

// maxGroupsAsked bounds the groups of one sign-in: more do not fit into a ticket.
const maxGroupsAsked = 200

// any reports whether a sign-in for these rules wants groups that may have to be
// asked for; before are those that the session was asked for.
func (g Groups) any(m access.Missing, before []string) bool {
	return g.Ask != AskNever && (g.KeepAll || len(g.Keep) > 0 || len(m.Groups) > 0 || len(before) > 0)
}

// wanted lists the groups that a session should know, each once: those of the
// page first, which are what the person waits for.
func (g Groups) wanted(rules []access.Clause, before []string) []string {
	var out []string
	for _, name := range slices.Concat(slices.Concat(rules...), g.Keep, before) {
		if !slices.Contains(out, name) && len(out) < maxGroupsAsked {
			out = append(out, name)
		}
	}
	return out
}

// groupAsker completes the groups of an identity.
type groupAsker struct {
	Groups

	provider *entra.RelyingParty
	graph    Graph
	log      *slog.Logger
}

// completeGroups fills in an identity's groups, as far as they are not in its token. If
// Graph cannot be asked they are marked as unknown: a rule about them is then
// could-not-tell, never a no. claims is a claims challenge of Graph's.
func (a *groupAsker) completeGroups(ctx context.Context, requestID string, id *access.Identity, tokens *entra.Tokens, rules []access.Clause, before []string) (claims string) {
	if a.Ask == AskNever && id.GroupsUnknown {
		id.GroupsFailed = true // and nothing is checked: what the token has not is no answer
		return ""
	}
	wanted := a.wanted(rules, before)
	// Also where the token holds all groups: the ticket may have no room for them.
	id.GroupsChecked = wanted
	if a.Ask == AskNever || a.Ask == AskOverage && !id.GroupsUnknown {
		if len(a.Keep) > 0 {
			id.Groups, id.GroupsUnknown = among(id.Groups, wanted), true
		}
		return ""
	}
	id.GroupsUnknown = true
	err := a.askGroups(ctx, id, tokens, wanted)
	if err == nil {
		return ""
	}
	id.Groups, id.GroupsChecked, id.GroupsFailed = nil, nil, true
	attrs := []slog.Attr{slog.String("error", err.Error())}
	if requestID != "" { // a refresh belongs to no request
		attrs = append(attrs, slog.String("request_id", requestID))
	}
	a.log.LogAttrs(ctx, slog.LevelWarn, "groups could not be asked for", attrs...)
	var refused *graph.Error
	if errors.As(err, &refused) {
		return refused.Claims
	}
	return ""
}

func (a *groupAsker) askGroups(ctx context.Context, id *access.Identity, tokens *entra.Tokens, wanted []string) error {
	ids := slices.DeleteFunc(slices.Clone(wanted), func(g string) bool { return !access.IsGUID(g) })
	if !a.KeepAll && len(ids) == 0 {
		id.Groups, id.GroupsChecked = nil, nil
		return nil // nothing to ask for yet
	}
	token, err := a.provider.GraphToken(ctx, tokens)
	if err != nil {
		return err
	}
	if a.KeepAll {
		if id.Groups, err = a.graph.MemberGroups(ctx, token, ""); err == nil {
			id.GroupsUnknown = false
		}
		return err
	}
	id.Groups, err = a.graph.CheckMemberGroups(ctx, token, "", ids)
	id.GroupsChecked = ids // a name that is no object id stays unknown
	return err
}

func among(groups, wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return !slices.Contains(wanted, g) })
}
