package main

import (
	"strings"
	"testing"
)

// What is known of the server changes what is right.
func TestIngressCheckKnowsTheServer(t *testing.T) {
	const base = "EASYAUTH_TENANT_ID=2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11\nEASYAUTH_CLIENT_ID=7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f\n# secrets are elsewhere\n\n"
	graph := "../../examples/ingress/graph.yaml"
	for _, c := range []struct {
		name, flag, file string
		code             int
		holds            string
	}{
		{"variables", "--env-file", base + "EASYAUTH_HOSTS=app.example.com\nEASYAUTH_GRAPH_QUERIES=profile=/me\n", exitOK, "nothing found"},
		{"a query that has no name", "--env-file", base + "EASYAUTH_HOSTS=app.example.com\n", exitFailed, "[auth-url-query]"},
		{"another prefix", "--env-file", base + "EASYAUTH_HOSTS=app.example.com\nEASYAUTH_GRAPH_QUERIES=profile=/me\nEASYAUTH_HEADER_PREFIX=x-user-\n", exitFailed, "x-user-oid"},
		{"one more header", "--env-file", base + "EASYAUTH_HOSTS=app.example.com\nEASYAUTH_GRAPH_QUERIES=profile=/me\nEASYAUTH_CLAIM_HEADERS=department\n", exitFailed, "does not list x-injected-department:"},
		{"a signed identity whose keys are elsewhere", "--env-file", base + "EASYAUTH_HOSTS=app.example.com\nEASYAUTH_GRAPH_QUERIES=profile=/me\nEASYAUTH_ASSERTION_KEYS_FILE=/run/nowhere\n", exitFailed, "does not list x-injected-assertion:"},
		{"other paths", "--env-file", base + "EASYAUTH_HOSTS=app.example.com\nEASYAUTH_GRAPH_QUERIES=profile=/me\nEASYAUTH_BASE_PATH=/sso\n", exitFailed, "[auth-url-path]"},
		{"a file of settings", "--config", "EASYAUTH_HOSTS: app.example.com\nEASYAUTH_GRAPH_QUERIES: profile=/me\n", exitOK, "nothing found"},
		{"a file of settings for others", "--config", "EASYAUTH_HOSTS: [other.example.com]\nEASYAUTH_GRAPH_QUERIES: profile=/me\n", exitFailed, "[host-not-served]"},
		{"a file of settings with a slip", "--config", "EASYAUTH_HOST: app.example.com\n", exitUsage, "did you mean EASYAUTH_HOSTS?"},
		{"no hosts", "--env-file", base, exitUsage, "EASYAUTH_HOSTS is not set"},
		{"no variables", "--env-file", "EASYAUTH_HOSTS\n", exitUsage, "line 1: must be NAME=value"},
		{"no such path", "--env-file", base + "EASYAUTH_HOSTS=app.example.com\nEASYAUTH_BASE_PATH=sso\n", exitUsage, "EASYAUTH_BASE_PATH"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := checkIngress(t, nil, "", c.flag, fileOf(t, c.file), graph, signInIngress)
			if code != c.code || !strings.Contains(stdout+stderr, c.holds) {
				t.Errorf("ended with %d, not %d\n%s%s", code, c.code, stdout, stderr)
			}
		})
	}
	if code, stdout, _ := checkIngress(t, map[string]string{"EASYAUTH_HOSTS": "other.example.com"}, "", plainIngress, signInIngress); code != exitFailed || !strings.Contains(stdout, "[host-not-served]") {
		t.Errorf("the environment does not count: %d\n%s", code, stdout)
	}
	here := map[string]string{"EASYAUTH_HOSTS": "other.example.com", "EASYAUTH_BASE_PATH": "/sso", "AzureAd__CallbackPath": "/back"}
	for flag, text := range map[string]string{"--env-file": "EASYAUTH_HOSTS=app.example.com\n", "--config": "EASYAUTH_HOSTS: app.example.com\n"} {
		if code, stdout, stderr := checkIngress(t, here, "", flag, fileOf(t, text), plainIngress, signInIngress); code != exitOK || !strings.Contains(stdout, "nothing found") {
			t.Errorf("%s: the environment counts too: %d\n%s%s", flag, code, stdout, stderr)
		}
	}
	if code, stdout, _ := checkIngress(t, here, "", "--hosts", "app.example.com", plainIngress, signInIngress); code != exitFailed || !strings.Contains(stdout, "[auth-url-path]") || strings.Contains(stdout, "[host-not-served]") {
		t.Errorf("--hosts is not in place of the hosts alone: %d\n%s", code, stdout)
	}
	if code, _, stderr := checkIngress(t, nil, "", "--env-file", "nowhere.env", plainIngress); code != exitUsage || !strings.Contains(stderr, "nowhere.env") {
		t.Errorf("a file that is not there: %d %s", code, stderr)
	}
}

// Rules are read as the server reads them under the same configuration.
func TestIngressCheckReadsRulesAsTheServer(t *testing.T) {
	const (
		hosts = "EASYAUTH_CLIENT_ID=7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f\nEASYAUTH_HOSTS=app.example.com\n"
		entra = hosts + "EASYAUTH_TENANT_ID=2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11\n"
		other = hosts + "EASYAUTH_ISSUER=https://sso.example.com\n"
		keys  = "EASYAUTH_ASSERTION_KEYS_FILE=/run/nowhere\n"
	)
	for _, c := range []struct {
		name, file, query string
		refused           bool
	}{
		{"a role", entra, "role=A", false},
		{"an application, without keys", entra, "app=orders", true},
		{"an application, with keys that are elsewhere", entra + keys, "app=orders", false},
		{"how somebody signed in, with Entra ID", entra, "amr=mfa", true},
		{"how somebody signed in, with another provider", other, "amr=mfa", false},
		{"Graph, with Entra ID", entra, "graph=/me", false},
		{"Graph, with another provider", other, "graph=/me", true},
	} {
		text := strings.Replace(textOf(t, plainIngress), "/easyauth/auth\"", "/easyauth/auth?"+c.query+"\"", 1)
		code, stdout, stderr := checkIngress(t, nil, text, "--env-file", fileOf(t, c.file), signInIngress, "-")
		if code == exitUsage || strings.Contains(stdout, "[auth-url-query]") != c.refused || !strings.Contains(stdout, "1 with an auth-url") {
			t.Errorf("%s: ended with %d\n%s%s", c.name, code, stdout, stderr)
		}
	}
}
