package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestDefaults(t *testing.T) {
	want := &Config{
		Instance:     "https://login.microsoftonline.com/",
		TenantID:     tenantGUID,
		Issuer:       "https://login.microsoftonline.com/" + tenantGUID + "/v2.0",
		ClientID:     "11111111-2222-3333-4444-555555555555",
		ClientSecret: secret.New("the-secret"),
		Keys:         [][]byte{key(1)},
		Hosts:        []string{"app.example.com"},
		Listen:       ":8080", AdminListen: ":9090",
		BasePath: "/easyauth", AuthPath: "/easyauth/auth", SigninPath: "/easyauth/login", CallbackPath: "/easyauth/signin-oidc",
		SignedOutPath: "/easyauth/signout-callback-oidc", LogoutPath: "/easyauth/logout", MePath: "/easyauth/me",
		Scopes: []string{"openid", "profile", "email"}, DefaultRedirect: "/", Compress: true,
		HeaderPrefix: "x-injected-", ClaimEncoding: "UrlEncode", HeaderFormat: "Separate",
		GraphURL: "https://graph.microsoft.com", GraphVersion: "v1.0",
		SessionLifetime: 8 * time.Hour, ShutdownTimeout: 20 * time.Second, SuccessStatus: 202,
		LogLevel: slog.LevelInfo, LogFormat: "json",
	}
	got, warnings, faults := load(t, minimal())
	if len(faults) > 0 || len(warnings) > 0 {
		t.Fatalf("got faults %v, warnings %v", faults, warnings)
	}
	if !reflect.DeepEqual(got, want) {
		differ(t, got, want)
	}
}

// differ shows the fields that differ, because a Config does not show itself.
func differ(t *testing.T, got, want *Config) {
	t.Helper()
	g, w := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range g.NumField() {
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: got %#v, want %#v", g.Type().Field(i).Name, a, b)
		}
	}
}

func TestEveryVariableIsUsed(t *testing.T) {
	dir := t.TempDir()
	secretFile, keysFile := filepath.Join(dir, "secret"), filepath.Join(dir, "keys")
	writeFile(t, secretFile, "from-file\n")
	writeFile(t, keysFile, keyText(7)+"\n"+keyText(8)+"\n")
	vars := map[string]string{
		"EASYAUTH_INSTANCE":           "https://idp.example.org/base/",
		"EASYAUTH_TENANT_ID":          "Contoso.OnMicrosoft.com",
		"EASYAUTH_CLIENT_ID":          "client",
		"EASYAUTH_CLIENT_SECRET_FILE": secretFile,
		"EASYAUTH_KEYS_FILE":          keysFile,
		"EASYAUTH_HOSTS":              " a.example.com, *.apps.example.com:8443\nb.example.com c.example.com,, ",
		"EASYAUTH_CALLBACK_HOST":      "login.example.com",
		"EASYAUTH_COOKIE_DOMAIN":      "Example.com",
		"EASYAUTH_LISTEN":             "127.0.0.1:0",
		"EASYAUTH_ADMIN_LISTEN":       "[::1]:0",
		"EASYAUTH_BASE_PATH":          "/sso",
		"EASYAUTH_AUTH_PATH":          "/check",
		"EASYAUTH_SIGNIN_PATH":        "/in",
		"EASYAUTH_CALLBACK_PATH":      "/back",
		"EASYAUTH_SIGNED_OUT_PATH":    "/out",
		"EASYAUTH_SCOPES":             "User.Read openid,api://x/y",
		"EASYAUTH_DOMAIN_HINT":        "contoso.com",
		"EASYAUTH_DEFAULT_REDIRECT":   "/welcome/",
		"EASYAUTH_COMPRESS":           "false",
		"EASYAUTH_HEADER_PREFIX":      "X_Auth-",
		"EASYAUTH_CLAIM_HEADERS":      "upn https://x.example/claims/country",
		"EASYAUTH_CLAIM_ENCODING":     "nonewithREJECT",
		"EASYAUTH_HEADER_FORMAT":      "combined",
		"EASYAUTH_GRAPH_URL":          "https://graph.example.org/",
		"EASYAUTH_GRAPH_VERSION":      "beta",
		"EASYAUTH_GRAPH_QUERIES":      "me=/me;boss=/me/manager",
		"EASYAUTH_SESSION_LIFETIME":   "12h",
		"EASYAUTH_SESSION_IDLE":       "30m",
		"EASYAUTH_SUCCESS_STATUS":     "204",
		"EASYAUTH_SHUTDOWN_TIMEOUT":   "1m",
		"EASYAUTH_LOG_LEVEL":          "DEBUG",
		"EASYAUTH_LOG_FORMAT":         "text",
		"EASYAUTH_INSECURE_HTTP":      "true",
		"EASYAUTH_PPROF":              "1",
	}
	want := &Config{
		Instance: "https://idp.example.org/base/", TenantID: "contoso.onmicrosoft.com",
		Issuer:   "https://idp.example.org/base/contoso.onmicrosoft.com/v2.0",
		ClientID: "client", ClientSecret: secret.New("from-file"), Keys: [][]byte{key(7), key(8)},
		Hosts:        []string{"a.example.com", "*.apps.example.com:8443", "b.example.com", "c.example.com", "login.example.com"},
		CallbackHost: "login.example.com", CookieDomain: "example.com",
		Listen: "127.0.0.1:0", AdminListen: "[::1]:0",
		BasePath: "/sso", AuthPath: "/check", SigninPath: "/in", CallbackPath: "/back", SignedOutPath: "/out", LogoutPath: "/sso/logout", MePath: "/sso/me",
		Scopes: []string{"openid", "profile", "email", "User.Read", "api://x/y"}, DomainHint: "contoso.com", DefaultRedirect: "/welcome/",
		HeaderPrefix: "x-auth-", ClaimHeaders: []string{"upn", "https://x.example/claims/country"}, ClaimEncoding: "NoneWithReject", HeaderFormat: "Combined",
		GraphURL: "https://graph.example.org", GraphVersion: "beta", GraphQueries: map[string]string{"me": "/me", "boss": "/me/manager"},
		SessionLifetime: 12 * time.Hour, SessionIdle: 30 * time.Minute, ShutdownTimeout: time.Minute, SuccessStatus: 204,
		LogLevel: slog.LevelDebug, LogFormat: "text", InsecureHTTP: true, PProf: true,
	}
	got := good(t, vars)
	if !reflect.DeepEqual(got, want) {
		differ(t, got, want)
	}
	for _, name := range variables() {
		_, set := vars[name]
		_, file := vars[name+"_FILE"]
		if !set && !file {
			t.Errorf("%s is not in this test", name)
		}
	}
}

