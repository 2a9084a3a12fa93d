package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// inFile are the changes that name a configuration file with this content.
func inFile(t *testing.T, content string) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "easyauth.yaml")
	writeFile(t, path, content)
	return map[string]string{configFile: path}
}

func TestFile(t *testing.T) {
	file := inFile(t, `# a comment
EASYAUTH_HOSTS:
  - a.example.com
  - "*.apps.example.com:8443"
EASYAUTH_SESSION_LIFETIME: 12h
EASYAUTH_SUCCESS_STATUS: 200
EASYAUTH_LOG_ALLOWS: 0.25
EASYAUTH_COMPRESS: false
EASYAUTH_BRAND_NAME: "  Contoso: the portal "
EASYAUTH_DOMAIN_HINT: ""
EASYAUTH_SCOPES: User.Read Mail.Read
EASYAUTH_GRAPH_QUERIES:
- me=/me?$select=displayName
- boss=/me/manager
EASYAUTH_GROUPS_KEEP: [`+tenantGUID+`]
EASYAUTH_ADAPTERS: [nginx, forward]
EASYAUTH_KEYS:
- `+keyText(2)+`
- next:`+keyText(3)+`
`)
	c := good(t, with(file, without("EASYAUTH_HOSTS", "EASYAUTH_KEYS")))
	want := defaults()
	want.Hosts = []string{"a.example.com", "*.apps.example.com:8443"}
	want.SessionLifetime, want.SuccessStatus, want.LogAllows, want.Compress = 12*time.Hour, 200, 0.25, false
	want.Brand.Name, want.Scopes = "Contoso: the portal", append(want.Scopes, "User.Read", "Mail.Read")
	want.GraphQueries = map[string]string{"me": "/me?$select=displayName", "boss": "/me/manager"}
	want.GroupsKeep, want.GroupsKeepList = "list", []string{tenantGUID}
	want.Adapters = Adapters{Nginx: true, Forward: true}
	want.Keys, want.NextKeys, want.ConfigFile = [][]byte{key(2)}, [][]byte{key(3)}, file[configFile]
	differ(t, c, want)
}

// The environment counts before the file, also under EasyAuthForK8s' names; the file
// counts before what AKS sets, and before defaults.
func TestPrecedence(t *testing.T) {
	const other = "77777777-2222-3333-4444-555555555555"
	file := inFile(t, "EASYAUTH_CLIENT_ID: "+other+"\nEASYAUTH_LOG_FORMAT: text\nEASYAUTH_HEADER_PREFIX: from-file-\n")
	token := filepath.Join(t.TempDir(), "token")
	writeFile(t, token, "a token")
	aks := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": token, "EASYAUTH_CLIENT_SECRET": "", "AZURE_CLIENT_ID": "99999999-2222-3333-4444-555555555555"}
	for _, tt := range []struct {
		name    string
		changes map[string]string
		id      string
		prefix  string
	}{
		{"both", nil, minimal()["EASYAUTH_CLIENT_ID"], "from-file-"},
		{"empty in the environment", map[string]string{"EASYAUTH_CLIENT_ID": " "}, other, "from-file-"},
		{"by another name in the environment", map[string]string{"EASYAUTH_CLIENT_ID": "", "AzureAd__ClientId": tenantGUID, "EasyAuthForK8s__ResponseHeaderPrefix": "x-env-"}, tenantGUID, "x-env-"},
		{"AKS", with(aks, map[string]string{"EASYAUTH_CLIENT_ID": ""}), other, "from-file-"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good(t, with(file, tt.changes))
			if c.ClientID != tt.id || c.HeaderPrefix != tt.prefix || c.LogFormat != "text" || c.LogLevel != 0 {
				t.Errorf("client id %s, prefix %s, log %s", c.ClientID, c.HeaderPrefix, c.LogFormat)
			}
		})
	}
}

// refusedFile is a content, what is said of it, and a content that is not refused.
type refusedFile struct{ name, bad, good, want string }

