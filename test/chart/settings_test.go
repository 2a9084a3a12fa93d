package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	apps "k8s.io/api/apps/v1"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// schema is values.schema.json, as far as the tests read it.
type schema struct {
	Type        any                `json:"type"`
	Description string             `json:"description"`
	Properties  map[string]*schema `json:"properties"`
	Additional  json.RawMessage    `json:"additionalProperties"`
	Items       *schema            `json:"items"`
	Enum        []any              `json:"enum"`

	names []string // of the properties, as they stand in the file
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *schema) UnmarshalJSON(text []byte) error {
	type plain schema
	if err := json.Unmarshal(text, (*plain)(s)); err != nil {
		return err
	}
	var ordered struct {
		Properties json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(text, &ordered); err != nil || ordered.Properties == nil {
		return err
	}
	tokens := json.NewDecoder(bytes.NewReader(ordered.Properties))
	if _, err := tokens.Token(); err != nil { // {
		return err
	}
	for tokens.More() {
		name, err := tokens.Token()
		if err != nil {
			return err
		}
		var skipped json.RawMessage
		if err := tokens.Decode(&skipped); err != nil {
			return err
		}
		s.names = append(s.names, fmt.Sprint(name))
	}
	return nil
}

func readSchema(t *testing.T) *schema {
	t.Helper()
	var s schema
	if err := json.Unmarshal([]byte(read(t, folder+"/values.schema.json")), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// firstClass are the variables that have a value of their own, each with values that set it. A file may stand for a
// secret: the values then mount it.
func firstClass() map[string]string {
	const given = "clientSecretRef: {name: a}\n"
	return map[string]string{
		"EASYAUTH_HOSTS":                   given,
		"EASYAUTH_TENANT_ID":               given,
		"EASYAUTH_CLIENT_ID":               given,
		"EASYAUTH_BASE_PATH":               given,
		"EASYAUTH_INSTANCE":                given + "instance: https://login.microsoftonline.us/\n",
		"EASYAUTH_ISSUER":                  given + "tenantId: ''\nissuer: https://keycloak.example.com/realms/main\n",
		"EASYAUTH_CALLBACK_HOST":           given + "callbackHost: login.example.com\ncookieDomain: example.com\n",
		"EASYAUTH_COOKIE_DOMAIN":           given + "cookieDomain: example.com\n",
		"EASYAUTH_AUTH_PATH":               given + "paths: {auth: /ask}\n",
		"EASYAUTH_SIGNIN_PATH":             given + "paths: {signin: /in}\n",
		"EASYAUTH_CALLBACK_PATH":           given + "paths: {callback: /back}\n",
		"EASYAUTH_SIGNED_OUT_PATH":         given + "paths: {signedOut: /out}\n",
		"EASYAUTH_CLIENT_SECRET_FILE":      given,
		"EASYAUTH_CLIENT_CERTIFICATE_FILE": "clientCertificate: {secretName: a}\n",
		"EASYAUTH_CLIENT_KEY_FILE":         "clientCertificate: {secretName: a}\n",
		"EASYAUTH_KEYS_FILE":               given,
		"EASYAUTH_ASSERTION_KEYS_FILE":     given + "assertion: {keysRef: {name: a}}\n",
		"EASYAUTH_ADAPTERS":                given + "adapters: [forward]\n",
		"EASYAUTH_PROXY_SECRET_FILE":       given + "proxySecretRef: {name: a}\n",
		"EASYAUTH_STORE":                   given + "store: redis\nredis: {urlRef: {name: a}}\n",
		"EASYAUTH_REVOCATION":              given + "revocation: redis\nredis: {urlRef: {name: a}}\n",
		"EASYAUTH_REDIS_URL_FILE":          given + "store: redis\nredis: {urlRef: {name: a}}\n",
		"EASYAUTH_REDIS_CA_FILE":           given + "store: redis\nredis: {urlRef: {name: a}, ca: {secret: b}}\n",
		"EASYAUTH_POSTGRES_URL_FILE":       given + "store: postgres\npostgres: {urlRef: {name: a}}\n",
		"EASYAUTH_BRAND_LOGO_FILE":         given + "logo: {configMap: a}\n",
		"EASYAUTH_CONFIG_FILE":             given + "configFile: {EASYAUTH_COMPRESS: false}\n",
		"EASYAUTH_LISTEN":                  given + "ports: {http: 8000}\n",
		"EASYAUTH_ADMIN_LISTEN":            given + "ports: {admin: 9000}\n",
		"EASYAUTH_TLS_CERT_FILE":           given + "tls: {secretName: a}\n",
		"EASYAUTH_TLS_KEY_FILE":            given + "tls: {secretName: a}\n",
		"EASYAUTH_SHUTDOWN_TIMEOUT":        given + "shutdownTimeoutSeconds: 40\n",
		"EASYAUTH_AUDIT":                   given + "audit: {to: stdout}\n",
		"EASYAUTH_AUDIT_FILE":              given + "audit: {to: file, file: /a/b}\nextraVolumes: [{name: a, emptyDir: {}}]\nextraVolumeMounts: [{name: a, mountPath: /a}]\n",
		"OTEL_EXPORTER_OTLP_ENDPOINT":      given + "tracing: {endpoint: 'http://collector:4318'}\n",
		// Kubernetes' own way to set what needs no value here.
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": given + "extraEnv: [{name: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, value: 'http://collector:4318/v1/traces'}]\n",
	}
}

// elsewhere are the variables that the chart does not set, and why.
func elsewhere() map[string]string {
	const mounted, webhook = "the _FILE of the same name", "AKS' webhook, with workloadIdentity.enabled"
	return map[string]string{
		"EASYAUTH_CLIENT_SECRET": mounted, "EASYAUTH_KEYS": mounted, "EASYAUTH_REDIS_URL": mounted, "EASYAUTH_POSTGRES_URL": mounted,
		"EASYAUTH_UPSTREAMS":         "upstreams of the configuration file, which proxy.upstreams becomes",
		"AZURE_FEDERATED_TOKEN_FILE": webhook, "AZURE_CLIENT_ID": webhook, "AZURE_TENANT_ID": webhook, "AZURE_AUTHORITY_HOST": webhook,
	}
}

// camel returns the name of a setting among values: sessionLifetime for EASYAUTH_SESSION_LIFETIME.
func camel(variable string) string {
	var b strings.Builder
	for i, word := range strings.Split(strings.TrimPrefix(variable, "EASYAUTH_"), "_") {
		word = strings.ToLower(word)
		if i > 0 {
			word = string(unicode.ToUpper(rune(word[0]))) + word[1:]
		}
		b.WriteString(word)
	}
	return b.String()
}

// Every variable that EasyAuth reads can be set by a value: one of its own, one of settings, or it says here why not.
func TestEverySettingIsReachable(t *testing.T) {
	settings := readSchema(t).Properties["settings"].Properties
	classes := firstClass()
	others := elsewhere()
	for _, s := range config.Settings() {
		of, own := classes[s.Name]
		property, listed := settings[camel(s.Name)]
		_, other := others[s.Name]
		switch {
		case count(own, listed, other) != 1:
			t.Errorf("%s: has a value of its own: %v; is in settings as %s: %v; is set elsewhere: %v", s.Name, own, camel(s.Name), listed, other)
		case own:
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				if !has(t, minimal+of, s.Name) {
					t.Error("is not set")
				}
			})
		case listed && (!strings.HasPrefix(property.Description, s.Name+": ") || len(property.Description) < len(s.Name)+10):
			t.Errorf("%s: the schema describes it as %q", s.Name, property.Description)
		}
		delete(settings, camel(s.Name))
		delete(classes, s.Name)
		delete(others, s.Name)
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(settings)), slices.Collect(maps.Keys(classes)), slices.Collect(maps.Keys(others))) {
		t.Errorf("%s sets nothing that EasyAuth reads", name)
	}
}

