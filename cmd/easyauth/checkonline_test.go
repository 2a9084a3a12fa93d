package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// online runs check-config --online.
func online(t *testing.T, vars map[string]string) (code int, stdout string) {
	t.Helper()
	code, stdout, stderr := execute(t, vars, "check-config", "--online")
	if stderr != "" && !strings.HasPrefix(stderr, "warning: ") {
		t.Errorf("stderr: %s", stderr)
	}
	if strings.Contains(stdout, "s3cret") || strings.Contains(stdout, marker) {
		t.Errorf("a secret is shown:\n%s", stdout)
	}
	return code, stdout
}

// row returns the result and the detail of the first row of a table with this name.
func row(t *testing.T, table, what string) (result, detail string) {
	t.Helper()
	for line := range strings.Lines(table) {
		if rest, found := strings.CutPrefix(line, what+"  "); found {
			result, detail, _ = strings.Cut(strings.TrimSpace(rest), "  ")
			return result, strings.TrimSpace(detail)
		}
	}
	t.Errorf("no row %q in\n%s", what, table)
	return "", ""
}

func TestCheckOnline(t *testing.T) {
	idp, _ := startEntra(t, "127.0.0.1:0")
	vars := with(t, laptop(t, strings.TrimPrefix(idp.BaseURL(), "http://")), map[string]string{"EASYAUTH_GRAPH_URL": idp.BaseURL()})
	code, table := online(t, vars)
	for _, what := range []string{"discovery", "signing keys", "token endpoint"} {
		if result, _ := row(t, table, what); result != resultOK {
			t.Errorf("%s: %s", what, result)
		}
	}
	if result, _ := row(t, table, "store of sessions"); result != resultNotAsked || code != exitOK {
		t.Errorf("exit code %d, store %s", code, result)
	}
	if !strings.Contains(table, "redirect URI          http://"+host+"/easyauth/signin-oidc\n") || strings.Contains(table, "https://"+host) {
		t.Errorf("got\n%s", table)
	}
	if idp.Requests(entra.EndpointAuthorize) > 0 {
		t.Error("somebody was sent to sign in")
	}
	t.Log(table)
}

// Each fault is the first row that failed; what hangs on it is not asked.
func TestCheckOnlineFaults(t *testing.T) {
	idp, stop := startEntra(t, "127.0.0.1:0")
	address := strings.TrimPrefix(idp.BaseURL(), "http://")
	answer := func(body string) entra.Faults {
		return entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: {Status: http.StatusUnauthorized, Body: body}}}
	}
	number := func(code string) entra.Faults {
		return answer(`{"error":"invalid_client","error_description":"AADSTS` + code + `: ` + marker + `"}`)
	}
	for _, tt := range []struct {
		name           string
		changes        map[string]string
		faults         entra.Faults
		failed, detail string
		do             string
	}{
		{"a wrong secret", map[string]string{"EASYAUTH_CLIENT_SECRET": marker}, entra.Faults{}, "token endpoint", "AADSTS7000215", "the secret's value, not its ID"},
		{"an expired secret", nil, number("7000222"), "token endpoint", "AADSTS7000222", "make a new client secret"},
		{"an unknown client", nil, number("700016"), "token endpoint", "AADSTS700016", "EASYAUTH_CLIENT_ID"},
		{"an error without a number", nil, answer(`{"error":"unauthorized_client"}`), "token endpoint", "unauthorized_client", "compare EASYAUTH_CLIENT_ID"},
		{"no token response", nil, answer(`<html>` + marker), "token endpoint", "status 401", "look the answer up"},
		{"another tenant", map[string]string{"EASYAUTH_TENANT_ID": "77777777-0000-4000-8000-000000000007"}, entra.Faults{}, "discovery", "status 400 (AADSTS90002)", "there is no such tenant"},
		{"no keys", nil, entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointKeys: {Status: http.StatusInternalServerError}}}, "signing keys", "status 500", "look the answer up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			idp.SetFaults(tt.faults)
			defer idp.ClearFaults()
			code, table := online(t, with(t, laptop(t, address), map[string]string{"EASYAUTH_GRAPH_URL": idp.BaseURL()}, tt.changes))
			result, detail := row(t, table, tt.failed)
			_, advised, _ := strings.Cut(table, "What to do:\n  "+tt.failed+": ")
			if code != exitFailed || result != resultFailed || !strings.Contains(detail, tt.detail) || !strings.Contains(advised, tt.do) {
				t.Errorf("exit code %d, %s, %s\n%s", code, result, detail, table)
			}
			if tt.failed == "discovery" {
				if result, _ := row(t, table, "token endpoint"); result != resultNotAsked {
					t.Errorf("the token endpoint: %s", result)
				}
			}
		})
	}
	stop()
	code, table := online(t, laptop(t, address))
	if _, detail := row(t, table, "discovery"); code != exitFailed || !strings.Contains(detail, "connection refused") || !strings.Contains(table, "can be reached from here") {
		t.Errorf("nobody listens: exit code %d\n%s", code, table)
	}
	t.Log(table)
}

