package headers

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func bothTokens() Config {
	return Config{Prefix: "x-injected-", PassAccessToken: true, PassIDToken: true}
}

func TestTokens(t *testing.T) {
	longest := strings.Repeat("t", MaxToken)
	accessOnly := Config{Prefix: "x-injected-", PassAccessToken: true}
	idOnly := Config{Prefix: "x-injected-", PassIDToken: true}
	tests := []struct {
		name       string
		cfg        Config
		access, id string
		wantAccess string
		wantID     string
		overflow   string
	}{
		{"both", bothTokens(), "a.b-c_d~+/=", "x.y.z", "a.b-c_d~+/=", "x.y.z", ""},
		{"never encoded, whatever the encoding", Config{Prefix: "x-injected-", Encoding: Base64, PassAccessToken: true}, "a+/=|b", "", "a+/=|b", "", ""},
		{"the access token alone", accessOnly, "a", "x", "a", "", ""},
		{"the ID token alone", idOnly, "a", "x", "", "x", ""},
		{"neither", Config{Prefix: "x-injected-"}, "a", "x", "", "", ""},
		{"no access token", bothTokens(), "", "x", "", "x", ""},
		{"no token", bothTokens(), "", "", "", "", ""},
		{"the longest", bothTokens(), longest, longest, longest, longest, ""},
		{"a byte more", bothTokens(), longest + "t", "x", "", "x", "access-token"},
		{"both a byte more", bothTokens(), longest + "t", longest + "t", "", "", "access-token|id-token"},
		{"too long, but not handed over", idOnly, longest + "t", "x", "", "x", ""},
		{"a line break", bothTokens(), "a\r\nx-injected-roles: admin", "x", "", "x", "access-token"},
		{"a line feed at the end", bothTokens(), "a\n", "x", "", "x", "access-token"},
		{"a NUL", bothTokens(), "a", "x\x00", "a", "", "id-token"},
		{"a tab", bothTokens(), "a", "x\ty", "a", "", "id-token"},
		{"DEL", bothTokens(), "a", "x\x7f", "a", "", "id-token"},
		{"what is not ASCII", bothTokens(), "a", "xä", "a", "", "id-token"},
		{"a blank in front", bothTokens(), " a", "x", "", "x", "access-token"},
		{"a blank at the end", bothTokens(), "a ", "x", "", "x", "access-token"},
		{"a blank within", bothTokens(), "a b", "x", "a b", "x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newRenderer(t, tt.cfg).Render(person())
			h := http.Header{}
			v.Write(h, nil)
			if got := v.WriteTokens(h, tt.access, tt.id); got != (tt.overflow != "") {
				t.Errorf("overflow %v, want %q", got, tt.overflow)
			}
			want := map[string]string{"x-injected-access-token": tt.wantAccess, "x-injected-id-token": tt.wantID, "x-injected-overflow": tt.overflow}
			for name, value := range want {
				if got := h.Get(name); got != value {
					t.Errorf("%s: %.60q (%d bytes), want %.60q (%d bytes)", name, got, len(got), value, len(value))
				}
			}
		})
	}
}

// A proxy takes what it finds in the answer in place of what the client sent: the
// header must be there also when nobody hands a token over.
func TestTokenHeadersAreAlwaysThere(t *testing.T) {
	for _, format := range []Format{Separate, Combined} {
		cfg := bothTokens()
		cfg.Format = format
		r := newRenderer(t, cfg)
		calls := map[string]func(*Rendered, http.Header){
			"without a word of tokens": func(*Rendered, http.Header) {},
			"no tokens":                func(v *Rendered, h http.Header) { v.WriteTokens(h, "", "") },
			"bad tokens":               func(v *Rendered, h http.Header) { v.WriteTokens(h, "\n", strings.Repeat("x", MaxToken+1)) },
		}
		for name, call := range calls {
			h := http.Header{"X-Injected-Access-Token": {"the client's own"}, "X-Injected-Id-Token": {"the client's own", "twice"}}
			v := r.Render(&access.Identity{})
			v.Write(h, nil)
			call(v, h)
			for _, key := range []string{"X-Injected-Access-Token", "X-Injected-Id-Token"} {
				if got := h[key]; len(got) != 1 || got[0] != "" {
					t.Errorf("%s: %s is %q, want one empty value", name, key, got)
				}
			}
		}
		for _, name := range []string{"x-injected-access-token", "x-injected-id-token"} {
			if !slices.Contains(r.Names(), name) {
				t.Errorf("%s is not among the names %q", name, r.Names())
			}
		}
	}
	for key := range write(t, Config{Prefix: "x-injected-"}, person()) {
		if strings.Contains(key, "Token") {
			t.Errorf("%s, but nothing is handed over", key)
		}
	}
}

