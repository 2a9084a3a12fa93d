package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseRoles(t *testing.T) {
	for text, want := range map[string]Roles{
		"": {}, " ": {}, "auth": {Auth: true}, "signin": {SignIn: true}, "worker": {Worker: true},
		"worker,auth": {Auth: true, Worker: true}, "auth, signin ,worker": {true, true, true},
	} {
		got, err := ParseRoles(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
		if again, err := ParseRoles(got.String()); err != nil || again != want.orAll() {
			t.Errorf("%q: printed as %q, %v", text, got.String(), err)
		}
	}
	for _, text := range []string{",", "auth,", marker, "auth," + marker, "Auth", "auth signin", "auth,auth", "all", "sign-in"} {
		got, err := ParseRoles(text)
		if err == nil || got != (Roles{}) || strings.Contains(err.Error(), marker) || !strings.Contains(err.Error(), "must list auth, signin and worker") {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

// Every process but a worker alone needs everything.
func TestRolesThatAnswerRequests(t *testing.T) {
	for _, roles := range []Roles{{}, {Auth: true}, {SignIn: true}, {Auth: true, SignIn: true}, {SignIn: true, Worker: true}, {Auth: true, Worker: true}} {
		got, warnings, err := Load(environ(minimal()), roles)
		if want := defaults(); err != nil || len(warnings) > 0 {
			t.Errorf("%v: got %v, %q", roles, err, warnings)
		} else if want.Roles = roles.orAll(); !reflect.DeepEqual(got, want) {
			differ(t, got, want)
		}
		if _, _, err := Load(environ(with(without("EASYAUTH_KEYS"))), roles); err == nil || !strings.HasPrefix(err.Error(), "EASYAUTH_KEYS: is required") {
			t.Errorf("%v without keys: got %v", roles, err)
		}
	}
}

func TestWorkerAlone(t *testing.T) {
	worker := Roles{Worker: true}
	vars := map[string]string{
		"EASYAUTH_STORE": "postgres", "EASYAUTH_POSTGRES_URL": "dbname=easyauth", "EASYAUTH_LISTEN": ":1", "EASYAUTH_ADMIN_LISTEN": ":2",
		"EASYAUTH_SHUTDOWN_TIMEOUT": "3s", "EASYAUTH_LOG_LEVEL": "warn", "EASYAUTH_LOG_FORMAT": "text", "EASYAUTH_PPROF": "true",
	}
	c, warnings, err := Load(environ(vars), worker)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("got %v, %q", err, warnings)
	}
	if c.Roles != worker || c.PostgresURL.Reveal() != "dbname=easyauth" || c.Listen != ":1" || c.AdminListen != ":2" || c.ShutdownTimeout.Seconds() != 3 ||
		c.LogLevel != 4 || c.LogFormat != "text" || !c.PProf {
		t.Error("something of its own is not read")
	}
	for _, tt := range []struct{ name, value, fault string }{
		{"EASYAUTH_STORE", "", "must be redis or postgres for a worker alone"},
		{"EASYAUTH_STORE", "cookie", "must be redis or postgres for a worker alone"},
		{"EASYAUTH_POSTGRES_URL", "", "is required"},
		{"EASYAUTH_POSTGRES_URL", marker, "must be a URL"},
		{"EASYAUTH_LISTEN", marker, "must be host:port"},
		{"EASYAUTH_ADMIN_LISTEN", ":1", "must differ"},
		{"EASYAUTH_SHUTDOWN_TIMEOUT", "0", "must be more than 0"},
		{"EASYAUTH_LOG_LEVEL", marker, "must be debug"},
		{"EASYAUTH_" + marker, "", "is not known"},
	} {
		bad := maps.Clone(vars)
		if bad[tt.name] = tt.value; strings.HasSuffix(tt.fault, "for a worker alone") {
			delete(bad, "EASYAUTH_POSTGRES_URL")
		}
		if _, _, err := Load(environ(bad), worker); err == nil || !strings.HasPrefix(err.Error(), tt.name+": "+tt.fault) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%s: got %v", tt.name, tt.value, err)
		}
	}
}

// What is not a worker's it does not read, and warns of secrets.
func TestWorkerReadsNoSecret(t *testing.T) {
	vars := make(map[string]string)
	for _, name := range append(variables(), "AzureAd__ClientSecret", "azuread__TenantId", "EasyAuthForK8s__AllowBearerToken", "AZURE_CLIENT_ID") {
		vars[name] = marker
	}
	for _, name := range workerVariables() {
		delete(vars, name)
	}
	vars["EASYAUTH_STORE"], vars["EASYAUTH_REDIS_URL"] = "redis", "rediss://redis.example.com"
	c, warnings, err := Load(environ(vars), Roles{Worker: true})
	if err != nil || len(c.Keys) > 0 || !reflect.DeepEqual(c.Credential, Credential{}) || c.ClientID != "" || len(c.Hosts) > 0 {
		t.Fatalf("got %v", err)
	}
	var names []string
	for _, w := range warnings {
		name, text, _ := strings.Cut(string(w), " ")
		names = append(names, name)
		if !strings.HasPrefix(text, "is not read by a worker alone") || strings.Contains(text, marker) {
			t.Errorf("got %q", w)
		}
	}
	want := []string{
		"AzureAd__ClientSecret", "EASYAUTH_ASSERTION_KEYS_FILE", "EASYAUTH_CLIENT_CERTIFICATE_FILE", "EASYAUTH_CLIENT_KEY_FILE", "EASYAUTH_CLIENT_SECRET",
		"EASYAUTH_CLIENT_SECRET_FILE", "EASYAUTH_KEYS", "EASYAUTH_KEYS_FILE",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got warnings of %v, want %v", names, want)
	}
}
