package authserver

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
)

// Members finds out in which of these groups the bearer of a token is. token is
// the token's hash, until expires.
type Members interface {
	Members(ctx context.Context, token [32]byte, expires time.Time, id *access.Identity, groups []string) (of []string, err error)
}

// membersTimeout bounds what a request waits for the groups of a bearer token.
const membersTimeout = 2 * time.Second

// judgeBearer decides by a bearer token that is ours, whatever the cookies say.
// It reports false when there is none; the cookie then decides.
func (s *Server) judgeBearer(r *http.Request, req *access.Requirement, v *verdict) bool {
	result := s.Bearer.Bearer(r.Context(), r.Header)
	if !result.Claimed {
		return false
	}
	s.bearerLooks.Count(result.Cached)
	v.bearer, v.identity, v.headers, v.mark, v.err = true, result.Identity, result.Headers, result.Key, result.Err
	s.decide(r, req, v)
	switch {
	case v.identity == nil && result.Reason == access.ReasonKeysUnknown:
		v.decision = access.Decision{Outcome: access.Unsure, Reason: result.Reason}
	case v.identity == nil:
		v.decision.Reason = result.Reason
	case v.decision.Outcome == access.StepUp && len(v.decision.Missing.Groups) > 0:
		s.addMembers(r, &result, req, v)
	}
	return true
}

// addMembers asks for the groups that the token could not hold, and decides
// again. A bearer token cannot be sent to a sign-in that would bring them, so
// that without an answer it is could-not-tell.
func (s *Server) addMembers(r *http.Request, result *entra.BearerResult, req *access.Requirement, v *verdict) {
	unsure := access.Decision{Outcome: access.Unsure, Reason: access.ReasonGroupsUnknown}
	if s.Members == nil {
		v.decision = unsure
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), membersTimeout)
	defer cancel()
	wanted := slices.Concat(v.decision.Missing.Groups...)
	of, err := s.Members.Members(ctx, result.Key, result.Expires, v.identity, wanted)
	if err != nil {
		v.decision, v.err = unsure, err
		return
	}
	id := *v.identity // the token's own is shared
	id.Groups = slices.Concat(id.Groups, of)
	for _, group := range wanted {
		if access.IsGUID(group) { // nobody can be asked for a name
			id.GroupsChecked = append(slices.Clip(id.GroupsChecked), group)
		}
	}
	v.identity, v.headers, v.mark = &id, nil, [32]byte{}
	s.decide(r, req, v)
	if reason := v.decision.Reason; reason == access.ReasonGroupsUnasked || reason == access.ReasonPolicyStepUp && len(v.decision.Missing.Groups) > 0 {
		v.decision = unsure
	}
}

// challenge says what a script needs.
func (v *verdict) challenge() entra.Challenge {
	return entra.ChallengeFor(v.decision, v.bearer, v.err)
}
