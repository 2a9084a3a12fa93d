package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// defaults is what comes of the minimal configuration.
func defaults() *Config {
	return &Config{
		Kind: KindEntra, Cloud: "public",
		Instance:   "https://login.microsoftonline.com/",
		TenantID:   tenantGUID,
		Issuer:     "https://login.microsoftonline.com/" + tenantGUID + "/v2.0",
		V1Issuer:   "https://sts.windows.net/",
		ClientID:   "11111111-2222-3333-4444-555555555555",
		Credential: Credential{Secret: secret.New("the-secret")},
		Keys:       [][]byte{key(1)},
		Hosts:      []string{"app.example.com"},
		Listen:     ":8080", AdminListen: ":9090",
		BasePath: "/easyauth", AuthPath: "/easyauth/auth", ForwardPath: "/easyauth/auth/forward", EnvoyPath: "/easyauth/auth/envoy", Adapters: Adapters{Nginx: true}, SigninPath: "/easyauth/login", CallbackPath: "/easyauth/signin-oidc",
		SignedOutPath: "/easyauth/signout-callback-oidc", LogoutPath: "/easyauth/logout", MePath: "/easyauth/me", LogoPath: "/easyauth/logo", JWKSPath: "/easyauth/.well-known/jwks.json",
		ProgramPaths:     ProgramPaths{"/easyauth/api/v1/token", "/easyauth/api/v1/revoke", "/easyauth/api/v1/session", "/easyauth/api/v1/login", "/easyauth/api/v1/authorize"},
		FrontChannelPath: "/easyauth/frontchannel-logout", BackChannelPath: "/easyauth/backchannel-logout",
		Roles: Roles{Auth: true, SignIn: true, Worker: true}, Store: "cookie", Revocation: "none", StaleOK: 5 * time.Minute, SessionCacheBytes: 16 << 20,
		Scopes: []string{"openid", "profile", "email"}, DefaultRedirect: "/", ReadRegistration: true, Compress: true,
		BearerCacheBytes: 16 << 20, Groups: "auto", GroupsKeep: "rules",
		HeaderPrefix: "x-injected-", ClaimEncoding: "UrlEncode", HeaderProfile: "easyauth", HeaderFormat: "Separate",
		GraphURL: "https://graph.microsoft.com", GraphVersion: "v1.0",
		SessionLifetime: 8 * time.Hour, RenewBefore: 5 * time.Minute, ShutdownTimeout: 20 * time.Second, SuccessStatus: 202,
		LogLevel: slog.LevelInfo, LogFormat: "json", Audit: "none", AuditAllows: true,
	}
}

func TestDefaults(t *testing.T) {
	got, warnings, faults := load(t, minimal())
	if len(faults) > 0 || len(warnings) > 0 {
		t.Fatalf("got faults %v, warnings %v", faults, warnings)
	}
	if want := defaults(); !reflect.DeepEqual(got, want) {
		differ(t, got, want)
	}
}

// differ shows the fields that differ, because a Config does not show itself.
func differ(t *testing.T, got, want *Config) {
	t.Helper()
	g, w := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range g.NumField() {
		if !g.Type().Field(i).IsExported() {
			continue
		}
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: got %#v, want %#v", g.Type().Field(i).Name, a, b)
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
	// These take any text, or stand aside for the files that do the same.
	aside := []string{
		"EASYAUTH_CLIENT_SECRET", "EASYAUTH_CLIENT_CERTIFICATE_FILE", "EASYAUTH_KEYS", "AZURE_FEDERATED_TOKEN_FILE", "EASYAUTH_REDIS_URL", "EASYAUTH_POSTGRES_URL",
		"EASYAUTH_AUDIT_FILE",
	}
	maps.Copy(vars, without(aside...))
	vars["EASYAUTH_HOSTS"] = ",," // any other text is checked with the hosts themselves
	vars["EASYAUTH_CLAIM_HEADERS"] = marker + "," + marker
	vars["EASYAUTH_TYPO"] = marker
	vars["AzureAd__TenantId"] = marker
	vars["EasyAuthForK8s__AllowBearerToken"] = marker
	vars["EasyAuthForK8s__HeaderFormatOption"] = marker
	vars["AzureAd__Whatever"] = marker
	_, warnings, faults := load(t, vars)
	for _, name := range variables() {
		if slices.Contains(aside, name) {
			continue
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

// With faults the rest is there all the same, so that others can look at it.
func TestHalfReadConfiguration(t *testing.T) {
	c, _, faults := load(t, with(map[string]string{
		"EASYAUTH_LOG_LEVEL": marker, "EASYAUTH_CLIENT_ID": "", "EASYAUTH_HOSTS": "a.example.com b.example.com", "EASYAUTH_DEFAULT_REDIRECT": "/easyauth/me",
	}))
	want := defaults()
	want.ClientID, want.Hosts = "", []string{"a.example.com", "b.example.com"}
	if differ(t, c, want); len(faults) != 3 {
		t.Errorf("got %v", faults)
	}
	if c, _, _ := load(t, nil); c.Issuer != "" || len(c.Keys) > 0 || c.AuthPath != "/easyauth/auth" {
		t.Error("of nothing comes something")
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
