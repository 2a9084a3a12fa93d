package headers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

const signedHeader = "x-injected-assertion"

func signing() Config { return Config{Prefix: "x-injected-", Assertion: signedHeader} }

// Each refusal has a sibling that differs in one thing and passes.
func TestAssertionName(t *testing.T) {
	with := func(change func(*Config)) Config {
		cfg := signing()
		change(&cfg)
		return cfg
	}
	named := func(name string) Config { return with(func(c *Config) { c.Assertion = name }) }
	listing := func(claims ...string) Config { return with(func(c *Config) { c.ClaimHeaders = claims }) }
	dotted := func(name string) Config {
		return with(func(c *Config) { c.Prefix, c.Assertion = "x.auth-", name })
	}
	many := func(n int) Config {
		var claims []string
		for i := range n {
			claims = append(claims, fmt.Sprintf("a-claim-of-thirty-characters%02d", i))
		}
		return listing(claims...)
	}
	tests := []struct {
		name   string
		cfg    Config
		reason string // of the refusal; empty: it passes
	}{
		{"none", named(""), ""},
		{"the usual one", signing(), ""},
		{"Pomerium's, in capitals", named("X-Pomerium-Jwt-Assertion"), ""},
		{"a low line", named("x_pomerium_assertion"), "letters, digits and hyphens"},
		{"a dot", named("x.pomerium"), "letters, digits and hyphens"},
		{"a hyphen", named("x-pomerium"), ""},
		{"a blank", named("x pomerium"), "letters, digits and hyphens"},
		{"a line break", named("x-a\r\ny"), "letters, digits and hyphens"},
		{"beyond ASCII", named("x-\u00e4"), "letters, digits and hyphens"},
		{"a Kelvin sign", named("x-\u212a"), "letters, digits and hyphens"},
		{"65 bytes", named(strings.Repeat("x", 65)), "at most 64 bytes"},
		{"64 bytes", named(strings.Repeat("x", 64)), ""},
		{"a cookie", named("Set-Cookie"), "meaning of its own"},
		{"a cookie of ours", named("Set-Cookie-Assertion"), ""},
		{"what proxies act upon", named("x-accel-redirect"), "meaning of its own"},
		{"the credentials of a request", named("authorization"), "meaning of its own"},
		{"who asks", named("X-Real-IP"), "meaning of its own"},
		{"what sounds like it", named("X-Real-Assertion"), ""},
		{"the prefix alone", named("x-injected-"), "another header's name"},
		{"a fixed header", named("x-injected-roles"), "another header's name"},
		{"a fixed header in capitals", named("X-Injected-ROLES"), "another header's name"},
		{"a fixed header with a hyphen in its name", named("x-injected-preferred-username"), "another header's name"},
		{"overflow", named("x-injected-overflow"), "another header's name"},
		{"almost a fixed header", named("x-injected-rolesx"), ""},
		{"a token's", with(func(c *Config) { c.Assertion, c.PassIDToken = "x-injected-id-token", true }), "another header's name"},
		{"a token's that is not handed over", with(func(c *Config) { c.Assertion, c.PassAccessToken = "x-injected-id-token", true }), ""},
		{"a fixed header for who writes a low line for a dot", dotted("x-auth-roles"), "another header's name"},
		{"none for anybody", dotted("x-auth-role"), ""},
		{"a listed claim's", listing("assertion"), "of the assertion is another header's name"},
		{"a listed claim's, by a URI", listing("https://x/Assertion"), "of the assertion is another header's name"},
		{"another claim", listing("assertions"), ""},
		{"claims that leave no room", many(10), "claim headers and assertion leave"},
		{"claims that leave some", many(5), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.cfg)
			switch {
			case tt.reason == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.reason != "" && (err == nil || !strings.Contains(err.Error(), tt.reason)):
				t.Errorf("got %v, want %q in it", err, tt.reason)
			}
		})
	}
}

// The header is there in every answer, with one value, which is empty unless somebody
// writes it.
func TestAssertionHeaderIsAlwaysThere(t *testing.T) {
	for _, name := range []string{signedHeader, "X-Pomerium-Jwt-Assertion"} {
		for _, format := range []Format{Separate, Combined} {
			r := newRenderer(t, Config{Assertion: name, Format: format})
			if names := r.Names(); !slices.Contains(names, strings.ToLower(name)) || len(names) != len(newRenderer(t, Config{Format: format}).Names())+1 {
				t.Errorf("%s is not among the names %q", name, names)
			}
			for what, write := range map[string]func(*Rendered, http.Header){
				"without a word of it": func(*Rendered, http.Header) {},
				"none":                 func(v *Rendered, h http.Header) { v.WriteAssertion(h, "", false) },
				"too long":             func(v *Rendered, h http.Header) { v.WriteAssertion(h, strings.Repeat("a", AssertionRoom+1), true) },
			} {
				key := http.CanonicalHeaderKey(name)
				h := http.Header{key: {"the client's own", "twice"}}
				v := r.Render(person())
				v.Write(h, nil)
				write(v, h)
				if got := h[key]; len(got) != 1 || got[0] != "" {
					t.Errorf("%s: %s is %q, want one empty value", what, name, got)
				}
			}
		}
	}
	for key := range write(t, Config{}, person()) {
		if strings.Contains(key, "Assertion") {
			t.Errorf("%s, but nobody signs", key)
		}
	}
}

