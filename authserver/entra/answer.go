package entra

import (
	"errors"
	"regexp"
)

// idpError is what an error of the provider means, from either endpoint.
type idpError struct {
	reason Reason
	number string // "AADSTS65001"
	text   string // safe to log: names of known lists only
}

// readAnswer judges the members error and error_description. Entra ID's own
// number says more than the protocol's name of the error, and goes before it.
func readAnswer(name, description string) idpError {
	a := idpError{reason: ReasonIDPError, text: "an unknown error"}
	if reason, known := protocolErrors()[name]; known {
		a.reason, a.text = reason, name
	}
	a.number = answerNumber.FindString(description)
	if a.number == "" {
		return a
	}
	a.text += ", " + a.number
	c, known := numbers()[a.number]
	if !known && conditionalAccess.MatchString(a.number) {
		c, known = number{ReasonInteraction, "conditional access does not allow it as it is"}, true
	}
	if known {
		a.reason = c.reason
		a.text += ": " + c.cause
	}
	return a
}

var (
	// answerNumber is the provider's own error number, at the start of a description.
	answerNumber      = regexp.MustCompile(`^AAD(STS|B2C)[0-9]{4,10}\b`)
	conditionalAccess = regexp.MustCompile(`^AADSTS530[0-9]{2,3}$`)
)

// AnswerError judges an authorization response that has an error instead of a
// code: its parameters error and error_description, which anybody may have
// written. What is not known is ReasonIDPError, and not in the text.
func AnswerError(errorParam, description string) *Error {
	a := readAnswer(errorParam, description)
	return &Error{Reason: a.reason, code: a.number, err: errors.New("authorization response: " + a.text)}
}

// protocolErrors are those of RFC 6749, RFC 8707 and OpenID Connect, and Entra
// ID's own.
func protocolErrors() map[string]Reason {
	return map[string]Reason{
		"invalid_grant":              ReasonCode,
		"invalid_client":             ReasonClient,
		"unauthorized_client":        ReasonClient,
		"invalid_scope":              ReasonScope,
		"invalid_target":             ReasonScope,
		"invalid_resource":           ReasonScope,
		"consent_required":           ReasonConsent,
		"access_denied":              ReasonCancelled,
		"interaction_required":       ReasonInteraction,
		"login_required":             ReasonInteraction,
		"account_selection_required": ReasonInteraction,
		"invalid_request":            ReasonIDPError,
		"unsupported_grant_type":     ReasonIDPError,
		"unsupported_response_type":  ReasonIDPError,
		"server_error":               ReasonIDPError,
		"temporarily_unavailable":    ReasonUnavailable,
	}
}

type number struct {
	reason Reason
	cause  string
}

// numbers are those of Entra ID's for which there is something to do that the
// protocol's error does not tell.
func numbers() map[string]number {
	return map[string]number{
		"AADSTS65001": {ReasonConsent, "nobody has agreed to these scopes"},
		"AADSTS65004": {ReasonCancelled, "the person did not agree"},
		"AADSTS90094": {ReasonConsent, "an administrator has to agree"},
		"AADSTS90095": {ReasonConsent, "an administrator has to agree, and was asked to"},
		"AADSTS90099": {ReasonConsent, "an administrator has to agree for this tenant"},
		"AADSTS50105": {ReasonNotAssigned, "the person is not assigned to the application"},

		"AADSTS7000215": {ReasonClient, "the client secret is wrong; perhaps it is the secret's id"},
		"AADSTS7000222": {ReasonClient, "the client secret has expired"},
		"AADSTS700027":  {ReasonClient, "the certificate is not one of the registration's, or its signature does not fit"},
		"AADSTS700024":  {ReasonClient, "the client assertion is out of its time; check the clock and the token file"},
		"AADSTS70021":   {ReasonClient, "no federated credential of the registration fits the token"},
		"AADSTS700211":  {ReasonClient, "no federated credential of the registration has the token's issuer"},
		"AADSTS700212":  {ReasonClient, "no federated credential of the registration has the token's audience"},
		"AADSTS700213":  {ReasonClient, "no federated credential of the registration has the token's subject"},
		"AADSTS700016":  {ReasonClient, "the tenant does not know this client id"},
		"AADSTS50194":   {ReasonClient, "the registration is for one tenant only"},

		"AADSTS50057":  {ReasonCode, "the account is disabled"},
		"AADSTS50133":  {ReasonCode, "the grant was revoked"},
		"AADSTS50173":  {ReasonCode, "the grant was revoked; perhaps the password was changed"},
		"AADSTS700082": {ReasonCode, "the refresh token was not used for too long"},

		"AADSTS50196": {ReasonUnavailable, "too many such requests within a short time"},
		"AADSTS90033": {ReasonUnavailable, "a fault of the provider that will pass"},

		"AADSTS28000": {ReasonScope, "scopes of two resources"},

		"AADSTS50076": {ReasonInteraction, "a second factor is needed"},
		"AADSTS50079": {ReasonInteraction, "a second factor has to be set up"},
		"AADSTS50078": {ReasonInteraction, "the second factor was too long ago"},
		"AADSTS70043": {ReasonInteraction, "conditional access wants a sign-in more often"},
		"AADSTS50158": {ReasonInteraction, "another provider has to be asked first"},
		"AADSTS53000": {ReasonInteraction, "conditional access wants a compliant device"},
		"AADSTS53001": {ReasonInteraction, "conditional access wants a device of the domain"},
		"AADSTS53002": {ReasonInteraction, "conditional access wants an approved application"},
		"AADSTS53003": {ReasonInteraction, "conditional access refuses it"},
		"AADSTS53004": {ReasonInteraction, "a second factor has to be set up elsewhere"},

		"AADB2C90091": {ReasonCancelled, "the person went back"},
	}
}
