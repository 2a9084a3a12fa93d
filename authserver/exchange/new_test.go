package exchange

import (
	"testing"
	"time"
)

func TestNewRefuses(t *testing.T) {
	good := newKit(t, inStore).h.Config
	for name, change := range map[string]func(*Config){
		"no provider":       func(c *Config) { c.Provider = nil },
		"no sessions":       func(c *Config) { c.Sessions = nil },
		"no codec":          func(c *Config) { c.Codec = nil },
		"no ring":           func(c *Config) { c.Ring = nil },
		"no hosts":          func(c *Config) { c.Hosts = nil },
		"no pages":          func(c *Config) { c.Pages = nil },
		"no log":            func(c *Config) { c.Log = nil },
		"no way to sign in": func(c *Config) { c.SignIn = nil },
		"no paths":          func(c *Config) { c.Paths = Paths{} },
		"a negative life":   func(c *Config) { c.Life = -time.Hour },
		"a life of nothing": func(c *Config) { c.Life = time.Millisecond },
		"an open redirect":  func(c *Config) { c.Redirects = []string{"http://tool.example.com/"} },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := New(good); err != nil {
			t.Errorf("%s, changed back: %v", name, err)
		}
	}
	least := good
	least.Metrics, least.Audit, least.Redirects, least.Audiences = nil, nil, nil, nil
	h, err := New(least)
	if err != nil {
		t.Fatal(err)
	}
	k := newKit(t, inStore)
	k.h, k.sessions = h, good.Sessions
	k.mustPass("with nothing that need not be", k.exchange("good"))
}
