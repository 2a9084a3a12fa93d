package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// flip changes the i-th character; negative i counts from the end.
func flip(s string, i int) string {
	if i < 0 {
		i += len(s)
	}
	c := byte('A')
	if s[i] == c {
		c = 'B'
	}
	return s[:i] + string(c) + s[i+1:]
}

func TestAttack15And16Cookies(t *testing.T) {
	t.Parallel()
	s := start(t, noRegistration()) // token requests are counted
	adele, bob, maximum := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob), signedIn(t, s, entra.Max)
	good, other := adele.cookie(ticketCookie), bob.cookie(ticketCookie)
	first, second := maximum.cookie(ticketCookie), maximum.cookie(ticketCookie1)
	again := signedIn(t, s, entra.Max)
	if good == "" || first == "" || second == "" || again.cookie(ticketCookie1) == "" {
		t.Fatal("Adele has no ticket, or Max's is not in two cookies")
	}
	step := newVisitor(t, s, entra.Adele)
	step.get("/mail")
	denial, browser := step.cookie(denialCookie), adele.cookie(browserCookie)
	if denial == "" || browser == "" {
		t.Fatal("no denial, or no browser cookie")
	}
	both := ticketCookie + "=" + first + "; " + ticketCookie1 + "="
	one := ticketCookie + "="
	tests := []struct {
		name, cookies string
		status        int
	}{
		{"good", one + good, 200},
		{"good in two cookies", both + second, 200},
		{"the second first", ticketCookie1 + "=" + second + "; " + one + first, 200},
		{"among 200 others", strings.Repeat("x=y; ", 200) + one + good, 200},
		{"among 5 KB of others", strings.Repeat("x=0123456789abcdef0123456789; ", 5<<10/30) + one + good, 200},
		{"none", "", 401},
		{"empty", one, 401},
		{"first bit flipped", one + flip(good, 0), 401},
		{"a bit of the middle flipped", one + flip(good, len(good)/2), 401},
		{"last character changed", one + flip(good, -1), 401},
		{"key id changed", one + flip(good, 2), 401},
		{"truncated", one + good[:len(good)-1], 401},
		{"half", one + good[:len(good)/2], 401},
		{"longer", one + good + "A", 401},
		{"twice", one + good + "; " + one + good, 401},
		{"two people", one + good + "; " + one + other, 401},
		{"200 times", strings.Repeat(one+good[:20]+"; ", 200), 401},
		{"chunks swapped", both[:len(one)] + second + "; " + ticketCookie1 + "=" + first, 401},
		{"first chunk alone", one + first, 401},
		{"second chunk alone", ticketCookie1 + "=" + second, 401},
		{"second chunk as the ticket", one + second, 401},
		{"second chunk twice", both + second + "; " + ticketCookie1 + "=" + second, 401},
		{"chunk of another session", both + again.cookie(ticketCookie1), 401},
		{"chunk of another person", one + good + "; " + ticketCookie1 + "=" + second, 200}, // it has one chunk: the other is not looked at
		{"chunk index -1", one + first + "; " + ticketCookie + "--1=" + second, 401},
		{"chunk index 999999999", one + first + "; " + ticketCookie + "-999999999=" + second, 401},
		{"a count of chunks that is not", one + "9" + good[1:], 401},
		{"a bomb", one + "2" + strings.Repeat("A", 3799) + "; " + ticketCookie1 + "=" + strings.Repeat("A", 3800), 401},
		{"name in another case", strings.ToUpper(one) + good, 401},
		{"quoted", one + `"` + good + `"`, 401},
		{"without prefix", "easyauth=" + good, 401},
		{"a space in it", one + good[:30] + " " + good[30:], 401},
		{"bytes beyond ASCII", one + good + "\u20ac\xff", 401},
		{"denial as ticket", one + denial, 401},
		{"denial as ticket, with a count", one + "1" + denial, 401},
		{"browser cookie as ticket", one + browser, 401},
		{"ticket as denial alone", denialCookie + "=" + good, 401},
		{"separated by commas", "x=y, " + one + good, 401},
		{"8 KB", one + good + "; x=" + strings.Repeat("y", 8<<10), 400}, // nginx's limit of a line
	}
	for _, tt := range tests {
		r := adele.with(tt.cookies, "/api/x")
		if r.status != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, r.status, tt.status)
		}
		if n := len(r.header["Set-Cookie"]); n > 1 {
			t.Errorf("%s: %d cookies", tt.name, n)
		}
		for _, c := range (&http.Response{Header: r.header}).Cookies() {
			if c.Name != denialCookie {
				t.Errorf("%s: a check sets %s", tt.name, c.Name)
			}
		}
	}
	// Two lines of Cookie are one list.
	if r := adele.raw(adele.request("GET /api/x HTTP/1.1", "Cookie: x=y", "Cookie: "+one+good)); r.status != http.StatusOK {
		t.Errorf("the ticket on a second line: %d", r.status)
	}
	if r := adele.raw(adele.request("GET /api/x HTTP/1.1", "Cookie: "+one+good, "Cookie: "+one+good)); r.status != http.StatusUnauthorized {
		t.Errorf("the ticket on two lines: %d", r.status)
	}
	// A ticket where a state belongs: no trip to the token endpoint.
	before := s.Entra.Requests(entra.EndpointToken)
	for name, state := range map[string]string{"ticket": good, "denial": denial, "browser cookie": browser} {
		if r := newVisitor(t, s, "").get("/easyauth/signin-oidc?code=x&state=" + state); r.status != http.StatusBadRequest {
			t.Errorf("%s as state: %d", name, r.status)
		}
	}
	if s.Entra.Requests(entra.EndpointToken) != before {
		t.Error("a token request")
	}
}

