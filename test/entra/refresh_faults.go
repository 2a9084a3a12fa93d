package entra

import "slices"

// Refusal is a reason why Entra gives no tokens for a refresh token.
type Refusal string

// The refusals, with the error that each is told by.
const (
	RefuseRevoked         Refusal = "revoked"           // invalid_grant, AADSTS50173: sessions revoked, password changed
	RefuseExpired         Refusal = "expired"           // invalid_grant, AADSTS700082: not used for 90 days
	RefuseSignInFrequency Refusal = "sign-in frequency" // invalid_grant, AADSTS70043: the sign-in is too old for a policy
	RefuseDisabled        Refusal = "disabled"          // invalid_grant, AADSTS50057: as User.Disabled does
	RefuseConsent         Refusal = "consent"           // invalid_grant, AADSTS65001, suberror consent_required: consent was taken back
	RefuseMFA             Refusal = "second factor"     // invalid_grant, AADSTS50076, suberror basic_action
	RefuseBlocked         Refusal = "blocked"           // invalid_grant, AADSTS53003, suberror message_only: conditional access
	RefuseInteraction     Refusal = "interaction"       // interaction_required, AADSTS50079, with a claims member
)

// Refusals returns every Refusal. Each ends the session for good: the person must sign in again.
func Refusals() []Refusal {
	return []Refusal{
		RefuseRevoked, RefuseExpired, RefuseSignInFrequency, RefuseDisabled, RefuseConsent, RefuseMFA, RefuseBlocked, RefuseInteraction,
	}
}

// RefreshFault is how requests with a refresh token go wrong. What applies first,
// in this order, is the answer: what EndpointFault says (429 with RetryAfter, 500,
// Delay of an hour, Garbage …), Refuse, Lost. The refresh token is used up by Lost alone.
type RefreshFault struct {
	EndpointFault         // as the token endpoint's; Times counts the refreshes that this fault fits
	User          string  // id or object id: only refreshes of this user; "" means all, unknown tokens too
	Refuse        Refusal // with Config.Plain the error is the same, without numbers, suberror and claims
	Lost          bool    // do all that the request asks for, then close the connection without the answer
}

// refreshFault returns the fault for one refresh of a user, and counts it.
func (s *Server) refreshFault(oid string) RefreshFault {
	u, _ := s.User(oid)
	return s.faults.refresh(func(f RefreshFault) bool {
		return f.User == "" || u.ID != "" && (f.User == u.ID || f.User == u.ObjectID)
	})
}

func (b *faultBox) refresh(fits func(RefreshFault) bool) RefreshFault {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, f := range b.f.Refresh {
		if !fits(f) || f.Times > 0 && b.refreshed[i] >= f.Times {
			continue
		}
		b.refreshed[i]++
		return f
	}
	return RefreshFault{}
}

// checkRefresh finds refusals that do not exist.
func (f Faults) checkRefresh() {
	for _, r := range f.Refresh {
		if r.Refuse != "" && !slices.Contains(Refusals(), r.Refuse) {
			panic("entra: no such refusal: " + string(r.Refuse))
		}
	}
}

func (r Refusal) refusal() *stsError {
	grant := func(code int, suberror, text string) *stsError {
		return &stsError{code: code, oauth: "invalid_grant", suberror: suberror, text: text}
	}
	switch r {
	case RefuseRevoked:
		return grant(50173, "", "The provided grant has expired due to it being revoked, a fresh auth token is needed.")
	case RefuseExpired:
		return grant(700082, "", "The refresh token has expired due to inactivity.")
	case RefuseSignInFrequency:
		return grant(70043, "token_expired", "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.")
	case RefuseDisabled:
		return disabled("invalid_grant")
	case RefuseConsent:
		return grant(65001, "consent_required", "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.")
	case RefuseMFA:
		return grant(50076, "basic_action", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication.")
	case RefuseBlocked:
		return grant(53003, "message_only", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")
	default:
		return &stsError{
			code: 50079, oauth: "interaction_required", suberror: "basic_action",
			claims: `{"access_token":{"capolids":{"essential":true,"values":["` + fixedGUID("a policy of conditional access") + `"]}}}`,
			text:   "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication.",
		}
	}
}