func refusedFiles() []refusedFile {
	const line = " (configuration file, line "
	return []refusedFile{
		{"unknown", "\nEASYAUTH_HOST: " + marker, "\nEASYAUTH_HOSTS: a.example.com", "EASYAUTH_HOST" + line + "2): is not known; did you mean EASYAUTH_HOSTS?"},
		{"another's", "AzureAd__TenantId: " + marker, "EASYAUTH_CLOUD: public", "AzureAd__TenantId" + line + "1): is not known"},
		{"policies by another name", "policy: {}", "policies: {a: {}}", "policy" + line + "1): is not known"},
		{"policies twice", "policies: {a: {}}\npolicies: {a: {}}", "policies: {a: {}}", "policies" + line + "2): is set twice; the first time in line 1"},
		{"unknown, and like nothing", "\nEASYAUTH_PORTS: " + marker, "\nEASYAUTH_HOSTS: a.example.com", "EASYAUTH_PORTS" + line + "2): is not known; `easyauth settings` prints all that there are"},
		{"small letters", "easyauth_hosts: a.example.com", "EASYAUTH_HOSTS: a.example.com", "easyauth_hosts" + line + "1): is not known; did you mean EASYAUTH_HOSTS?"},
		{"itself", "EASYAUTH_CONFIG_FILE: /" + marker, "{}", "EASYAUTH_CONFIG_FILE" + line + "1): is read from the environment alone"},
		{"what AKS sets", "AZURE_FEDERATED_TOKEN_FILE: /" + marker, "{}", "AZURE_FEDERATED_TOKEN_FILE" + line + "1): is read from the environment alone"},
		{"OpenTelemetry's", "OTEL_EXPORTER_OTLP_ENDPOINT: http://c", "{}", "OTEL_EXPORTER_OTLP_ENDPOINT" + line + "1): is read from the environment alone"},
		{"twice", "EASYAUTH_HOSTS: a.example.com\nEASYAUTH_HOSTS: " + marker, "EASYAUTH_HOSTS: a.example.com\n", "EASYAUTH_HOSTS" + line + "2): is set twice; the first time in line 1"},
		{"a map", "EASYAUTH_HOSTS: {a: " + marker + "}", "EASYAUTH_HOSTS: a.example.com", "EASYAUTH_HOSTS" + line + "1): must be a text, a number"},
		{"a map below", "EASYAUTH_HOSTS:\n  - " + marker + ": b", "EASYAUTH_HOSTS:\n  - a.example.com", "EASYAUTH_HOSTS" + line + "1): entry 1: must be a text, a number"},
		{"a list in a list", "EASYAUTH_HOSTS: [[" + marker + "]]", "EASYAUTH_HOSTS: [a.example.com]", "EASYAUTH_HOSTS" + line + "1): entry 1: must be a text"},
		{"a list of no list", "EASYAUTH_LISTEN: [" + marker + "]", "EASYAUTH_LISTEN: :80", "EASYAUTH_LISTEN" + line + "1): takes one value, not a list"},
		{"a list with a word too many", "EASYAUTH_ADAPTERS: [nginx, " + marker + "]", "EASYAUTH_ADAPTERS: [nginx, envoy]", "EASYAUTH_ADAPTERS" + line + "1): must list nginx, forward"},
		{"an anchor", "EASYAUTH_HOSTS: &a a.example.com", "EASYAUTH_HOSTS: a.example.com", "EASYAUTH_HOSTS" + line + "1): must not have an anchor"},
		{"an alias", "EASYAUTH_HOSTS: &a a.example.com\nEASYAUTH_SCOPES: *a", "{}", "EASYAUTH_SCOPES" + line + "2): must not have an anchor (&) or be an alias"},
		{"an anchor of a list", "EASYAUTH_HOSTS: &a [a.example.com]", "EASYAUTH_HOSTS: [a.example.com]", "EASYAUTH_HOSTS" + line + "1): must not have an anchor"},
		{"a tag", "EASYAUTH_HOSTS: !!binary YQ==", "EASYAUTH_HOSTS: a.example.com", "EASYAUTH_HOSTS" + line + "1): must not have a tag"},
		{"merged", "<<: {EASYAUTH_HOSTS: " + marker + "}", "{}", "<<" + line + "1): is not known"},
		{"nothing", "EASYAUTH_HOSTS:\n", "EASYAUTH_HOSTS: ''\n", "EASYAUTH_HOSTS" + line + "1): has no value"},
		{"null", "EASYAUTH_HOSTS: ~\n", "EASYAUTH_HOSTS: '~.example.com'\n", "EASYAUTH_HOSTS" + line + "1): has no value"},
		{"an empty list", "EASYAUTH_HOSTS: []\n", "EASYAUTH_HOSTS: [a.example.com]\n", "EASYAUTH_HOSTS" + line + "1): has no entries"},
		{"an empty entry", "EASYAUTH_HOSTS: [a.example.com, '']\n", "EASYAUTH_HOSTS: [a.example.com]\n", "EASYAUTH_HOSTS" + line + "1): entry 2: is empty"},
		{"a NUL byte", `EASYAUTH_BRAND_NAME: "` + marker + `\0"`, `EASYAUTH_BRAND_NAME: "a"`, "EASYAUTH_BRAND_NAME" + line + "1): must not hold a NUL byte"},
		{"what its own check refuses", "\n\nEASYAUTH_LOG_LEVEL: " + marker, "\n\nEASYAUTH_LOG_LEVEL: warn", "EASYAUTH_LOG_LEVEL" + line + "3): must be debug, info, warn or error"},
		{"what is out of place", "EASYAUTH_STALE_OK: 1m", "EASYAUTH_COMPRESS: 0", "EASYAUTH_STALE_OK" + line + "1): needs EASYAUTH_STORE"},
		{"what cannot be shown", "\"EASY\\x01\": a", "{}", "EASY?" + line + "1): is not known"},

		{"empty", "", "{}", "EASYAUTH_CONFIG_FILE (line 1): holds nothing"},
		{"comments alone", "# a\n# b\n", "# a\n{}\n", "EASYAUTH_CONFIG_FILE (line 1): holds nothing"},
		{"a text", marker, "{}", "EASYAUTH_CONFIG_FILE (line 1): must hold settings"},
		{"a list of settings", "- EASYAUTH_HOSTS: " + marker, "EASYAUTH_HOSTS: a.example.com", "EASYAUTH_CONFIG_FILE (line 1): must hold settings"},
		{"as in a shell", "EASYAUTH_HOSTS=" + marker, "EASYAUTH_HOSTS: a.example.com", "EASYAUTH_CONFIG_FILE (line 1): must hold settings"},
		{"no YAML", "EASYAUTH_CLOUD: public\nEASYAUTH_HOSTS: [" + marker, "EASYAUTH_HOSTS: [a.example.com]", "EASYAUTH_CONFIG_FILE (line 2): cannot be read as YAML"},
		{"an alias of nothing", "EASYAUTH_HOSTS: *" + marker, "EASYAUTH_HOSTS: a.example.com", "EASYAUTH_CONFIG_FILE: cannot be read as YAML"},
		{"no UTF-8", "EASYAUTH_HOSTS: \xff" + marker, "EASYAUTH_HOSTS: a.example.com", "EASYAUTH_CONFIG_FILE: cannot be read as YAML"},
		{"two documents", "{}\n---\nEASYAUTH_HOSTS: " + marker, "---\nEASYAUTH_HOSTS: a.example.com", "EASYAUTH_CONFIG_FILE (line 2): begins a second document"},
		{"a name that is a list", "[a]: " + marker, "{}", "EASYAUTH_CONFIG_FILE (line 1): the name of a setting must be a plain word"},
		{"a name without letters", "'': " + marker, "{}", "EASYAUTH_CONFIG_FILE (line 1): the name of a setting must be a plain word"},
		{"too large", "{}\n#" + strings.Repeat("a", maxConfigFile), "{}\n#" + strings.Repeat("a", maxConfigFile/2), "is larger than 1048576 bytes"},
	}
}