// A ticket of another deployment, although the keys are the same.
func TestAttack16OtherDeployments(t *testing.T) {
	t.Parallel()
	home := signedIn(t, start(t, oneHost()), entra.Adele)
	tests := []struct {
		name string
		env  map[string]string
		want int
	}{
		// The authority differs: each stand has an emulator at an address of its own.
		{"another authority", nil, 401},
		{"another key", map[string]string{"EASYAUTH_KEYS": "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="}, 401},
	}
	for _, tt := range tests {
		cfg := oneHost()
		cfg.Env = tt.env
		s := start(t, cfg)
		v := newVisitor(t, s, entra.Adele)
		if r := v.with(home.cookies(), "/api/x"); r.status != tt.want {
			t.Errorf("%s: %d", tt.name, r.status)
		}
		if r := v.open("/echo"); r.status != http.StatusOK {
			t.Errorf("%s: its own: %d", tt.name, r.status)
		}
	}
	if r := home.get("/api/x"); r.status != http.StatusOK {
		t.Errorf("at home: %d", r.status)
	}
}

func TestAttack17Expired(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_SESSION_LIFETIME": "3s", "EASYAUTH_RENEW_BEFORE": "0"}
	s := start(t, cfg)
	v := newVisitor(t, s, entra.Adele)
	begun := time.Now()
	if r := v.open("/echo"); r.status != http.StatusOK {
		t.Fatalf("at once: %d", r.status)
	}
	kept := v.cookies()
	waitUntil(t, "the session to end", func() bool {
		r := v.with(kept, "/api/x")
		if r.status == http.StatusOK && time.Since(begun) > 15*time.Second {
			t.Fatal("still passes")
		}
		return r.status == http.StatusUnauthorized
	})
	if age := time.Since(begun); age < 2900*time.Millisecond {
		t.Errorf("it ended after %v", age)
	}
	if r := v.open("/echo"); r.status != http.StatusOK || v.cookie(ticketCookie) == "" {
		t.Errorf("a new sign-in: %d", r.status)
	}
	if r := v.with(kept, "/api/x"); r.status != http.StatusUnauthorized {
		t.Errorf("the old ticket after a new sign-in: %d", r.status)
	}
}

