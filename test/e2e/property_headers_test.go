package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/property"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// asking is somebody who asks, and what the application was told when nothing else
// came along.
type asking struct {
	name string
	v    *visitor
	own  []string // header lines that say who it is
	path string
	told []string
}

// asks sends a page's request with more header lines, as they stand.
func (a *asking) asks(lines []string) *reply {
	return a.v.raw(a.v.request("GET "+a.path+" HTTP/1.1", slices.Concat(lines, a.own)...))
}

// everybody signs in people of whom much is known and people of whom little is,
// with a session and with a token.
func everybody(t *testing.T, s *stand.Stand) []*asking {
	t.Helper()
	var list []*asking
	for _, user := range []string{entra.Adele, entra.NoMail, entra.Grace, entra.Zoe} {
		v := signedIn(t, s, user)
		for _, path := range []string{"/echo", "/api/x"} {
			list = append(list, &asking{name: user, v: v, own: []string{"Cookie: " + v.cookies()}, path: path})
		}
	}
	anyone := newVisitor(t, s, "")
	list = append(list,
		&asking{name: "Adele's token", v: anyone, own: []string{"Authorization: Bearer " + userToken(t, s, entra.Adele)}, path: "/api/x"},
		&asking{name: "a program's token", v: anyone, own: []string{"Authorization: Bearer " + appToken(t, s)}, path: "/api/process/x"},
		&asking{name: "nobody, where all may go", v: anyone, path: "/public/echo"},
	)
	for _, a := range list {
		a.told = a.asks(nil).echo(t).identity()
	}
	return list
}

// spelled is a header's name as somebody may write it who wants it to pass for ours.
func spelled(r *property.Rand, name string) string {
	b := []byte(strings.ToLower(name))
	way := r.IntN(4)
	for i, c := range b {
		switch {
		case c == '-' && (way == 1 || way == 2 && r.Chance(2)):
			b[i] = '_'
		case c == '-' && way == 3 && r.Chance(4):
			b[i] = property.One(r, []byte("._~+*!|"))
		case c >= 'a' && c <= 'z' && r.Chance(2):
			b[i] = c - 'a' + 'A'
		}
	}
	if r.Chance(60) {
		return string(b) + property.One(r, []string{" ", "\t", "_", "\x00", "\xa0"})
	}
	return string(b)
}

const forgery = "f0rged"

// forgedLines are header lines of a client's own under our names.
func forgedLines(r *property.Rand, names []string) []string {
	values := []string{
		forgery, forgery + "|" + forgery, "", "\t" + forgery, forgery + "\xc3\xa9", strings.Repeat(forgery, 60), `"` + forgery + `"`, "Admin-" + forgery, forgery + ", " + forgery,
	}
	var lines []string
	for range r.Between(1, 14) {
		name := spelled(r, property.One(r, names))
		lines = append(lines, name+":"+property.One(r, []string{"", " ", "  "})+property.One(r, values))
		switch r.IntN(30) {
		case 0: // the same once more
			lines = append(lines, lines[len(lines)-1])
		case 1: // a proxy that believes it would take the header away, or not write its own
			lines = append(lines, property.One(r, []string{"Connection", "Keep-Alive", "TE", "Trailer", "Proxy-Connection", "Vary"})+": close, "+name)
		case 2: // a line that goes on in the next one
			lines = append(lines, " "+forgery)
		case 3:
			lines = append(lines, "X-Original-URL: https://"+forgery+".test/public", "X-Forwarded-Uri: /public")
		}
	}
	return property.Shuffled(r, lines)
}