func TestRefusedFiles(t *testing.T) {
	for _, tt := range refusedFiles() {
		t.Run(tt.name, func(t *testing.T) {
			vars := with(inFile(t, tt.bad))
			if !strings.Contains(tt.bad, "EASYAUTH_CLOUD") {
				delete(vars, "EASYAUTH_HOSTS")
			}
			_, _, faults := load(t, with(vars))
			if text := faults.Error(); !strings.Contains(text, tt.want) || strings.Contains(text, marker) {
				t.Errorf("got\n%s\nwant %q in it", text, tt.want)
			}
			good(t, with(inFile(t, tt.good)))
		})
	}
}

// Faults of the file and of the environment come at once. What a file that cannot be read
// may hold is not missed.
func TestFaultsOfFileAndEnvironment(t *testing.T) {
	both := map[string]string{"EASYAUTH_LOG_LEVEL": marker, "EASYAUTH_CLIENT_ID": "", "EASYAUTH_KEYS": ""}
	names := func(content string) (names []string) {
		_, _, faults := load(t, with(both, inFile(t, content)))
		for _, f := range faults {
			names = append(names, f.Name)
		}
		return names
	}
	if got, want := names("EASYAUTH_HOSTS: a.example.com\nEASYAUTH_COMPRESS: perhaps\n"), []string{"EASYAUTH_CLIENT_ID", "EASYAUTH_COMPRESS", "EASYAUTH_KEYS", "EASYAUTH_LOG_LEVEL"}; !slices.Equal(got, want) {
		t.Errorf("a file that can be read: %q, want %q", got, want)
	}
	if got, want := names("EASYAUTH_HOSTS: ["), []string{configFile, "EASYAUTH_LOG_LEVEL"}; !slices.Equal(got, want) {
		t.Errorf("a file that cannot: %q, want %q", got, want)
	}
	absent := with(both)
	absent[configFile] = filepath.Join(t.TempDir(), "absent.yaml")
	if _, _, faults := load(t, absent); len(faults) != 2 || !strings.Contains(faults[0].Expected, "no such file") || !strings.Contains(faults[0].Expected, absent[configFile]) {
		t.Errorf("no file: %v", faults)
	}
	absent[configFile] = t.TempDir()
	if _, _, faults := load(t, absent); len(faults) != 2 || !strings.Contains(faults[0].Expected, "is a directory") {
		t.Errorf("a folder: %v", faults)
	}
}

