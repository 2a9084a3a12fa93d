package redisstore

import (
	"os"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/storetest"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// The suite, on every kind of Redis.
func TestConformance(t *testing.T) {
	t.Parallel()
	const password = "p@ss:w/ord?#%"
	for _, tt := range []struct {
		name    string
		options servers.RedisOptions
	}{
		{"one server", servers.RedisOptions{AOF: true}},
		{"TLS and a user", servers.RedisOptions{TLS: true, ACLUser: "easyauth", Password: password, ACLRules: documentedRules(t)}},
		{"sentinel", servers.RedisOptions{
			Sentinel: true, ACLUser: "easyauth", Password: password, ACLRules: documentedRules(t) + " +role",
		}},
		{"cluster", servers.RedisOptions{
			Cluster: true, ACLUser: "easyauth", Password: password, ACLRules: documentedRules(t),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := servers.StartRedis(t, tt.options)
			storetest.Run(t, func(t *testing.T, realm string) session.Store {
				return open(t, configOf(server, realm))
			})
			storetest.RunLog(t, func(t *testing.T, realm string) session.RevocationLog {
				return openLog(t, configOf(server, realm))
			})
		})
	}
}

// documentedRules reads what the package's documentation says that a user needs.
func documentedRules(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "user easyauth on ><password> ")
	rules, _, ended := strings.Cut(rest, "\n//\n")
	if !found || !ended {
		t.Fatal("the documentation does not say what a user needs")
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(rules, "//", "")), " ")
}