// What docs/configuration.md shows is what is printed, but for addresses and the number
// of keys.
func TestCheckOnlineOfThePage(t *testing.T) {
	idp, _ := startEntra(t, "127.0.0.1:0")
	vars := with(t, map[string]string{"EASYAUTH_INSTANCE": idp.BaseURL(), "EASYAUTH_GRAPH_URL": idp.BaseURL(), "EASYAUTH_CLIENT_SECRET": marker})
	_, table := online(t, vars)
	table = strings.NewReplacer(idp.BaseURL(), "https://login.microsoftonline.com", entra.DefaultTenantID, "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11", "2 at ", "6 at ").Replace(table)
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```text\n"+table+"```\n") {
		t.Errorf("the page does not show\n%s", table)
	}
}

// Another provider gives nobody a token for the client alone: a code that nobody gave out
// tells whether it believes who asks.
func TestCheckOnlineOfAnotherProvider(t *testing.T) {
	idp := entra.New(entra.Config{Plain: true, Clients: []entra.Client{{ID: clientID, Secret: "s3cret", RedirectURIs: []string{"https://localhost/"}}}})
	stop, err := idp.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for secret, want := range map[string]string{"s3cret": resultOK, marker: resultFailed} {
		code, table := online(t, with(t, map[string]string{
			"EASYAUTH_ISSUER": idp.Issuer(), "EASYAUTH_INSTANCE": "", "EASYAUTH_TENANT_ID": "", "EASYAUTH_CLIENT_SECRET": secret,
		}))
		graph, _ := row(t, table, "Microsoft Graph")
		if result, _ := row(t, table, "token endpoint"); result != want || (code == exitOK) != (want == resultOK) || graph != resultNotAsked {
			t.Errorf("exit code %d, Graph %s\n%s", code, graph, table)
		}
	}
}

