package main

import (
	"errors"

	"github.com/easyauth-sidecar/easyauth/authserver/entra"
)

// advice says what to do about an answer of the identity provider; "" when it is well.
func advice(q entra.Question, err error) string {
	refused, ok := errors.AsType[*entra.Error](err)
	if !ok {
		return ""
	}
	if known := adviceOn()[refused.Code()]; known != "" {
		return known
	}
	switch refused.Reason {
	case entra.ReasonUnavailable:
		return "see whether the address can be reached from here: DNS, firewall, network policy, HTTPS_PROXY, and the certificates that this machine trusts"
	case entra.ReasonIssuer, entra.ReasonTenant:
		return "compare the issuer with EASYAUTH_ISSUER, or EASYAUTH_INSTANCE and EASYAUTH_TENANT_ID: every character counts"
	case entra.ReasonClient:
		return "compare EASYAUTH_CLIENT_ID and the client's secret, certificate or federated credential with the registration at the provider"
	}
	if q == entra.AskDiscovery {
		return "see whether the address is the provider's: EASYAUTH_ISSUER, or EASYAUTH_INSTANCE, EASYAUTH_TENANT_ID and EASYAUTH_SIGNUP_SIGNIN_POLICY"
	}
	return "look the answer up in docs/troubleshooting.md"
}

// adviceOn is what to do about Entra ID's own numbers.
func adviceOn() map[string]string {
	const federated = "compare issuer, subject and audience of the federated credential with the pod's token: docs/workload-identity.md"
	return map[string]string{
		"AADSTS7000215": "give the secret's value, not its ID, and no line break inside: App registrations, Certificates & secrets",
		"AADSTS7000222": "make a new client secret, and replace the old one: docs/entra-setup.md",
		"AADSTS7000218": "see whether a proxy on the way drops the body of requests: no credential arrived",
		"AADSTS700016":  "compare EASYAUTH_CLIENT_ID with the Application (client) ID, and EASYAUTH_TENANT_ID with its directory; in another tenant an administrator consents first: docs/clouds-and-tenants.md",
		"AADSTS7000112": "enable the application: Enterprise applications, Properties",
		"AADSTS700025":  "set Allow public client flows to No: App registrations, Authentication",
		"AADSTS700027":  "upload the certificate of EASYAUTH_CLIENT_CERTIFICATE_FILE to the registration: Certificates & secrets",
		"AADSTS700024":  "set this machine's clock, and see whether the token file is renewed",
		"AADSTS70021":   federated,
		"AADSTS700211":  federated,
		"AADSTS700212":  federated,
		"AADSTS700213":  federated,
		"AADSTS90002":   "compare EASYAUTH_TENANT_ID with the Directory (tenant) ID, and EASYAUTH_CLOUD with its cloud: there is no such tenant",
		"AADSTS900023":  "compare EASYAUTH_TENANT_ID with the Directory (tenant) ID: it is none",
		"AADSTS50194":   "make the registration multi-tenant, or set EASYAUTH_TENANT_ID to its own tenant",
		"AADSTS53003":   "let the Conditional Access policy for workload identities allow this address",
		"AADSTS90033":   "try again later: a fault of Entra ID",
		"AADSTS50196":   "wait some minutes: too many such requests",
	}
}