// One answer's tokens are not in another's.
func TestTokensDoNotStay(t *testing.T) {
	v := newRenderer(t, bothTokens()).Render(huge())
	first, second := http.Header{}, http.Header{}
	v.Write(first, nil)
	before := first.Get("x-injected-overflow")
	v.WriteTokens(first, "a", "x\n")
	if got, want := first.Get("x-injected-overflow"), before+"|id-token"; got != want {
		t.Errorf("overflow %q, want %q", got, want)
	}
	if !v.Write(second, []string{"/me"}) {
		t.Error("the second answer: no overflow")
	}
	if got := second.Get("x-injected-access-token"); got != "" {
		t.Errorf("the second answer has the token %q", got)
	}
	if got := second.Get("x-injected-overflow"); strings.Contains(got, "token") {
		t.Errorf("the second answer's overflow is %q", got)
	}
}

func TestTokensAndClaims(t *testing.T) {
	id := &access.Identity{Claims: []access.Claim{
		{Name: "access_token", Values: []string{"a claim"}},
		{Name: "https://x/ID-Token", Values: []string{"a claim"}},
		{Name: "id.token", Values: []string{"a claim"}},
		{Name: "id_tokens", Values: []string{"free"}},
	}}
	h := write(t, bothTokens(), id)
	for name, want := range map[string]string{"access-token": "", "id-token": "", "id-tokens": "free"} {
		compareOne(t, h, name, want)
	}
	if h.Get("x-injected-id.token") != "" {
		t.Error("a claim has a header that a reader could take for id-token")
	}
	combined := bothTokens()
	combined.Format = Combined
	h = http.Header{}
	v := newRenderer(t, combined).Render(id)
	v.Write(h, nil)
	v.WriteTokens(h, "the-token", "the-token")
	if userinfo := decode(t, combined.Encoding, h.Get("x-injected-userinfo")); !strings.Contains(userinfo, "a claim") || strings.Contains(userinfo, "the-token") {
		t.Errorf("userinfo is %s, want the claims and no token", userinfo)
	}
	for claim, ok := range map[string]bool{"access_token": false, "https://x/id-token": false, "id.token": false, "id_tokens": true} {
		cfg := bothTokens()
		cfg.ClaimHeaders = []string{claim}
		if _, err := New(cfg); (err == nil) != ok {
			t.Errorf("a header for the claim %s: %v", claim, err)
		}
		cfg.PassAccessToken, cfg.PassIDToken = false, false
		if _, err := New(cfg); err != nil {
			t.Errorf("the same without tokens: %v", err)
		}
	}
}

// Names, and what overflow says of tokens, are within the budget; values are not.
func TestMaxBytes(t *testing.T) {
	tests := []struct {
		name       string
		access, id bool
		want       int
	}{
		{"none", false, false, Budget},
		{"one", false, true, Budget + MaxToken},
		{"both", true, true, Budget + 2*MaxToken},
	}
	for _, tt := range tests {
		for _, format := range []Format{Separate, Combined} {
			r := newRenderer(t, Config{Prefix: strings.Repeat("x", maxPrefix-1) + "-", Format: format, PassAccessToken: tt.access, PassIDToken: tt.id})
			if got := r.MaxBytes(); got != tt.want {
				t.Errorf("%s: %d bytes, want %d", tt.name, got, tt.want)
			}
			v := r.Render(huge())
			for _, token := range []string{"", "\n", strings.Repeat("t", MaxToken)} {
				h := http.Header{}
				v.Write(h, []string{"/me"})
				v.WriteTokens(h, token, token)
				limit := r.MaxBytes()
				if len(token) < 2 {
					limit = Budget
				}
				if n := wireSize(t, h); n > limit {
					t.Errorf("%s, format %v, token of %d bytes: %d bytes on the wire, want at most %d", tt.name, format, len(token), n, limit)
				}
			}
		}
	}
}

// FuzzTokens hands over any text: it arrives as it is, or not at all.
func FuzzTokens(f *testing.F) {
	f.Add("eyJ0eXAiOiJKV1QifQ.e30.c2ln", "opaque~token")
	f.Add("a\r\nX-Injected-Roles: admin", " ")
	f.Add("", "\x7f\u0085")
	f.Add("a\tb", strings.Repeat("t", MaxToken+1))
	r := newRenderer(f, bothTokens())
	v := r.Render(person())
	f.Fuzz(func(t *testing.T, access, id string) {
		h := http.Header{}
		v.Write(h, nil)
		overflow := v.WriteTokens(h, access, id)
		missing := false
		for name, token := range map[string]string{"access-token": access, "id-token": id} {
			got := get(h, "x-injected-"+name)
			if got != "" && got != token {
				t.Errorf("%s is %q, not what was given: %q", name, got, token)
			}
			named := slices.Contains(strings.Split(get(h, "x-injected-overflow"), separator), name)
			if left := got == "" && token != ""; left != named {
				t.Errorf("%s left empty: %t, named in overflow: %t", name, left, named)
			} else if left {
				missing = true
			}
		}
		if missing != overflow {
			t.Errorf("overflow %t, want %t", overflow, missing)
		}
		if len(access)+len(id) < 100 { // within the budget of identity headers
			checkWire(t, h)
		}
	})
}
