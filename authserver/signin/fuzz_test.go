package signin

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

// FuzzReturnCookie seals attempts for any page and any rule and opens them again, with
// the cookies that came with them and with others. What fits comes back as it was;
// what did not is another page of ours, and never the page of another attempt.
func FuzzReturnCookie(f *testing.F) {
	f.Add("/a", "Admin", "/me", uint8(0), "")
	f.Add("/"+strings.Repeat("a", 1300), "User.Read|x", "/me?$select=id|/me/manager", uint8(1), "x=y")
	f.Add("/"+strings.Repeat("é", 1200), strings.Repeat("s", 1900), "profile", uint8(2), "__Secure-easyauth-return-0=x")
	f.Add("/x", strings.Repeat("s|", 900), strings.Repeat("/", 1000), uint8(3), strings.Repeat("c", 7000))
	c := newClock()
	as, err := newAttempts(testRing(f, 1), testCookies().Return, newQueryNames(map[string]string{"profile": "/me?$select=id"}), c.now)
	if err != nil {
		f.Fatal(err)
	}
	const fallback = "https://app.test/"
	f.Fuzz(func(t *testing.T, page, scopes, graph string, first uint8, cookies string) {
		want := attempt{ID: attemptID{first, 1}, Binder: [16]byte{9}, Started: c.t, Restarts: int(first) % (maxRestarts + 1), Silent: first%2 == 1, Return: "https://app.test" + page}
		want.Missing = access.Missing{Scopes: []access.Clause{strings.Split(scopes, "|")}, Graph: strings.Split(graph, "|"), MaxAge: time.Duration(first) * time.Minute}
		want.Missing.Graph = slices.DeleteFunc(want.Missing.Graph, func(q string) bool { return !strings.HasPrefix(q, "/") }) // the names of queries stand for them only here
		sealed := want
		header := http.Header{"Cookie": {cookies}}
		state, line, err := as.seal(header, &sealed, fallback)
		if err != nil {
			if len(scopes)+len(graph)+len(cookies) < 200 {
				t.Fatal(err)
			}
			return
		}
		if len(state) > maxState || len(line) > maxReturn+200 {
			t.Fatalf("state of %d characters, cookie line of %d", len(state), len(line))
		}
		if line != "" {
			pair, _, _ := strings.Cut(line, ";")
			header["Cookie"] = append(header["Cookie"], pair)
		}
		got, err := as.open(header, state)
		if err != nil {
			t.Fatal(err)
		}
		name := as.cookies[int(want.ID[0])%len(as.cookies)].Name
		alone := line == "" || len(cookie.Values(header, name, 2)) == 1
		switch {
		case got.ID != want.ID || got.Binder != want.Binder || got.Silent != want.Silent || got.Restarts != want.Restarts:
			t.Fatalf("%+v came back as %+v", want, got)
		case !alone && (got.Return != "" || got.ownReturn): // two cookies of one name: none is taken
			t.Fatalf("%q was taken of %q", got.Return, header)
		case alone && got.Return != want.Return && got.Return != fallback:
			t.Fatalf("%q came back as %q", want.Return, got.Return)
		case alone && (!slices.Equal(got.Missing.Scopes[0], want.Missing.Scopes[0]) || !slices.Equal(got.Missing.Graph, want.Missing.Graph) || got.Missing.MaxAge != want.Missing.MaxAge):
			t.Fatalf("%+v came back as %+v", want.Missing, got.Missing)
		}
		if line == "" {
			return
		}
		other := want
		other.ID[1]++ // another tab of this browser, in the same slot
		if got, err := as.open(carried(t, as, &other, fallback), state); err != nil || got.Return != "" || got.ownReturn {
			t.Fatalf("another attempt's page: %+v, %v", got, err)
		}
	})
}

// carried is a request with the return cookie of an attempt, if it has one.
func carried(t *testing.T, as *attempts, a *attempt, fallback string) http.Header {
	t.Helper()
	if _, line, err := as.seal(nil, a, fallback); err == nil && line != "" {
		return carry(line)
	}
	return http.Header{}
}