func TestWriteAssertion(t *testing.T) {
	longest := strings.Repeat("a", AssertionRoom)
	for _, tt := range []struct {
		name, jwt string
		complete  bool
		want      string
		overflow  string
	}{
		{"whole", "a.b.c", true, "a.b.c", ""},
		{"the longest", longest, true, longest, ""},
		{"a byte more", longest + "a", true, "", "assertion"},
		{"something is left out of it", "a.b.c", false, "a.b.c", "assertion"},
		{"none", "", false, "", "assertion"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := newRenderer(t, signing()).Render(person())
			h, next := http.Header{}, http.Header{}
			v.Write(h, nil)
			if got := v.WriteAssertion(h, tt.jwt, tt.complete); got != (tt.overflow != "") {
				t.Errorf("overflow %v", got)
			}
			compareOne(t, h, "assertion", tt.want)
			compareOne(t, h, "overflow", tt.overflow)
			v.Write(next, nil)
			compareOne(t, next, "assertion", "")
			compareOne(t, next, "overflow", "")
		})
	}
	v := newRenderer(t, signing()).Render(&access.Identity{GroupsUnknown: true})
	h := http.Header{}
	v.Write(h, nil)
	v.WriteAssertion(h, "", false)
	compareOne(t, h, "overflow", "groups|assertion")
}

// A claim of a token is never taken for what was signed here.
func TestAssertionAndClaims(t *testing.T) {
	id := &access.Identity{Claims: []access.Claim{
		{Name: "assertion", Values: []string{"claimed"}},
		{Name: "https://x/ASSERTION", Values: []string{"claimed"}},
		{Name: "assertions", Values: []string{"free"}},
		{Name: "pomerium-assertion", Values: []string{"free"}},
	}}
	h := write(t, signing(), id)
	compareOne(t, h, "assertion", "")
	compareOne(t, h, "assertions", "free")
	compareOne(t, write(t, Config{}, id), "assertion", "claimed")
	h = write(t, Config{Assertion: "x-injected-pomerium-assertion"}, id)
	compareOne(t, h, "assertion", "claimed")
	compareOne(t, h, "pomerium-assertion", "")
}

// With the longest assertion an answer keeps within the budget, whoever asks and however
// it is configured.
func TestBudgetWithAnAssertion(t *testing.T) {
	token := strings.Repeat("a", AssertionRoom)
	property.Try(t, 2000, func(t *testing.T, r *property.Rand) {
		cfg := Config{
			Prefix:    property.One(r, []string{"x-injected-", "x-auth-", strings.Repeat("p", r.Between(1, maxPrefix))}),
			Encoding:  property.One(r, []Encoding{URLEncode, Base64, None, NoneWithReject}),
			Format:    property.One(r, []Format{Separate, Combined}),
			Assertion: property.One(r, []string{signedHeader, "X-Pomerium-Jwt-Assertion", strings.Repeat("a", maxPrefix)}),
		}
		for i := range r.IntN(4) {
			cfg.ClaimHeaders = append(cfg.ClaimHeaders, fmt.Sprintf("claim%d", i))
		}
		renderer, err := New(cfg)
		if err != nil {
			return // a long prefix leaves no room
		}
		v, h := renderer.Render(drawIdentity(r)), http.Header{}
		v.Write(h, property.Some(r, []string{"/me", "/me/manager", "/x"}))
		v.WriteAssertion(h, token[:r.Between(0, AssertionRoom)], r.Chance(2))
		if size := wireSize(t, h); size > Budget || size > renderer.MaxBytes() {
			t.Errorf("%+v: %d bytes", cfg, size)
		}
		key := http.CanonicalHeaderKey(cfg.Assertion)
		if len(h[key]) != 1 {
			t.Errorf("%+v: %d values of %s", cfg, len(h[key]), key)
		}
		whole := http.Header{}
		v.Write(whole, nil)
		if v.WriteAssertion(whole, token, true); wireSize(t, whole) > Budget || get(whole, key) != token {
			t.Errorf("%+v: %d bytes with the longest", cfg, wireSize(t, whole))
		}
	})
}

// drawIdentity has some of everything, now and then far too much.
func drawIdentity(r *property.Rand) *access.Identity {
	text := func() string {
		return strings.Repeat(property.One(r, []string{"a", "\u00e4", "|", "\n", "%", "\U0001f600"}), property.One(r, []int{0, 1, 30, 200, 900, 4000}))
	}
	id := &access.Identity{
		Object: guids(1)[0], Tenant: guids(1)[0], Subject: text(), Name: text(), PreferredUsername: text(), Email: text(),
		Roles: []string{text(), text()}, Scopes: []string{text()}, Groups: guids(property.One(r, []int{0, 3, 40, 250})),
		GroupsUnknown: r.Chance(3), Dropped: property.Some(r, []string{"groups", "claims", "a|b", "https://x/level", "assertion"}),
	}
	for i := range property.One(r, []int{0, 2, 12, 80}) {
		id.Claims = append(id.Claims, access.Claim{Name: property.One(r, []string{"claim", "assertion", "a.b"}) + fmt.Sprint(i), Values: []string{text()}})
	}
	for _, query := range property.Some(r, []string{"/me", "/me/manager"}) {
		id.Graph = append(id.Graph, access.GraphResult{Query: query, JSON: `"` + strings.Repeat("g", property.One(r, []int{1, 500, 2000, 3000})) + `"`})
	}
	return id
}
