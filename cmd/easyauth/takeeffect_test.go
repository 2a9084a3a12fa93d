package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// headersOf are those of these headers that the answer has, with their values.
func headersOf(names ...string) func(s at) string {
	return func(s at) string {
		r := s.check(s.own(), "192.0.2.7", "")
		list := []string{fmt.Sprint(r.StatusCode)}
		for _, name := range names {
			if values, ok := r.Header[http.CanonicalHeaderKey(name)]; ok {
				list = append(list, name+"="+strings.Join(values, ","))
			}
		}
		return strings.Join(list, " ")
	}
}

// minutes is how long a token is good.
func minutes(s at) string {
	a := s.own()
	return fmt.Sprint(a.status, " ", (a.ExpiresIn+59)/60)
}

// rolesOfForeign are those that somebody has who brought a token for the other application.
func rolesOfForeign(s at) string {
	r := s.check(s.foreign(), "192.0.2.7", "")
	return fmt.Sprintf("%d %q", r.StatusCode, r.Header["X-Injected-Roles"])
}

// beginsSignIn asks for a sign-in whose code goes to an https address.
func beginsSignIn(s at) string {
	query := url.Values{
		"redirect_uri": {toolsBack}, "state": {"x"}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, // of RFC 7636, appendix B
	}
	return fmt.Sprint(s.get(s.public, "/easyauth/api/v1/login?"+query.Encode(), nil).StatusCode)
}

// neighbour is what one address is answered while another one asks too often. It asks far
// less often than it may itself, and more than once: a moment later there may be room.
func neighbour(s at) string {
	bad := url.Values{"grant_type": {"password"}}
	for range 20 {
		for n := 0; s.post("192.0.2.7", bad).status != http.StatusTooManyRequests; n++ {
			if n > 2000 {
				s.t.Fatal("nobody is asked to wait")
			}
		}
		if a := s.post("192.0.2.8", bad); a.status == http.StatusTooManyRequests {
			return a.String()
		}
	}
	return "is not hurt"
}

// fromOffice is whether a policy about addresses lets pass who says to be in the office.
func fromOffice(s at) string {
	token := s.own()
	r := s.check(token, "192.0.2.7", "?policy=office")
	outside := s.check(token, "198.51.100.7", "?policy=office")
	return fmt.Sprint(r.StatusCode, " ", outside.StatusCode)
}

// audited are the decisions in the audit stream, after one that passes and one that does not.
func audited(s at) string {
	token := s.own()
	if r := s.check(token, "192.0.2.7", "?policy=people"); r.StatusCode != http.StatusAccepted {
		s.t.Fatalf("%d\n%s", r.StatusCode, r.body)
	}
	s.check(token, "192.0.2.7", "?policy=nobody")
	waitFor(s.t, "the refusal", func() bool { return strings.Contains(s.out.String(), `"event":"denied"`) })
	return fmt.Sprint("allowed: ", strings.Contains(s.out.String(), `"event":"allowed"`))
}

const (
	toolsBack     = "https://tools.example.com/back"
	takenPolicies = `policies:
  office: {allow: [{source: {in: [192.0.2.0/24]}}]}
  people: {allow: [{signed_in: {is: true}}]}
  nobody: {allow: [{role: {is: Nobody}}]}
`
)

// Each of these settings, given to the program, changes what is seen of it.
func TestSettingsTakeEffect(t *testing.T) {
	idp, address := startProviderOfTwo(t)
	type vars = map[string]string
	names := headersOf("X-Injected-Oid", "X-Auth-Request-Email", "X-Pomerium-Claim-User", "X-Authentik-Uid", "X-Who")
	listed := vars{"EASYAUTH_EXCHANGE_AUDIENCES": otherClient, "EASYAUTH_EXCHANGE_CLIENTS": callerClient}
	const usual = "202 X-Injected-Oid=" + entra.AdeleOID
	adele, _ := idp.User(entra.Adele)
	for _, row := range []struct {
		setting, value string
		more           vars
		seen           func(at) string
		with, without  string
	}{
		{"EASYAUTH_HEADER_PROFILE", "oauth2-proxy", nil, names, "202 X-Auth-Request-Email=" + adele.Email, usual},
		{"EASYAUTH_HEADER_PROFILE", "pomerium", nil, names, "202 X-Pomerium-Claim-User=" + entra.AdeleOID, usual},
		{"EASYAUTH_HEADER_PROFILE", "authentik", nil, names, "202 X-Authentik-Uid=" + entra.AdeleOID, usual},
		{"EASYAUTH_HEADER_MAP", "X-Who=preferred_username None ;", nil, names, usual + " X-Who=" + adele.Username, usual},
		{"EASYAUTH_TOKEN_LIFETIME", "7m", nil, minutes, "200 7", "200 60"},
		{"EASYAUTH_EXCHANGE_AUDIENCES", otherClient, vars{"EASYAUTH_EXCHANGE_CLIENTS": callerClient}, func(s at) string { return s.foreign().String() }, "200", "400 audience_mismatch"},
		{"EASYAUTH_EXCHANGE_CLIENTS", callerClient, vars{"EASYAUTH_EXCHANGE_AUDIENCES": otherClient}, func(s at) string { return s.foreign().String() }, "200", "400 audience_mismatch"},
		{"EASYAUTH_EXCHANGE_ROLES", otherClient + " Admin Reader " + otherClient + " Nobody Owner", listed, rolesOfForeign, `202 ["Reader"]`, `202 [""]`},
		{"EASYAUTH_PROGRAMMATIC_REDIRECTS", toolsBack, nil, beginsSignIn, "200", "400"},
		{"EASYAUTH_TRUSTED_PROXIES", "127.0.0.0/8", nil, neighbour, "is not hurt", "429 rate_limited"},
		{"EASYAUTH_TRUSTED_PROXIES", "127.0.0.0/8", nil, fromOffice, "202 401", "401 401"},
		{"EASYAUTH_AUDIT_ALLOWS", "false", vars{"EASYAUTH_AUDIT": "stdout"}, audited, "allowed: false", "allowed: true"},
	} {
		t.Run(row.setting, func(t *testing.T) {
			t.Parallel()
			api := vars{"EASYAUTH_TOKEN_API": "true"}
			if got := row.seen(started(t, idp, address, takenPolicies, api, row.more, vars{row.setting: row.value})); got != row.with {
				t.Errorf("%s: %q, want %q", row.value, got, row.with)
			}
			if got := row.seen(started(t, idp, address, takenPolicies, api, row.more)); got != row.without {
				t.Errorf("without it: %q, want %q", got, row.without)
			}
		})
	}
}
