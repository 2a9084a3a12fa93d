package config

import (
	"strings"
	"testing"
)

func TestUnknownNames(t *testing.T) {
	for _, tt := range []struct{ name, nearest string }{ // "": none is near
		{"EASYAUTH_HOST", "EASYAUTH_HOSTS"},
		{"EASYAUTH_TENANTID", "EASYAUTH_TENANT_ID"},
		{"EASYAUTH_CLIENT_SECERT", "EASYAUTH_CLIENT_SECRET"},
		{"EASYAUTH_CLEINT_SECERT", "EASYAUTH_CLIENT_SECRET"},
		{"EASYAUTH_CLEINT_SECERTX", ""}, // three letters
		{"EASYAUTH_KEY", "EASYAUTH_KEYS"},
		{"EASYAUTH_KEY_FILE", "EASYAUTH_KEYS_FILE"},
		{"EASYAUTH_LISTEN_ADDRESS", ""},
		{"EASYAUTH_SIGN_IN_PATH", "EASYAUTH_SIGNIN_PATH"},
		{"EASYAUTH_REDIRECT", "EASYAUTH_DEFAULT_REDIRECT"},
		{"EASYAUTH_SECRET", "EASYAUTH_CLIENT_SECRET"},
		{"EASYAUTH_FILE", ""}, // many end so
		{"EASYAUTH_LOGOUT_PATH", ""},
		{"EasyAuth_Hosts", "EASYAUTH_HOSTS"},
		{"easyauth_pprof", "EASYAUTH_PPROF"},
		{"EASYAUTH_", ""},
		{"EASYAUTH_EXPORT", ""}, // ends like PORT, and is no injected name
		{"EASYAUTH_SERVICES_HOST", ""},
		{"EASYAUTH_PORT_8080_ICMP", ""},
		{"EASYAUTH_PORTS", ""}, // two letters of HOSTS, and nothing like it
		{"EASYAUTH_" + strings.Repeat("X", 5000), ""},
	} {
		want := "is not known; did you mean " + tt.nearest + "?"
		if tt.nearest == "" {
			want = "is not known; `easyauth settings` prints all that there are"
		}
		_, _, faults := load(t, with(map[string]string{tt.name: marker}))
		if len(faults) != 1 || faults[0].Name != printable(tt.name) || strings.Contains(faults.Error(), marker) || faults[0].Expected != want {
			t.Errorf("%.40s: got %v, want %s", tt.name, faults, want)
		}
	}
	// Even empty it is a mistake; names of others are not ours to judge.
	if _, _, faults := load(t, with(map[string]string{"EASYAUTH_HOST": ""})); len(faults) != 1 {
		t.Errorf("empty: got %v", faults)
	}
	good(t, with(map[string]string{"HOSTS": "x", "EASYAUTHX": "x", "MY_EASYAUTH_HOST": "x", "EASYAUTH2_HOST": "x"}))
}

func TestWhatKubernetesInjects(t *testing.T) {
	services := map[string]string{
		"EASYAUTH_SERVICE_HOST":                  "10.0.0.7",
		"EASYAUTH_SERVICE_PORT":                  "8080",
		"EASYAUTH_SERVICE_PORT_HTTP":             "8080",
		"EASYAUTH_PORT":                          "tcp://10.0.0.7:8080",
		"EASYAUTH_PORT_8080_TCP":                 "tcp://10.0.0.7:8080",
		"EASYAUTH_PORT_8080_TCP_ADDR":            "10.0.0.7",
		"EASYAUTH_PORT_53_UDP_PROTO":             "udp",
		"EASYAUTH_PORT_9_SCTP_PORT":              "9",
		"EASYAUTH_REDIS_MASTER_SERVICE_HOST":     "10.0.0.8",
		"EASYAUTH_REDIS_MASTER_PORT":             "tcp://10.0.0.8:6379",
		"EASYAUTH_REDIS_MASTER_PORT_6379_TCP":    "tcp://10.0.0.8:6379",
		"EASYAUTH_REDIS_SERVICE_PORT_CLIENT_TLS": "6380",
	}
	_, warnings, faults := load(t, with(services))
	if len(faults) > 0 || len(warnings) > 0 {
		t.Errorf("got faults %v, warnings %v", faults, warnings)
	}
	// No known variable is one that Kubernetes injects, or it could be ignored.
	for _, name := range variables() {
		if injected(name) {
			t.Errorf("%s looks injected", name)
		}
	}
	for name, want := range map[string]int{"EASYAUTH_PORT": 1, "EASYAUTH_ADMIN_PORT": 1, "EASYAUTH_X_SERVICE_PORT": 0, "EASYAUTH_PORT_8_TCP_PORT": 0} {
		_, warnings, faults := load(t, with(map[string]string{name: "9000"}))
		if len(faults) > 0 || len(warnings) != want || want > 0 && !strings.HasPrefix(string(warnings[0]), name+" is ignored") {
			t.Errorf("%s=9000: got faults %v, warnings %v", name, faults, warnings)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "abd", 1},
		{"abc", "ab", 1},
		{"abc", "xabc", 1},
		{"abc", "acb", 1},
		{"kitten", "sitting", 3},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
	if got := printable("A\x00\n\u00e4B"); got != "A???B" {
		t.Errorf("printable: got %q", got)
	}
}