// A page elsewhere that embeds the auth endpoint, or a page that needs more,
// plants nothing in anybody's next sign-in.
func TestAttack25Planting(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Rules = []stand.Rule{{Path: "/more", Query: "scope=Mail.ReadWrite&graph=/me/messages"}}
	s := start(t, cfg)
	embedded := http.Header{"Accept": {"image/*"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Site": {"cross-site"}, "Referer": {"https://evil.test/"}}
	const plant = "/easyauth/auth?scope=Mail.ReadWrite&graph=/me/messages"
	for name, h := range map[string]http.Header{"embedded": embedded, "linked": page()} {
		// The identity provider grants again what a person consented to before: two people.
		v := newVisitor(t, s, map[string]string{"embedded": entra.Adele, "linked": entra.Bob}[name])
		for _, path := range []string{plant, "/easyauth/auth", "/easyauth/auth/", "/easyauth//auth?scope=Mail.ReadWrite", "/_external-auth-0?scope=Mail.ReadWrite", "/easyauth/login/../auth?scope=Mail.ReadWrite"} {
			r := v.do(http.MethodGet, path, h)
			if r.status != http.StatusNotFound || len(r.header["Set-Cookie"]) > 0 {
				t.Errorf("%s %s through nginx: %d %q", name, path, r.status, r.header["Set-Cookie"])
			}
		}
		// An Ingress that publishes all of EasyAuth lets it through: still no cookie.
		for _, more := range []http.Header{nil, {"X-Forwarded-Host": {appHost}, "X-Forwarded-Uri": {"/more"}, "X-Forwarded-Proto": {"https"}}, {"X-Original-URI": {"/more"}}} {
			r, _ := direct(t, s, "scope=Mail.ReadWrite&graph=/me/messages", joined(h, more))
			if r.status != http.StatusForbidden || len(r.header["Set-Cookie"]) > 0 {
				t.Errorf("%s without X-Original-URL: %d %q", name, r.status, r.header["Set-Cookie"])
			}
			for header := range r.header {
				if strings.HasPrefix(header, "X-Injected-") {
					t.Errorf("%s without X-Original-URL: header %s", name, header)
				}
			}
		}
		// The page that really needs it leaves a denial, which is that page's alone.
		v.do(http.MethodGet, "/more", h)
		if r := v.open("/echo"); r.status != http.StatusOK {
			t.Fatalf("%s: %d", name, r.status)
		}
		if got := s.Entra.LastAuthorize().Get("scope"); got != "openid profile email" {
			t.Errorf("%s: the next sign-in asks for %q", name, got)
		}
		if r := v.open("/more"); r.status != http.StatusOK || !strings.Contains(s.Entra.LastAuthorize().Get("scope"), "Mail.ReadWrite") {
			t.Errorf("%s: the page itself: %d, asked for %q", name, r.status, s.Entra.LastAuthorize().Get("scope"))
		}
	}
	// The sibling: with X-Original-URL, which nginx sets, there is a cookie.
	r, _ := direct(t, s, "scope=Mail.ReadWrite", joined(page(), http.Header{"X-Original-URL": {newVisitor(t, s, "").url("/more")}}))
	if r.status != http.StatusUnauthorized || len(r.header["Set-Cookie"]) != 1 {
		t.Errorf("as nginx asks: %d, %d cookies", r.status, len(r.header["Set-Cookie"]))
	}
	for _, several := range []http.Header{
		{"X-Original-URL": {"https://app.test/a", "https://app.test/b"}},
		{"X-Original-URL": {"https://app.test/a, https://app.test/b"}},
		{"X-Original-URL": {""}},
		{"X-Original-URL": {"/a"}},
		{"X-Original-URL": {"//app.test/a"}},
		{"X-Original-URL": {"https://u@app.test/"}},
		{"X-Original-URL": {"https://app.test/%zz"}},
		{"X-Original-URL": {"https://app.test/" + strings.Repeat("a", 8<<10)}},
	} {
		if r, _ := direct(t, s, "scope=Mail.ReadWrite", joined(page(), several)); r.status != http.StatusForbidden || len(r.header["Set-Cookie"]) > 0 {
			t.Errorf("%.100q: %d %q", fmt.Sprint(several), r.status, r.header["Set-Cookie"])
		}
	}
}