func count(of ...bool) int {
	n := 0
	for _, yes := range of {
		if yes {
			n++
		}
	}
	return n
}

func has(t *testing.T, values, variable string) bool {
	t.Helper()
	for _, e := range every[*apps.Deployment](t, objects(t, render(t, values)))[0].Spec.Template.Spec.Containers[0].Env {
		if e.Name == variable {
			return true
		}
	}
	return false
}

// Every property of settings becomes the variable of its name, whatever kind of value it has.
func TestSettingsBecomeVariables(t *testing.T) {
	settings := readSchema(t).Properties["settings"].Properties
	var values strings.Builder
	values.WriteString(minimal + secret + "assertion: {keysRef: {name: a}}\nsettings:\n")
	want := map[string]string{}
	for name, property := range settings {
		variable, _, _ := strings.Cut(property.Description, ":")
		value, text := "x", "x"
		switch kinds, _ := property.Type.([]any); {
		case property.Type == "boolean":
			value, text = "false", "false"
		case property.Type == "number":
			value, text = "0.25", "0.25"
		case len(property.Enum) > 0:
			b, err := json.Marshal(property.Enum[0])
			if err != nil {
				t.Fatal(err)
			}
			value, text = string(b), strings.Trim(string(b), `"`)
		case property.Type == "integer":
			value, text = "1000", "1000"
		case slices.Contains(kinds, any("array")) && slices.Contains([]string{"EASYAUTH_GRAPH_QUERIES", "EASYAUTH_EXCHANGE_ROLES", "EASYAUTH_HEADER_MAP"}, variable):
			value, text = "[a, b]", "a\nb"
		case slices.Contains(kinds, any("array")):
			value, text = "[a, b]", "a,b"
		case slices.Contains(kinds, any("integer")):
			value, text = "90m", "90m"
		}
		values.WriteString("  " + name + ": " + value + "\n")
		want[variable] = text
	}
	got := map[string]string{}
	for _, e := range every[*apps.Deployment](t, objects(t, render(t, values.String())))[0].Spec.Template.Spec.Containers[0].Env {
		got[e.Name] = e.Value
	}
	for variable, text := range want {
		if got[variable] != text {
			t.Errorf("%s is %q, want %q", variable, got[variable], text)
		}
	}
	if len(want) < 40 {
		t.Errorf("%d settings", len(want))
	}
}
