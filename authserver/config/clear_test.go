package config

import (
	"strings"
	"testing"
)

// A store that is reached in clear text over the network is a warning.
func TestClearStores(t *testing.T) {
	tests := []struct {
		name, store, variable, address string
		warned                         bool
	}{
		{"redis elsewhere", "redis", "EASYAUTH_REDIS_URL", "redis://:" + marker + "@redis.example.com:6379", true},
		{"redis with TLS", "redis", "EASYAUTH_REDIS_URL", "rediss://:" + marker + "@redis.example.com:6379", false},
		{"redis here", "redis", "EASYAUTH_REDIS_URL", "redis://:" + marker + "@127.0.0.1:6379", false},
		{"postgres elsewhere", "postgres", "EASYAUTH_POSTGRES_URL", "postgres://u:" + marker + "@db.example.com/d", true},
		{"postgres whose certificate nobody checks", "postgres", "EASYAUTH_POSTGRES_URL", "postgres://u:" + marker + "@db.example.com/d?sslmode=require", true},
		{"postgres with a certificate", "postgres", "EASYAUTH_POSTGRES_URL", "postgres://u:" + marker + "@db.example.com/d?sslmode=verify-full", false},
		{"postgres here", "postgres", "EASYAUTH_POSTGRES_URL", "postgresql://u:" + marker + "@localhost/d", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, warnings, err := Load(environ(map[string]string{"EASYAUTH_STORE": tt.store, tt.variable: tt.address}), Roles{Worker: true})
			if err != nil {
				t.Fatal(err)
			}
			warned := false
			for _, w := range warnings {
				warned = warned || strings.HasPrefix(string(w), tt.variable+" leads over the network")
				if strings.Contains(string(w), marker) {
					t.Errorf("it holds the value: %q", w)
				}
			}
			if warned != tt.warned {
				t.Errorf("got %q, want a warning: %v", warnings, tt.warned)
			}
		})
	}
}