// Whatever a client sends under our names, the application is told what it is told
// without, or nothing is asked of it at all; an ordinary header arrives.
func TestNoClientHeaderSurvives(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T) stand.Config{
		"sessions in cookies": func(*testing.T) stand.Config { return withBearer() },
		"all in one header": func(*testing.T) stand.Config {
			cfg := withBearer()
			cfg.Env["EASYAUTH_HEADER_FORMAT"] = "Combined"
			return cfg
		},
		"a store, with tokens handed over": func(t *testing.T) stand.Config {
			cfg := startKeeper(t, onRedis).handedOver(withBearer().Env)
			cfg.Registration, cfg.Emulator, cfg.Rules = withBearer().Registration, withBearer().Emulator, withBearer().Rules
			return cfg
		},
	}
	for name, config := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.Env["EASYAUTH_CLAIM_HEADERS"] = "department"
			s := start(t, cfg)
			people := everybody(t, s)
			names := identityNames()
			if cfg.Tokens {
				names = append(names, "x-injected-access-token", "x-injected-id-token")
			}
			outcomes := map[int]int{}
			property.Try(t, 150, func(t *testing.T, r *property.Rand) {
				a := property.One(r, people)
				lines := append(forgedLines(r, names), "X-Anything: kept")
				reply := a.asks(lines)
				outcomes[reply.status]++
				if reply.status == http.StatusBadRequest { // nginx does not read such a request
					return
				}
				e := reply.echo(t)
				if got := e.identity(); !slices.Equal(got, a.told) {
					t.Errorf("%s at %s with %q: the application saw\n%s\nwant\n%s", a.name, a.path, lines, strings.Join(got, "\n"), strings.Join(a.told, "\n"))
				}
				for _, name := range names {
					for key, values := range e.Headers {
						if strings.EqualFold(strings.ReplaceAll(key, "_", "-"), name) && strings.Contains(strings.Join(values, ""), forgery) {
							t.Errorf("%s: %s: %q", a.name, key, values)
						}
					}
				}
				if e.Headers.Get("X-Anything") != "kept" {
					t.Errorf("%s: an ordinary header did not arrive: the test proves nothing", a.name)
				}
				if n := len(reply.header["Set-Cookie"]); n > 1 {
					t.Errorf("%s: %d cookies", a.name, n)
				}
			})
			if t.Logf("%v", outcomes); outcomes[http.StatusBadRequest] > 1 && outcomes[http.StatusOK] == 0 {
				t.Error("no request reached the application: the test proves nothing")
			}
		})
	}
}

// Whatever a client sends besides who it is: who may not pass does not, who may
// does, and both in the same way as without.
func TestClientHeadersDecideNothing(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	adele, bob, anyone := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob), newVisitor(t, s, "")
	names := []string{
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Prefix", "X-Forwarded-User", "Forwarded",
		"X-Original-URL", "X-Original-Method", "X-Original-URI", "X-Rewrite-Url", "X-Real-IP", "X-Auth-Request-Redirect", "X-Sent-From", "X-Http-Method-Override",
		"Accept", "Accept-Language", "User-Agent", "Referer", "Origin", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-Dest", "Sec-Purpose", "Range", "If-None-Match",
		"If-Modified-Since", "Cookie2", "Proxy-Authorization", "X-Injected-Roles", "X-Injected-Oid", "x-injected-userinfo", "X-Ms-Client-Principal", "Te", "Via",
	}
	values := []string{
		"", "*", "navigate", "cors", "prefetch", "/public", "/public/echo", "https://evil.test/public", "https://app.test/public", "app.test", "127.0.0.1", "Admin", "OPTIONS",
		"nginx-ingress-controller", "http", "text/html", "application/json", "kube-probe/1.30", `"x"`, "bytes=0-0", entra.AdeleOID, strings.Repeat("a", 2000),
	}
	known := map[string]string{}
	outcome := func(a *asking, lines []string) string {
		r := a.asks(lines)
		text := fmt.Sprint(r.status, " ", r.header.Get("Location"))
		if r.status == http.StatusOK || r.status == http.StatusPartialContent {
			text = "passed"
		}
		if n := len(r.header["Set-Cookie"]); n > 1 {
			t.Errorf("%s at %s with %q: %d cookies", a.name, a.path, lines, n)
		}
		return text
	}
	people := []*asking{
		{name: "Adele", v: adele, own: []string{"Cookie: " + adele.cookies()}},
		{name: "Bob", v: bob, own: []string{"Cookie: " + bob.cookies()}},
		{name: "Bob's token", v: anyone, own: []string{"Authorization: Bearer " + userToken(t, s, entra.Bob)}},
		{name: "nobody", v: anyone},
	}
	paths := []string{"/echo", "/admin/x", "/api/x", "/api/admin/x", "/auditor/x", "/mail/x", "/api/orders/x", "/api/strong/x", "/bad/x", "/api/graph/x"}
	property.Try(t, 150, func(t *testing.T, r *property.Rand) {
		a := *property.One(r, people)
		a.path = property.One(r, paths)
		place := a.name + " at " + a.path
		if _, ok := known[place]; !ok {
			known[place] = outcome(&a, nil)
		}
		var lines []string
		for range r.Between(1, 10) {
			lines = append(lines, property.One(r, names)+": "+property.One(r, values))
		}
		if got := outcome(&a, lines); got != known[place] && !strings.HasPrefix(got, "400") {
			t.Errorf("%s: %q, and with %q %q", place, known[place], lines, got)
		}
	})
	refused := 0
	for _, what := range known {
		if what != "passed" {
			refused++
		}
	}
	if len(known) > 20 && (refused == 0 || refused == len(known)) {
		t.Errorf("%d of %d were refused: %v", refused, len(known), slices.Sorted(maps.Keys(known)))
	}
}