// FuzzHandOver opens what one host hands over to the other: as it is, with anything
// inside of the seal, and in another browser, where nothing but the page counts.
func FuzzHandOver(f *testing.F) {
	c := newClock()
	h := handOverHandler(f, c)
	const token = "0123456789abcdef0123456789abcdef"
	good := wire.Writer{}
	good.Time(c.t)
	good.Text(token)
	good.Text("https://app.test/a")
	good.Text(promptSelect)
	writeMissing(&good, access.Missing{Scopes: []access.Clause{{"A", "B"}}, Groups: []access.Clause{{"g"}}, Graph: []string{"/me"}, MaxAge: time.Hour})
	sealed, err := h.sealHandOver(token, &intent{page: "https://app.test/a", missing: access.Missing{Scopes: []access.Clause{{"A"}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, []byte(good), h.Cookies.HandOver.Name+"="+token)
	f.Add(sealed[1:], []byte(good[:20]), h.Cookies.HandOver.Name+"=x; "+h.Cookies.HandOver.Name+"="+token)
	f.Add("", append(bytes.Clone(good), 0), "")
	f.Fuzz(func(t *testing.T, value string, plain []byte, cookies string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/easyauth/login", nil)
		r.Header["Cookie"] = []string{cookies}
		mine := slices.Contains(cookie.Values(r.Header, h.Cookies.HandOver.Name, maxHandoverTokens), token)
		if in, err := h.openHandOver(r, value); err == nil && (in.page != "https://app.test/a" || in.missing.Empty() == mine) {
			t.Fatalf("opened what was never sealed: %+v", in)
		}
		inside, err := h.handovers.Seal(handoverName, plain)
		if err != nil {
			return // too long
		}
		in, err := h.openHandOver(r, inside)
		if err != nil {
			return
		}
		p := wire.NewReader(plain)
		at, told := p.Time(), p.Text()
		if age := c.t.Sub(at); age > handoverLifetime || age < -handoverLifetime {
			t.Fatalf("of %v", at)
		}
		if !slices.Contains(cookie.Values(r.Header, h.Cookies.HandOver.Name, maxHandoverTokens), told) && (!in.missing.Empty() || in.prompt != "") {
			t.Fatalf("of another browser: %+v", in)
		}
	})
}

// handOverHandler has no more of a Handler than hand-overs need.
func handOverHandler(t testing.TB, c *clock) *Handler {
	t.Helper()
	box, err := testRing(t, 1).Box(seal.Config{Purpose: "handover", MaxLength: maxHandover, Hourly: true, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	cookies := cookie.New(cookie.Config{Domain: "app.test", ClientID: "c", CallbackPath: "/easyauth/signin-oidc"})
	return &Handler{Config: Config{Cookies: cookies, Now: c.now}, handovers: box}
}

// FuzzAddress reads the addresses of login and callback: any query. One that says a
// thing twice is refused, and a page that login may return to is one of ours.
func FuzzAddress(f *testing.F) {
	c := newClock()
	served, err := hosts.New(hosts.Config{Hosts: []string{"app.test"}, OwnPaths: []string{"/easyauth"}})
	if err != nil {
		f.Fatal(err)
	}
	h := handOverHandler(f, c)
	h.Hosts, h.Denials = served, denials(f, c)
	line, err := h.Denials.Add(nil, original("/a?b=c"), stepUp("A"), true)
	if err != nil {
		f.Fatal(err)
	}
	self, _ := served.Host("app.test")
	for _, query := range []string{
		"rd=/a?b%3Dc", "rd=https://app.test/a%3Fb=c%23x&retry=1", "rd=/x&for=/a%3Fb=c&prompt=select_account", "rd=/&rd=/x", "prompt=none", "rd=//evil.test", "h=x", "rd=%zz", "rd=/easyauth/login", "for=https://evil.test/",
		"code=c&state=s&iss=https://i", "error=access_denied&error_description=AADSTS65004%3A&state=s", "state=a&state=b", "code=;", "&&&==",
	} {
		f.Add(query)
	}
	r := httptest.NewRequestWithContext(f.Context(), http.MethodGet, "/easyauth/login?rd=/a?b%3Dc", nil)
	r.Header = carry(line)
	if in, err := h.intent(r, &visit{self: self}); err != nil || in.denial == nil || in.page != "https://app.test/a?b=c" || len(in.missing.Scopes) == 0 {
		f.Fatalf("%+v, %v", in, err) // the seed must get as far as it can
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/easyauth/login", nil)
		r.Header, r.URL.RawQuery = carry(line), query
		in, err := h.intent(r, &visit{self: self})
		if err == nil {
			if in.prompt != "" && in.prompt != promptSelect || in.claims != "" || len(in.missing.Roles) > 0 || in.denial == nil != in.missing.Empty() {
				t.Fatalf("%q: %+v", query, in)
			}
			if page, ok := served.ReturnURL(in.page, self); !ok || page != in.page || !strings.HasPrefix(page, "https://app.test/") {
				t.Fatalf("%q leads to %q", query, in.page)
			}
			if q := r.URL.Query(); in.denial != nil && !strings.Contains(q.Get("rd")+q.Get("for"), "/a?b=c") {
				t.Fatalf("%q finds the denial of another page", query)
			}
		}
		a, err := readAnswer(query)
		if err != nil {
			if a != nil || strings.Contains(err.Error(), query) && len(query) > 8 {
				t.Fatalf("%+v, %v", a, err)
			}
			return
		}
		q := r.URL.Query()
		if got := []string{a.state, a.iss, a.err, a.description, a.code.Reveal()}; !reflect.DeepEqual(got, []string{q.Get("state"), q.Get("iss"), q.Get("error"), q.Get("error_description"), q.Get("code")}) {
			t.Fatalf("%q: %q", query, got)
		}
		for name, values := range q {
			if len(values) > 1 && slices.Contains([]string{"state", "code", "iss", "error", "error_description"}, name) {
				t.Fatalf("%q says %s twice", query, name)
			}
		}
	})
}
