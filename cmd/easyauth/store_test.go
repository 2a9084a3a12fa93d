package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// Those that share keys and a store share sessions when they are one deployment,
// and see nothing of one another when they are not.
func TestRealm(t *testing.T) {
	base := config.Config{BasePath: "/easyauth", Issuer: "https://idp.example/", ClientID: clientID}
	same := base
	same.CookieDomain, same.Hosts = "example.com", []string{host}
	if realm(&same) != realm(&base) || !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(realm(&base)) {
		t.Errorf("one deployment has the realms %q and %q", realm(&base), realm(&same))
	}
	for name, change := range map[string]func(*config.Config){
		"base path": func(c *config.Config) { c.BasePath = "/easyauth2" },
		"issuer":    func(c *config.Config) { c.Issuer = "https://idp.example" },
		"client":    func(c *config.Config) { c.ClientID = wiredTenant },
		"the same letters, cut elsewhere": func(c *config.Config) {
			c.BasePath, c.Issuer = "/easyauthh", "ttps://idp.example/"
		},
	} {
		other := base
		if change(&other); realm(&other) == realm(&base) || realm(&other) == "" {
			t.Errorf("another %s: the same realm", name)
		}
	}
	if got := realm(&config.Config{}); got != "" {
		t.Errorf("a worker alone: %q", got)
	}
}

// What a store is made of is checked before it is reached.
func TestStoreFaults(t *testing.T) {
	nobody := freeAddress(t)
	for _, tt := range []struct {
		name, store, variable, bad, good string
	}{
		{"Redis: database", "redis", "EASYAUTH_REDIS_URL", "redis://" + nobody + "/" + marker, "redis://" + nobody + "/1"},
		{"Redis: an option", "redis", "EASYAUTH_REDIS_URL", "redis://" + nobody + "?master=" + marker, "redis://" + nobody + "?master_set=" + marker},
		{"PostgreSQL: port", "postgres", "EASYAUTH_POSTGRES_URL", "postgres://127.0.0.1:" + marker, "postgres://" + nobody},
		{"PostgreSQL: sslmode", "postgres", "EASYAUTH_POSTGRES_URL", "host=127.0.0.1 sslmode=" + marker, "host=127.0.0.1 sslmode=disable"},
	} {
		vars := with(t, map[string]string{"EASYAUTH_STORE": tt.store, tt.variable: tt.good})
		if lines := faults(t, vars); len(lines) > 0 {
			t.Errorf("%s: mended: %q", tt.name, lines)
		}
		vars[tt.variable] = tt.bad
		if lines := faults(t, vars); len(lines) != 1 || !strings.HasPrefix(lines[0], tt.variable+": ") {
			t.Errorf("%s: got %q", tt.name, lines)
		}
	}
	// One that does not answer is no fault, and the page about it is named as it is called.
	vars := with(t, map[string]string{"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": "redis://" + nobody})
	const guide = "docs/sessions.md"
	if _, err := os.Stat(filepath.Join("..", "..", guide)); err != nil {
		t.Error(err)
	}
	if code, stdout, stderr := execute(t, vars, "check-config"); code != exitOK || !strings.Contains(stderr, "the store of sessions does not answer from here: ") || !strings.Contains(stderr, guide) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, _ := execute(t, vars, "check-config", "--online")
	if result, _ := row(t, stdout, "store of sessions"); code != exitFailed || result != resultFailed || !strings.Contains(stdout, "\n  store of sessions: ") || !strings.Contains(stdout, guide) {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	cfg := loaded(t, nil)
	store, err := openStore(t.Context(), cfg, slog.New(slog.DiscardHandler))
	list, listErr := openLog(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if store != nil || list != nil || err != nil || listErr != nil {
		t.Errorf("with cookies: %v, %v, %v, %v", store, err, list, listErr)
	}
}
