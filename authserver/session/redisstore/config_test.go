package redisstore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestConfig(t *testing.T) {
	pem := filepath.Join(t.TempDir(), "none.pem")
	if err := os.WriteFile(pem, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const word = "geheim"
	for _, tt := range []struct {
		name, url, ca string
		ok            bool
	}{
		{"a host", "redis://127.0.0.1", "", true},
		{"all of it", "redis://user:" + word + "@127.0.0.1:6379/3", "", true},
		{"no user", "redis://:" + word + "@127.0.0.1:6379", "", true},
		{"an address of IPv6", "redis://[::1]:6379", "", true},
		{"TLS", "rediss://user:" + word + "@127.0.0.1:6379", "", true},
		{"valkey", "valkey://127.0.0.1", "", true},
		{"valkey with TLS", "valkeys://127.0.0.1", "", true},
		{"more nodes", "redis://127.0.0.1:1?addr=127.0.0.1:2&addr=127.0.0.1:3", "", true},
		{"Sentinel", "redis://127.0.0.1:1?master_set=main", "", true},
		{"Sentinel with a user", "redis://127.0.0.1:1?master_set=main&sentinel_username=u&sentinel_password=" + word, "", true},
		{"database as a parameter", "redis://127.0.0.1?db=2", "", true},

		{"nothing", "", "", false},
		{"no scheme", "127.0.0.1:6379", "", false},
		{"another scheme", "http://" + word + "@127.0.0.1", "", false},
		{"a socket", "unix:///" + word, "", false},
		{"no host", "redis:///0", "", false},
		{"a password with a slash", "redis://user:1/" + word + "@127.0.0.1", "", false},
		{"a password with a per cent sign", "redis://user:%zz" + word + "@127.0.0.1", "", false},
		{"a password with a question mark", "redis://user:1?" + word + "@127.0.0.1", "", false},
		{"a password with a hash", "redis://user:1#" + word + "@127.0.0.1", "", false},
		{"a slash at the end", "redis://127.0.0.1/", "", false},
		{"a database that is no number", "redis://127.0.0.1/" + word, "", false},
		{"two databases", "redis://127.0.0.1/1/2", "", false},
		{"a negative database", "redis://127.0.0.1/-1", "", false},
		{"an unknown parameter", "redis://127.0.0.1?" + word + "=1", "", false},
		{"no verification", "rediss://127.0.0.1?skip_verify=true", "", false},
		{"a malformed parameter", "redis://127.0.0.1?addr=%zz" + word, "", false},
		{"a node without port", "redis://127.0.0.1?addr=" + word, "", false},
		{"a node with a port of words", "redis://127.0.0.1?addr=" + word + ":x", "", false},
		{"an empty name", "redis://127.0.0.1?master_set=", "", false},
		{"two names", "redis://127.0.0.1?master_set=a&master_set=b", "", false},
		{"a user for no Sentinel", "redis://127.0.0.1?sentinel_password=" + word, "", false},
		{"an authority without TLS", "redis://127.0.0.1", pem, false},
		{"an authority that is none", "rediss://127.0.0.1", pem, false},
		{"an authority that is not there", "rediss://127.0.0.1", pem + ".not", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Config{URL: secret.New(tt.url), CAFile: tt.ca}.options()
			if (err == nil) != tt.ok {
				t.Fatalf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), word) {
				t.Errorf("the error holds a secret: %v", err)
			}
		})
	}
}

func TestRealms(t *testing.T) {
	for realm, ok := range map[string]bool{
		"0123456789abcdef": true, "": false, "0123456789abcde": false, "0123456789abcdef0": false,
		"0123456789ABCDEF": false, "0123456789abcde:": false, "0123456789abcde*": false,
	} {
		cfg := Config{URL: secret.New("redis://127.0.0.1:1"), Realm: realm}
		s, err := New(t.Context(), cfg)
		if (err == nil) != (ok || realm == "") { // a store without one sweeps
			t.Errorf("store of %q: %v", realm, err)
		}
		if err == nil {
			s.Close()
		}
		l, err := NewLog(t.Context(), cfg)
		if (err == nil) != ok {
			t.Errorf("log of %q: %v", realm, err)
		}
		if err == nil {
			l.Close()
		}
	}
}

func TestServerName(t *testing.T) {
	for _, tt := range []struct{ addr, named, want string }{
		{"redis.example:6379", "redis.example", "redis.example"},
		{"node2.example:6379", "node1.example", "node2.example"},
		{"10.0.0.7:6379", "redis.example", "redis.example"}, // a node that tells its address
		{"10.0.0.7:6379", "10.0.0.1", "10.0.0.7"},
		{"[::1]:6379", "redis.example", "redis.example"},
		{"[::1]:6379", "127.0.0.1", "::1"},
		{"node2.example:6379", "10.0.0.1", "node2.example"},
	} {
		if got := serverName(tt.addr, tt.named); got != tt.want {
			t.Errorf("%s of %s: %s, want %s", tt.addr, tt.named, got, tt.want)
		}
	}
}

func TestIndexOf(t *testing.T) {
	const realm = "0123456789abcdef"
	for key, ok := range map[string]bool{
		"easyauth:" + realm + ":a": true, "easyauth:" + realm + ":u:x": true, "easyauth:" + realm + ":i:x": true,
		"easyauth:" + realm + ":s:x": false, "easyauth:" + realm + ":ab": false, "easyauth:" + realm + ":once:a": false,
		"easyauth:" + realm + ":": false, "easyauth:" + realm: false, "easyauth:any:a": false, "easyauth:a": false,
		realm + ":a": false, "other:" + realm + ":a": false, "": false,
	} {
		if n, got := indexOf(key); got != ok || ok && n != namesOf(realm) {
			t.Errorf("%q: %v %v", key, n, got)
		}
	}
}
