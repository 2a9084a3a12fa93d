package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestStripCookies(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	adele, maximum := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Max)
	adele.get("/mail") // leaves a denial
	n := startPlainNginx(t, s, echoing(t))

	of := func(v *visitor, name string) string {
		value := v.cookie(name)
		if value == "" {
			t.Fatalf("%s has no %s: %s", v.user, name, v.cookies())
		}
		return name + "=" + value
	}
	ticket, denial, browser := of(adele, ticketCookie), of(adele, denialCookie), of(adele, browserCookie)
	first, second := of(maximum, ticketCookie), of(maximum, ticketCookie1)
	const seen, renewal = "__Host-easyauth-seen=XSYq_AAHnBWjW4iH", "__Host-easyauth-renewal=1"
	shared := []string{
		"__Secure-easyauth-0a1b2c=1AAAA", "__Secure-easyauth-0a1b2c-1=BBBB", "__Secure-easyauth-0a1b2c-handover=x",
		"__Secure-easyauth-return-0=https://app.test/?a=b", "__Secure-easyauth-return-2=",
	}
	ours := append([]string{ticket, seen, denial, browser, renewal}, shared...)
	many := strings.Repeat("a=0123456789; ", 200)
	tests := []struct {
		name  string
		lines []string // of Cookie
		want  string   // that reaches the application; "" for none
	}{
		{"ours alone", []string{strings.Join(ours, "; ")}, ""},
		{"the ticket and its note", []string{ticket + "; " + seen}, ""},
		{"one before", []string{"a=1; " + strings.Join(ours, "; ")}, "a=1"},
		{"one behind", []string{strings.Join(ours, "; ") + "; a=1"}, "a=1"},
		{"between each two", []string{"a=1; " + strings.Join([]string{ticket, seen, denial, browser, renewal, shared[0], shared[1]}, "; b=2; ") + "; c=3"}, "a=1; b=2; b=2; b=2; b=2; b=2; b=2; c=3"},
		{"a ticket in two cookies", []string{"a=1; " + first + "; b=2; " + second + "; c=3; " + seen}, "a=1; b=2; c=3"},
		{"the second first", []string{second + "; a=1; " + first + "; " + seen}, "a=1"},
		{"on two lines", []string{"a=1; " + ticket, seen + "; b=2"}, "a=1; b=2"},
		{"a line of ours", []string{"a=1", ticket + "; " + seen, "b=2"}, "a=1; b=2"},
		{"without spaces", []string{"a=1;" + ticket + ";" + seen + ";b=2"}, "a=1;b=2"},
		{"with many", []string{"a=1;  \t" + ticket + "; \t " + seen + ";  b=2"}, "a=1;  b=2"},
		{"at the end, with a semicolon", []string{"a=1; " + seen + "; " + ticket + ";"}, "a=1;"},
		{"values of all kinds", []string{`a="x, y"; b=a=b==; c=%3B%20; d=ä; e; f=; ` + ticket + `; g={"h": [1]}; ` + seen + "; i=\\"}, `a="x, y"; b=a=b==; c=%3B%20; d=ä; e; f=; g={"h": [1]}; i=\`},
		{"doubled ones", []string{"a=1; " + seen + "; a=2; " + ticket + "; a=1"}, "a=1; a=2; a=1"},
		{"names that are like ours", []string{"easyauth=1; __Host-easyauthor=2; x__Host-easyauth=3; __Host-easy=4; __HOST-EASYAUTH=5; " + ticket + "; __Secure-easyauthx-a=6; " + seen}, "easyauth=1; __Host-easyauthor=2; x__Host-easyauth=3; __Host-easy=4; __HOST-EASYAUTH=5; __Secure-easyauthx-a=6"},
		{"a value that is like ours", []string{"a=__Host-easyauth=1; " + ticket + "; b=x __Host-easyauth-1=2; " + seen}, "a=__Host-easyauth=1; b=x __Host-easyauth-1=2"},
		{"empty ones of ours", []string{"__Host-easyauth-1=; a=1; " + ticket + "; __Host-easyauth-renewal=; " + seen + "; b=2"}, "a=1; b=2"},
		{"200 others", []string{many + ticket + "; " + many + seen}, many + strings.TrimSuffix(many, "; ")},
		{"200 of ours at once", []string{"a=1; " + strings.Repeat(renewal+"; ", 200) + ticket + "; b=2; " + seen}, "a=1; b=2"},
		{"more groups than a browser has", []string{strings.Repeat("a=1; "+renewal+"; ", 9) + ticket + "; " + seen}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lines := []string{"Authorization: Basic YTpi"}
			for _, line := range tt.lines {
				lines = append(lines, "Cookie: "+line)
			}
			// The check has all of them: it passes, as the person of the ticket.
			got := n.ask(t, "/page", lines...)
			if got.status != http.StatusOK || got.Headers.Get("X-Injected-Oid") == "" {
				t.Fatalf("with the snippet: %d as %q", got.status, got.Headers.Get("X-Injected-Oid"))
			}
			want := []string{tt.want}
			if tt.want == "" {
				want = nil
			}
			if cookies := got.Headers["Cookie"]; !slices.Equal(cookies, want) {
				t.Errorf("the application saw\n%q, want\n%q", cookies, want)
			}
			if got.Headers["Authorization"] != nil {
				t.Errorf("the application saw Authorization: %q", got.Headers["Authorization"])
			}
			// Nor does it where nobody is asked.
			if cookies := n.ask(t, "/public/page", lines...).Headers["Cookie"]; !slices.Equal(cookies, want) {
				t.Errorf("the public part saw\n%q, want\n%q", cookies, want)
			}
			// The sibling without the snippet sees all.
			without := n.ask(t, "/api/page", lines...)
			if all := strings.Join(without.Headers["Cookie"], "; "); without.status != http.StatusOK || all != strings.Join(tt.lines, "; ") {
				t.Errorf("without the snippet: %d, %q", without.status, all)
			}
			if without.Headers.Get("Authorization") != "Basic YTpi" {
				t.Errorf("without the snippet: Authorization %q", without.Headers["Authorization"])
			}
		})
	}
	for _, cookies := range []string{"", "Cookie: a=1", "Cookie: " + ticket[:len(ticket)-1] + "; a=1"} {
		if got := n.ask(t, "/page", cookies); got.status != http.StatusFound {
			t.Errorf("%.40q: %d, want a redirect to sign in", cookies, got.status)
		}
	}
	// Without any of ours nothing changes, where it may be asked for.
	for _, own := range []string{"a=1", "a=1; b=2;", ";", "; a=1", "a", "  a=1"} {
		if got, want := n.ask(t, "/public/page", "Cookie: "+own).Headers.Get("Cookie"), strings.TrimSpace(own); got != want {
			t.Errorf("%q arrives as %q", own, got)
		}
	}
}

// Where the application sees no cookie of ours, it cannot be the one that uses a ticket
// elsewhere: what it has seen opens nothing.
func TestStrippedRequestOpensNothing(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	n := startPlainNginx(t, s, echoing(t))
	v := signedIn(t, s, entra.Adele)
	for path, want := range map[string]int{"/page": http.StatusUnauthorized, "/api/page": http.StatusOK} {
		seen := n.ask(t, path, "Cookie: a=1; "+v.cookies())
		if seen.status != http.StatusOK {
			t.Fatalf("%s: %d", path, seen.status)
		}
		if r := v.with(strings.Join(seen.Headers["Cookie"], "; "), "/api/x"); r.status != want {
			t.Errorf("what the application saw at %s, sent elsewhere: %d, want %d", path, r.status, want)
		}
	}
}
