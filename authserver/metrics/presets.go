package metrics

import "github.com/easyauth-sidecar/easyauth/authserver/access"

// preset shows with 0 what an alert or the dashboard waits for. What hangs on the configuration (targets,
// stores, caches, keys) is shown once Remote, Stores, LookUps or Keys has told of it.
func (m *Metrics) preset() {
	for _, reason := range []access.Reason{access.ReasonNone, access.ReasonBadQuery, access.ReasonBadOriginalURL, access.ReasonPolicyUnknown, access.ReasonHostNotServed, access.ReasonProxySecret} {
		m.decisions.WithLabelValues(access.Deny.String(), reason.String())
	}
	for _, reason := range []access.Reason{
		access.ReasonStore, access.ReasonNotRefreshed, access.ReasonGroupsUnknown, access.ReasonKeysUnknown, access.ReasonInternal,
	} {
		m.decisions.WithLabelValues(access.Unsure.String(), reason.String())
	}
	for _, kind := range []string{badQuery, badOriginalURL, policyUnknown, hostNotServed, proxySecret} {
		m.configErrors.WithLabelValues(kind)
	}
	for _, endpoint := range []Endpoint{
		EndpointLogin, EndpointCallback, EndpointMe, EndpointLogo, EndpointLogout, EndpointSignedOut, EndpointFrontChannel, EndpointBackChannel, EndpointOther,
	} {
		m.largeAnswers.WithLabelValues(string(endpoint))
	}
	for _, result := range []string{"redirected", "loop"} {
		m.signins.WithLabelValues("login", result)
	}
	for _, result := range callbackResults() {
		m.signins.WithLabelValues("callback", result)
	}
}

// callbackResults is how a callback can end: as it should, and in every refusal that an alert adds up.
func callbackResults() []string {
	return []string{
		"ok", "handed_over", "restarted", "not_renewed", "challenged", "signed_in_already", "cancelled", "interaction_required",
		"role_missing", "group_missing", "scope_missing", "scope_not_granted", "scope_refused", "consent_required", "not_assigned", "step_up_failed",
		"auth_time_unknown", "groups_unknown", "idp_unavailable", "idp_error", "client_refused", "code_refused",
		"issuer_mismatch", "tenant_mismatch", "audience_mismatch", "policy_mismatch", "nonce_mismatch", "token_expired", "token_invalid",
		"state_expired", "state_used", "state_invalid", "browser_mismatch", "ticket_too_large", "too_much_asked", "host_not_served", "bad_request",
		"store", "unsure", "internal",
	}
}
