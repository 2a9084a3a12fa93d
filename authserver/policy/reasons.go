package policy

import "github.com/easyauth-sidecar/easyauth/authserver/access"

// The reasons of a policy's decisions, beside access.ReasonOK (Allow),
// access.ReasonNoTicket (SignIn) and access.ReasonGroupsUnknown (Unsure).
const (
	ReasonDenied    = access.ReasonPolicyDenied    // Forbid: a deny rule matches, or what it asks about is not known
	ReasonUnmatched = access.ReasonPolicyUnmatched // Forbid: no allow rule matches
	ReasonStepUp    = access.ReasonPolicyStepUp    // StepUp: all that is missing can be brought by a new sign-in
	ReasonError     = access.ReasonPolicyError     // Forbid: an expression failed
	ReasonPath      = access.ReasonPolicyPath      // Forbid: the policy asks about the path, and it has several readings
	ReasonUnknown   = access.ReasonPolicyUnknown   // Deny: there is no policy of this name; nothing here answers it
)

// Why names the condition's lack of knowledge that kept a rule from being decided.
// It is a closed set, so that it can label a metric and stand in a log.
type Why uint8

// The lacks of knowledge. WhyNone: everything that was asked was known.
const (
	WhyNone            Why = iota
	WhyEmailUnknown        // the token has no email, or it was left out
	WhyEmailUnverified     // neither email_verified nor xms_edov says that the address is the person's
	WhySourceUnknown       // the client's address is not known
	WhyMethodUnknown       // the request's method is not known, or is no method in upper case
	WhyPathAmbiguous       // the path has several readings
	WhyTimeUnknown         // nobody said what time it is
	WhyClientUnknown       // the token does not say for which client it was issued
	WhyUserUnknown         // the token has no oid
	WhyTenantUnknown       // the token has no tid
	WhyDeviceUnknown       // the token says nothing about the device
	WhyClaimDropped        // the claim was left out: too large, or there twice
	WhyClaimAmbiguous      // a member of the claim is there twice, or it is no JSON
	WhyAuthTimeUnknown     // the token does not say when the person signed in
	WhyGroupsUnasked       // nobody has asked for these groups yet
	WhyGroupsUnknown       // the groups could not be asked for
	WhyAppUnknown          // the token does not say whether it speaks for an application
	WhyElsewhere           // the token was for another application, and says nothing of what this one knows
	WhyExprError           // the expression failed
)

// String returns the name as logs and tables show it, "none" for WhyNone.
func (w Why) String() string {
	switch w {
	case WhyEmailUnknown:
		return "email_unknown"
	case WhyEmailUnverified:
		return "email_unverified"
	case WhySourceUnknown:
		return "source_unknown"
	case WhyMethodUnknown:
		return "method_unknown"
	case WhyPathAmbiguous:
		return "path_ambiguous"
	case WhyTimeUnknown:
		return "time_unknown"
	case WhyClientUnknown:
		return "client_unknown"
	case WhyUserUnknown:
		return "user_unknown"
	case WhyTenantUnknown:
		return "tenant_unknown"
	case WhyDeviceUnknown:
		return "device_unknown"
	case WhyClaimDropped:
		return "claim_dropped"
	case WhyClaimAmbiguous:
		return "claim_ambiguous"
	case WhyAuthTimeUnknown:
		return "auth_time_unknown"
	case WhyGroupsUnasked:
		return "groups_unasked"
	case WhyGroupsUnknown:
		return "groups_unknown"
	case WhyAppUnknown:
		return "app_unknown"
	case WhyElsewhere:
		return "other_application"
	case WhyExprError:
		return "expr_error"
	case WhyNone:
	}
	return "none"
}
