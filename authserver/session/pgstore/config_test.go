package pgstore

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestNewRefuses(t *testing.T) {
	const fine = "postgres://u:hunter2@127.0.0.1:1/d?sslmode=disable"
	tests := []struct {
		name   string
		config Config
		says   string // "" passes
	}{
		{"all is well", Config{URL: secret.New(fine), Realm: realmA}, ""},
		{"keyword=value", Config{URL: secret.New("host=127.0.0.1 port=1 user=u password=hunter2 sslmode=disable"), Realm: realmA}, ""},
		{"no realm, for Sweep", Config{URL: secret.New(fine)}, ""},
		{"most connections", Config{URL: secret.New(fine), Realm: realmA, MaxConns: 1000}, ""},
		{"no URL", Config{Realm: realmA}, "missing"},
		{"malformed URL", Config{URL: secret.New("postgres://u:hunter2@[::1/d"), Realm: realmA}, "cannot be read"},
		{"no URL at all", Config{URL: secret.New("hunter2"), Realm: realmA}, "cannot be read"},
		{"password with a colon", Config{URL: secret.New("postgres://u:a@127.0.0.1:hunter2/d"), Realm: realmA}, "cannot be read"},
		{"unknown sslmode", Config{URL: secret.New(fine + "x"), Realm: realmA}, "cannot be read"},
		{"missing CA", Config{URL: secret.New("postgres://u:hunter2@h/d?sslmode=verify-full&sslrootcert=/no/ca.pem"), Realm: realmA}, "/no/ca.pem"},
		{"malformed pool size", Config{URL: secret.New(fine + "&pool_max_conns=many"), Realm: realmA}, "cannot be read"},
		{"short realm", Config{URL: secret.New(fine), Realm: realmA[1:]}, "realm"},
		{"realm in capitals", Config{URL: secret.New(fine), Realm: strings.ToUpper(realmA)}, "realm"},
		{"realm with a colon", Config{URL: secret.New(fine), Realm: ":" + realmA[1:]}, "realm"},
		{"negative connections", Config{URL: secret.New(fine), Realm: realmA, MaxConns: -1}, "connections"},
		{"too many connections", Config{URL: secret.New(fine), Realm: realmA, MaxConns: 1001}, "connections"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := New(t.Context(), tt.config)
			if err == nil {
				s.Close()
			}
			switch {
			case tt.says == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case tt.says == "":
			case err == nil:
				t.Fatal("not refused")
			case !strings.Contains(err.Error(), tt.says):
				t.Errorf("error %q does not say %q", err, tt.says)
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("error %q shows the password", err)
			}
		})
	}
}

func TestPoolSize(t *testing.T) {
	const url = "postgres://u@127.0.0.1:1/d?sslmode=disable"
	tests := []struct {
		name string
		url  string
		max  int
		want int32
	}{
		{"by itself", url, 0, 8},
		{"as configured", url, 3, 3},
		{"as the URL says", url + "&pool_max_conns=5", 0, 5},
		{"configured beats URL", url + "&pool_max_conns=5", 3, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := poolConfig(tt.url, tt.max)
			if err != nil {
				t.Fatal(err)
			}
			if c.MaxConns != tt.want {
				t.Errorf("%d connections, want %d", c.MaxConns, tt.want)
			}
		})
	}
}