func TestEmptyMeansUnset(t *testing.T) {
	vars := minimal()
	for _, name := range variables() {
		if _, set := vars[name]; !set {
			vars[name] = " \n"
		}
	}
	if got, want := good(t, vars), good(t, minimal()); !reflect.DeepEqual(got, want) {
		differ(t, got, want)
	}
}

func TestAllFaultsAtOnceWithoutValues(t *testing.T) {
	vars := make(map[string]string)
	for _, name := range variables() {
		vars[name] = "|" + marker + "\x01/../%zz"
	}
	// These take any text, or none that holds the marker is wrong for them.
	vars["EASYAUTH_CLIENT_SECRET"] = ""
	vars["EASYAUTH_KEYS"] = ""
	vars["EASYAUTH_HOSTS"] = ",," // any other text is checked with the hosts themselves
	vars["EASYAUTH_CLAIM_HEADERS"] = marker + "," + marker
	vars["EASYAUTH_TYPO"] = marker
	vars["AzureAd__TenantId"] = marker
	vars["EasyAuthForK8s__AllowBearerToken"] = marker
	vars["EasyAuthForK8s__HeaderFormatOption"] = marker
	vars["AzureAd__Whatever"] = marker
	_, warnings, faults := load(t, vars)
	for _, name := range variables() {
		if name == "EASYAUTH_CLIENT_SECRET" || name == "EASYAUTH_KEYS" {
			name += "_FILE"
		}
		if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Name == name }) {
			t.Errorf("no fault of %s", name)
		}
	}
	for _, name := range []string{"EASYAUTH_TYPO", "AzureAd__TenantId", "EasyAuthForK8s__AllowBearerToken", "EasyAuthForK8s__HeaderFormatOption"} {
		if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Name == name }) {
			t.Errorf("no fault of %s", name)
		}
	}
	text := faults.Error() + fmt.Sprint(warnings)
	if strings.Contains(text, marker) || strings.Contains(text, "%!") {
		t.Errorf("a value is shown, or a text is malformed:\n%s", text)
	}
	if lines := strings.Split(faults.Error(), "\n"); len(lines) != len(faults) || !slices.IsSortedFunc(faults, func(a, b Fault) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("want one sorted line a fault, got\n%s", faults.Error())
	}
}

func TestRequired(t *testing.T) {
	_, _, faults := load(t, nil)
	var names []string
	for _, f := range faults {
		names = append(names, f.Name)
		if !strings.HasPrefix(f.Expected, "is required") {
			t.Errorf("%s: got %q", f.Name, f.Expected)
		}
	}
	want := []string{"EASYAUTH_CLIENT_ID", "EASYAUTH_CLIENT_SECRET", "EASYAUTH_HOSTS", "EASYAUTH_KEYS", "EASYAUTH_TENANT_ID"}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	for _, name := range want {
		_, _, faults := load(t, with(map[string]string{name: ""}))
		if len(faults) != 1 || faults[0].Name != name {
			t.Errorf("without %s: got %v", name, faults)
		}
	}
}

func TestInsecureHTTPIsSaidEveryTime(t *testing.T) {
	for range 2 {
		_, warnings, _ := load(t, with(map[string]string{"EASYAUTH_INSECURE_HTTP": "true"}))
		if len(warnings) != 1 || !strings.HasPrefix(string(warnings[0]), "EASYAUTH_INSECURE_HTTP is on: ") {
			t.Errorf("got %q", warnings)
		}
	}
	if _, warnings, _ := load(t, with(map[string]string{"EASYAUTH_INSECURE_HTTP": "false"})); len(warnings) > 0 {
		t.Errorf("off: got %q", warnings)
	}
	checkRefusals(t, "EASYAUTH_INSECURE_HTTP", []refusal{{"no boolean", marker, "false", "must be true or false", nil}})
}

func TestConfigDoesNotShowItself(t *testing.T) {
	c := good(t, with(map[string]string{"EASYAUTH_CLIENT_SECRET": marker, "EASYAUTH_CLIENT_ID": marker}))
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb, c, *c)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "c", c, "d", *c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "c", c, "d", *c)
	text, err := json.Marshal([]any{c, *c})
	if err != nil {
		t.Fatal(err)
	}
	all := out.String() + string(text) + errors.New(fmt.Sprint(c)).Error()
	if strings.Contains(all, marker) || strings.Contains(all, "1 1 1 1") || strings.Contains(all, "0x1") || !strings.Contains(all, hidden) {
		t.Errorf("shows itself: %s", all)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