// A worker takes from the file what is its own, and is told of secrets that it does not
// need.
func TestFileOfAWorker(t *testing.T) {
	file := inFile(t, "EASYAUTH_STORE: redis\nEASYAUTH_REDIS_URL: redis://127.0.0.1\nEASYAUTH_HOSTS: a.example.com\nEASYAUTH_CLIENT_SECRET: "+marker+"\n")
	c, warnings, err := Load(environ(file), Roles{Worker: true})
	if err != nil || c.Store != StoreRedis || len(c.Hosts) > 0 || len(warnings) != 1 || strings.Contains(string(warnings[0]), marker) {
		t.Errorf("%v, %q", err, warnings)
	}
}

// Every setting of the file means what it means in the environment.
func TestFileMeansTheSame(t *testing.T) {
	for _, u := range usages(t) {
		t.Run(u.name, func(t *testing.T) {
			vars := maps.Clone(u.vars)
			var b strings.Builder
			for _, name := range slices.Sorted(maps.Keys(vars)) {
				if !strings.HasPrefix(name, prefix) || name == configFile || vars[name] == "" {
					continue
				}
				b.WriteString(name + ": '" + strings.ReplaceAll(vars[name], "\n", "\n\n    ") + "'\n")
				delete(vars, name)
			}
			maps.Copy(vars, inFile(t, b.String()))
			want := *u.want
			want.ConfigFile = vars[configFile]
			got, _, faults := load(t, vars)
			if differ(t, got, &want); len(faults) > 0 {
				t.Errorf("%v in\n%s", faults, b.String())
			}
		})
	}
}