// The permissions that the settings make use of are tried, and no others.
func TestCheckOnlineOfPermissions(t *testing.T) {
	for name, tt := range map[string]struct {
		roles                []string
		registration, groups string
		code                 int
	}{
		"all":  {[]string{"Application.Read.All", "User.Read.All", "GroupMember.Read.All", "Directory.Read.All"}, resultOK, resultOK, exitOK},
		"none": {nil, resultNotAllowed, resultFailed, exitFailed},
	} {
		idp := entra.New(entra.Config{Clients: []entra.Client{{
			ID: clientID, Secret: "s3cret", RedirectURIs: []string{"http://" + host + "/easyauth/signin-oidc"},
			AppPermissions: map[string][]string{entra.GraphURI: tt.roles},
		}}})
		stop, err := idp.Start(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		code, table := online(t, with(t, laptop(t, strings.TrimPrefix(idp.BaseURL(), "http://")), map[string]string{
			"EASYAUTH_GRAPH_URL": idp.BaseURL(), "EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_GROUPS_APP_ONLY": "true",
		}))
		registration, _ := row(t, table, "app registration")
		groups, _ := row(t, table, "groups of tokens")
		if registration != tt.registration || groups != tt.groups || code != tt.code {
			t.Errorf("%s: exit code %d\n%s", name, code, table)
		}
	}
}

// With several tenants each row says of which it is, and the number why it failed.
func TestCheckOnlineOfSeveralTenants(t *testing.T) {
	idp := entra.New(entra.Config{
		Tenants: []string{secondTenant}, KeysPerTenant: true,
		Clients: []entra.Client{{ID: clientID, Secret: "s3cret", RedirectURIs: []string{"https://" + host + "/easyauth/signin-oidc"}}},
	})
	stop, err := idp.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	code, table := online(t, with(t, map[string]string{
		"EASYAUTH_INSTANCE": idp.BaseURL(), "EASYAUTH_GRAPH_URL": idp.BaseURL(), "EASYAUTH_TENANT_ID": "organizations",
		"EASYAUTH_ALLOWED_TENANTS": strings.Join([]string{entra.DefaultTenantID, secondTenant, thirdTenant}, " "),
	}))
	for _, of := range []string{"discovery", "discovery, tenant " + entra.DefaultTenantID, "signing keys, tenant " + entra.DefaultTenantID, "discovery, tenant " + secondTenant, "signing keys, tenant " + secondTenant} {
		if result, detail := row(t, table, of); result != resultOK || strings.Contains(of, "tenant") && !strings.Contains(detail, of[strings.LastIndexByte(of, ' ')+1:]) {
			t.Errorf("%s: %s, %s", of, result, detail)
		}
	}
	result, detail := row(t, table, "discovery, tenant "+thirdTenant)
	if result != resultFailed || !strings.Contains(detail, "(AADSTS90002)") || code != exitFailed || strings.Contains(table, "signing keys, tenant "+thirdTenant) {
		t.Errorf("exit code %d: %s, %s", code, result, detail)
	}
	if !strings.Contains(table, "What to do:\n  discovery, tenant "+thirdTenant+": compare EASYAUTH_ALLOWED_TENANTS with") || strings.Contains(table, "discovery comes first") {
		t.Errorf("got\n%s", table)
	}
	t.Log(table)
}

// What is to be registered is what a sign-in will send.
func TestCheckOnlinePrintsWhereToComeBack(t *testing.T) {
	for _, tt := range []struct {
		name string
		vars map[string]string
		want []string // origins
	}{
		{"as it should be", nil, []string{"https://" + host}},
		{"without TLS", map[string]string{"EASYAUTH_INSECURE_HTTP": "true"}, []string{"http://" + host}},
		{"the local machine", map[string]string{"EASYAUTH_HOSTS": "LOCALHOST:8080", "EASYAUTH_INSECURE_HTTP": "true"}, []string{"http://localhost:8080"}},
		{"a port that goes without saying", map[string]string{"EASYAUTH_HOSTS": host + ":443 other.example.com:8443"}, []string{"https://" + host, "https://other.example.com:8443"}},
		{"one host for all", map[string]string{"EASYAUTH_COOKIE_DOMAIN": "example.com", "EASYAUTH_CALLBACK_HOST": "login.example.com"}, []string{"https://login.example.com"}},
	} {
		_, table := online(t, with(t, tt.vars))
		_, list, _ := strings.Cut(table, "character by character:\n")
		want := ""
		for _, origin := range tt.want {
			want += "  redirect URI          " + origin + "/easyauth/signin-oidc\n  URI after sign-out    " + origin + "/easyauth/signout-callback-oidc\n"
		}
		if list != want {
			t.Errorf("%s:\n%s", tt.name, list)
		}
	}
}
