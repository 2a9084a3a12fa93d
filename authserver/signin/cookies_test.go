package signin

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// clock is a time that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func testRing(t testing.TB, keys ...byte) *seal.Ring {
	t.Helper()
	var raw [][]byte
	for _, k := range keys {
		raw = append(raw, bytes.Repeat([]byte{k}, seal.KeySize))
	}
	ring, err := seal.NewRing(raw, seal.Domain{BasePath: "/easyauth", Authority: "https://i", ClientID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func testCookies() cookie.Set {
	return cookie.New(cookie.Config{CallbackPath: "/easyauth/signin-oidc"})
}

func denials(t testing.TB, c *clock) *Denials {
	t.Helper()
	d, err := NewDenials(testRing(t, 1), testCookies().Denial, nil, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// carry puts the cookie of a Set-Cookie line into a request.
func carry(line string) http.Header {
	pair, _, _ := strings.Cut(line, ";")
	return http.Header{"Cookie": {pair}}
}

func original(uri string) hosts.Original { return hosts.Original{Host: "app.test", RequestURI: uri} }

func stepUp(scopes ...string) access.Decision {
	return access.Decision{Outcome: access.StepUp, Reason: access.ReasonScopeMissing, Missing: access.Missing{Scopes: []access.Clause{scopes}, Graph: []string{"/me"}}}
}

func TestDenialComesBack(t *testing.T) {
	c := newClock()
	d := denials(t, c)
	line, err := d.Add(nil, original("/a?b=%7C"), stepUp("A", "B"), true)
	if err != nil {
		t.Fatal(err)
	}
	if len(line) > 1500 || !strings.Contains(line, "Max-Age=300") {
		t.Errorf("%d bytes: %s", len(line), line)
	}
	got := d.Find(carry(line), "app.test", "/a?b=%7C")
	if got == nil || got.Outcome != access.StepUp || !reflect.DeepEqual(got.Missing, stepUp("A", "B").Missing) || !got.Navigation || !got.At.Equal(c.t) {
		t.Fatalf("%+v", got)
	}
	for name, other := range map[string][2]string{
		"another host": {"other.test", "/a?b=%7C"}, "another path": {"app.test", "/a"}, "another spelling": {"app.test", "/a?b=|"},
	} {
		if d.Find(carry(line), other[0], other[1]) != nil {
			t.Errorf("%s: found the denial of another URL", name)
		}
	}
	raw, err := d.Add(nil, original("/zoë"), stepUp("A"), true)
	if err != nil || d.Find(carry(raw), "app.test", "/zo%C3%AB") == nil {
		t.Errorf("a raw URL and the same as a browser writes it: not the same (%v)", err)
	}
	c.t = c.t.Add(5*time.Minute + time.Second)
	if d.Find(carry(line), "app.test", "/a?b=%7C") != nil {
		t.Error("found after five minutes")
	}
}

func TestDenialsOfSeveralPages(t *testing.T) {
	c := newClock()
	d := denials(t, c)
	var h http.Header
	add := func(uri string, navigation bool) {
		t.Helper()
		line, err := d.Add(h, original(uri), stepUp("Scope.Of."+uri), navigation)
		if err != nil || len(line) > 1500 {
			t.Fatalf("%d bytes, %v", len(line), err)
		}
		h = carry(line)
		c.t = c.t.Add(time.Second)
	}
	for i := range 5 {
		add(fmt.Sprintf("/page%d", i), true)
	}
	add("/page0", true)
	for i := range 5 {
		if got := d.Find(h, "app.test", fmt.Sprintf("/page%d", i)); got == nil || got.Missing.Scopes[0][0] != fmt.Sprintf("Scope.Of./page%d", i) {
			t.Errorf("/page%d: %+v", i, got)
		}
	}
	for i := range 100 {
		add(fmt.Sprintf("/xhr%d", i), false)
	}
	for i := range 5 {
		if d.Find(h, "app.test", fmt.Sprintf("/page%d", i)) == nil {
			t.Errorf("/page%d gave way to a request that is no navigation", i)
		}
	}
	for i := range 100 {
		add(fmt.Sprintf("/new%d", i), true)
	}
	h = nil
	for i := range 40 { // more than are read, and small enough to fit
		line, err := d.Add(h, original(fmt.Sprintf("/%d", i)), access.Decision{Outcome: access.SignIn}, true)
		if err != nil {
			t.Fatal(err)
		}
		h = carry(line)
	}
	if d.Find(h, "app.test", "/39") == nil || d.Find(h, "app.test", "/10") == nil {
		t.Error("40 small denials: the newest are lost")
	}
	for i := range 100 {
		add(fmt.Sprintf("/new%d", i), true)
	}
	if d.Find(h, "app.test", "/page1") != nil || d.Find(h, "app.test", "/new99") == nil {
		t.Error("the oldest should have given way to the newest")
	}
}

// However much an auth-url asks for, the cookie stays small and says at least
// that something was missing.
func TestDenialOfAHugeRequirement(t *testing.T) {
	d := denials(t, newClock())
	huge := access.Decision{Outcome: access.Forbid, Reason: access.ReasonRoleMissing}
	for i := range 50 {
		huge.Missing.Roles = append(huge.Missing.Roles, access.Clause{fmt.Sprintf("%0100d", i)})
	}
	line, err := d.Add(nil, original("/a"), huge, true)
	if err != nil || len(line) > 1500 {
		t.Fatalf("%d bytes, %v", len(line), err)
	}
	if got := d.Find(carry(line), "app.test", "/a"); got == nil || got.Outcome != access.Forbid || len(got.Missing.Roles) == 0 {
		t.Errorf("%+v", got)
	}
	huge.Missing = access.Missing{Roles: []access.Clause{{strings.Repeat("x", 7000)}}}
	if line, err = d.Add(nil, original("/a"), huge, true); err != nil {
		t.Fatal(err)
	}
	if got := d.Find(carry(line), "app.test", "/a"); got == nil || got.Outcome != access.Forbid {
		t.Errorf("one role of 7,000 bytes: %+v", got)
	}
}

// A denial by a policy says so, and which rule where that may be told. The longest rule
// there can be leaves room for what was missing.
func TestDenialOfAPolicy(t *testing.T) {
	d := denials(t, newClock())
	told := func(policy, rule, reason string) access.Explanation {
		return access.Explanation{Policy: policy, Rule: rule, Reason: reason}
	}
	long := told(strings.Repeat("p", 64), strings.Repeat("r", 64), "policy_denied, authentication_unknown")
	huge := strings.Repeat("r", maxExplained-1) + "é" + strings.Repeat("r", 5000)
	for _, row := range []struct {
		name     string
		decision access.Decision
		policy   bool
		want     access.Explanation
	}{
		{"with its rule", access.Decision{Outcome: access.Forbid, Reason: access.ReasonPolicyDenied, Explanation: told("office", "außen", "policy_denied")}, true, told("office", "außen", "policy_denied")},
		{"no rule let pass", access.Decision{Outcome: access.Forbid, Reason: access.ReasonPolicyUnmatched, Explanation: told("office", "", "policy_unmatched")}, true, told("office", "", "policy_unmatched")},
		{"the longest", access.Decision{Outcome: access.Forbid, Reason: access.ReasonPolicyPath, Explanation: long}, true, long},
		{"without", access.Decision{Outcome: access.Forbid, Reason: access.ReasonPolicyUnmatched}, true, access.Explanation{}},
		{"of nobody's making", access.Decision{Outcome: access.Forbid, Reason: access.ReasonPolicyError, Explanation: told(huge, huge, huge)}, true, told(huge[:maxExplained-1], huge[:maxExplained-1], huge[:maxExplained-1])},
		{"of the query", access.Decision{Outcome: access.Forbid, Reason: access.ReasonRoleMissing, Missing: access.Missing{Roles: []access.Clause{{"A"}}}}, false, access.Explanation{}},
	} {
		line, err := d.Add(nil, original("/a"), row.decision, true)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		second, err := d.Add(carry(line), original("/b"), stepUp("S"), true)
		if err != nil || len(second) > 1500 {
			t.Fatalf("%s: %d bytes, %v", row.name, len(second), err)
		}
		got := d.Find(carry(second), "app.test", "/a")
		if got == nil || got.Policy != row.policy || got.Explanation != row.want || !reflect.DeepEqual(got.Missing.Roles, row.decision.Missing.Roles) {
			t.Errorf("%s: %+v", row.name, got)
		}
		if other := d.Find(carry(second), "app.test", "/b"); other == nil || other.Policy || other.Explanation != (access.Explanation{}) || other.Missing.Scopes[0][0] != "S" {
			t.Errorf("%s, another page's: %+v", row.name, other)
		}
	}
}

func TestDenialRefused(t *testing.T) {
	d := denials(t, newClock())
	line, err := d.Add(nil, original("/a"), stepUp("A"), true)
	if err != nil {
		t.Fatal(err)
	}
	pair, _, _ := strings.Cut(line, ";")
	for name, header := range map[string]string{
		"twice": pair + "; " + pair, "cut": pair[:len(pair)-1], "another name": "__Host-easyauth=" + strings.SplitN(pair, "=", 2)[1], "empty": "__Host-easyauth-state=",
	} {
		if d.Find(http.Header{"Cookie": {header}}, "app.test", "/a") != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if d.Find(http.Header{"Cookie": {"x=y; " + pair}}, "app.test", "/a") == nil {
		t.Error("the good one: not found")
	}
}

func sealed(t testing.TB, a *attempt) (*attempts, *clock, string, string) {
	t.Helper()
	c := newClock()
	as, err := newAttempts(testRing(t, 1), testCookies().Return, queryNames{}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	a.Started = c.t
	state, line, err := as.seal(nil, a, "https://app.test/")
	if err != nil {
		t.Fatal(err)
	}
	return as, c, state, line
}

func TestAttemptComesBack(t *testing.T) {
	tests := map[string]attempt{
		"short":    {Return: "https://app.test/a?b#c", Restarts: maxRestarts},
		"long":     {Return: "https://app.test/" + strings.Repeat("a", 1400), Restarts: 1},
		"too long": {Return: "https://app.test/" + strings.Repeat("a", 1600)},
	}
	for name, a := range tests {
		t.Run(name, func(t *testing.T) {
			a.ID = newAttemptID()
			a.Missing = access.Missing{Scopes: []access.Clause{{"A", "B"}, {"C"}}, Graph: []string{"/me"}}
			want := a
			if name == "too long" {
				want.Return = "https://app.test/"
			}
			as, c, state, line := sealed(t, &a)
			if len(state) > maxState || len(line) > maxReturn+200 || (line != "") != (name != "short") {
				t.Errorf("state of %d characters, cookie of %d", len(state), len(line))
			}
			got, err := as.open(carry(line), state)
			if err != nil {
				t.Fatal(err)
			}
			want.Started, want.returnSlot, want.ownReturn = got.Started, got.returnSlot, got.ownReturn
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("got  %+v\nwant %+v", *got, want)
			}
			if name == "long" {
				if lost, err := as.open(nil, state); err != nil || lost.Return != "" || !lost.Missing.Empty() {
					t.Errorf("without its cookie: %+v, %v", lost, err)
				}
				other := attempt{ID: newAttemptID(), Return: "https://app.test/" + strings.Repeat("b", 1400)}
				_, _, _, otherLine := sealed(t, &other)
				if lost, err := as.open(carry(otherLine), state); err != nil || lost.Return != "" {
					t.Errorf("with another's cookie: %+v, %v", lost, err)
				}
			}
			c.t = c.t.Add(attemptLifetime)
			if _, err := as.open(carry(line), state); err != nil {
				t.Errorf("after ten minutes: %v", err)
			}
			c.t = c.t.Add(time.Second)
			if got, err := as.open(carry(line), state); err != errExpired || got.Return != want.Return { //nolint:errorlint // returned as it is
				t.Errorf("a second later: %v", err)
			}
		})
	}
}

func TestReturnSlots(t *testing.T) {
	c := newClock()
	as, err := newAttempts(testRing(t, 1), testCookies().Return, queryNames{}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	jar := map[string]string{}
	carryAll := func() http.Header {
		var pairs []string
		for _, p := range jar {
			pairs = append(pairs, p)
		}
		slices.Sort(pairs)
		return http.Header{"Cookie": {strings.Join(pairs, "; ")}}
	}
	var states []string
	for i := range byte(cookie.ReturnSlots + 1) { // the last takes the place of the first
		a := &attempt{ID: attemptID{i}, Started: c.t, Return: fmt.Sprintf("https://app.test/%d", i) + strings.Repeat("a", 1000)}
		// Return cookies go to the callback alone: login never sees them.
		state, line, err := as.seal(nil, a, "https://app.test/")
		if err != nil {
			t.Fatal(err)
		}
		pair, _, _ := strings.Cut(line, ";")
		name, _, _ := strings.Cut(pair, "=")
		jar[name] = pair
		states = append(states, state)
	}
	if len(jar) != cookie.ReturnSlots {
		t.Errorf("%d cookies", len(jar))
	}
	for i, state := range states {
		a, err := as.open(carryAll(), state)
		if err != nil {
			t.Fatal(err)
		}
		if found := a.Return != ""; found != (i > 0) || found != (len(as.done(a)) == 1) {
			t.Errorf("page %d found: %v; cookies to delete: %q", i, found, as.done(a))
		}
	}
}

// Beside the request's other cookies a return cookie must fit into one header line.
func TestReturnCookieLeavesRoom(t *testing.T) {
	as, err := newAttempts(testRing(t, 1), testCookies().Return, queryNames{}, newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	for size, kept := range map[int]bool{0: true, 2000: true, 6000: false} {
		a := &attempt{Started: as.now(), Return: "https://app.test/" + strings.Repeat("a", 1000)}
		_, line, err := as.seal(http.Header{"Cookie": {"t=" + strings.Repeat("x", size)}}, a, "https://app.test/")
		if err != nil {
			t.Fatal(err)
		}
		if (a.Return != "https://app.test/") != kept || size+3*len(line) > 8000 {
			t.Errorf("beside %d bytes of cookies: kept %v, a line of %d", size, a.Return != "https://app.test/", len(line))
		}
	}
}

func TestTooMuchAsked(t *testing.T) {
	as, err := newAttempts(testRing(t, 1), testCookies().Return, queryNames{}, newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	a := &attempt{Return: "https://app.test/", Missing: access.Missing{Graph: []string{"/" + strings.Repeat("a", 1000), "/" + strings.Repeat("b", 1000)}}}
	if _, _, err := as.seal(nil, a, "https://app.test/"); err != errTooMuch { //nolint:errorlint // returned as it is
		t.Errorf("%v", err)
	}
}

func TestDerivedValues(t *testing.T) {
	var s1, s2 [16]byte
	s2[0] = 1
	id1, id2 := newAttemptID(), newAttemptID()
	seen := map[string]bool{}
	for _, c := range []struct {
		secret [16]byte
		id     attemptID
	}{{s1, id1}, {s1, id2}, {s2, id1}} {
		d, err := derive(c.secret, c.id)
		if err != nil {
			t.Fatal(err)
		}
		again, err := derive(c.secret, c.id)
		if err != nil || again != d {
			t.Error("not the same for the same secret and attempt")
		}
		for _, v := range []string{d.nonce, d.verifier, string(d.binder[:])} {
			if len(v) < 16 || seen[v] {
				t.Errorf("%q is short or repeated", v)
			}
			seen[v] = true
		}
		if n := len(d.verifier); n < 43 || n > 128 {
			t.Errorf("a verifier of %d characters", n)
		}
	}
}

func TestBrowserCookie(t *testing.T) {
	c := newClock()
	bs, err := newBrowsers(testRing(t, 1), testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	b := bs.create()
	for i := range 50 {
		b.use(newAttemptID())
		b.complete(targetOf("app.test", fmt.Sprint(i)), c.t)
		b.start(targetOf("app.test", fmt.Sprint(i)), c.t)
	}
	line, err := bs.set(b)
	if err != nil {
		t.Fatal(err)
	}
	pair, _, _ := strings.Cut(line, ";")
	_, value, _ := strings.Cut(pair, "=")
	t.Attr("browser_cookie_bytes", strconv.Itoa(len(value)))
	if len(value) > maxBrowserLength {
		t.Errorf("%d characters", len(value))
	}
	got := bs.read(carry(line))
	if got == nil || got.Secret != b.Secret || !slices.Equal(got.used, b.used) || !slices.Equal(got.completed, b.completed) {
		t.Errorf("got %+v, want %+v", got, b)
	}
	old, err := newBrowsers(testRing(t, 2, 1), testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	if old.read(carry(line)) == nil {
		t.Error("with an older key of the ring: not read")
	}
	gone, err := newBrowsers(testRing(t, 2), testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]http.Header{
		"key removed": carry(line), "none": nil, "cut": carry(pair[:len(pair)-2]), "two": {"Cookie": {pair + "; " + pair}},
	} {
		from := bs
		if name == "key removed" {
			from = gone
		}
		if from.read(h) != nil {
			t.Errorf("%s: read", name)
		}
	}
}

func TestLoopDetector(t *testing.T) {
	c := newClock()
	b := &browser{}
	page, other := targetOf("app.test", "/"), targetOf("app.test", "/other")
	for range 20 {
		if !b.start(page, c.t) {
			t.Fatal("starts without a completed sign-in are no loop")
		}
	}
	for i := range 3 {
		b.complete(page, c.t)
		c.t = c.t.Add(time.Second)
		if got, want := b.start(page, c.t), i < 2; got != want {
			t.Errorf("start %d after a completed sign-in: %v", i+1, got)
		}
		if !b.start(other, c.t) {
			t.Error("another page")
		}
	}
	c.t = c.t.Add(time.Minute)
	if !b.start(page, c.t) {
		t.Error("a minute later")
	}
}

func TestUsedIDsAreBounded(t *testing.T) {
	c := newClock()
	u := NewUsedIDs()
	first := newAttemptID()
	if !u.take(first, c.t) || u.take(first, c.t) {
		t.Error("an id is taken once")
	}
	for range maxUsedHere + 100 {
		u.take(newAttemptID(), c.t)
	}
	if len(u.ids) > maxUsedHere || len(u.queue) > maxUsedHere {
		t.Errorf("%d ids", len(u.ids))
	}
	c.t = c.t.Add(attemptLifetime + 2*time.Minute)
	u.take(newAttemptID(), c.t)
	if len(u.ids) != 1 {
		t.Errorf("%d ids after their time", len(u.ids))
	}
}

func FuzzDenial(f *testing.F) {
	c := newClock()
	d := denials(f, c)
	line, err := d.Add(nil, original("/a"), stepUp("A"), true)
	if err != nil {
		f.Fatal(err)
	}
	_, value, _ := strings.Cut(carry(line)["Cookie"][0], "=")
	f.Add(value, encodeDenials([]Denial{{At: c.t, Outcome: access.StepUp, Missing: stepUp("A").Missing}}))
	f.Add("A", []byte{0xff})
	f.Fuzz(func(t *testing.T, value string, plain []byte) {
		if got := d.Find(carry(d.cookie.Name+"="+value), "app.test", "/a"); got != nil && got.Missing.Scopes[0][0] != "A" {
			t.Errorf("opened what was never sealed: %+v", got)
		}
		if sealed, err := d.box.Seal(d.cookie.Name, plain); err == nil { // anything inside of the seal
			h := carry(d.cookie.Name + "=" + sealed)
			if line, err := d.Add(h, original("/b"), stepUp("B"), true); err != nil || len(line) > 1500 {
				t.Errorf("beside %x: %d bytes, %v", plain, len(line), err)
			} else if got := d.Find(carry(line), "app.test", "/b"); got == nil || !got.At.Equal(c.t) {
				t.Errorf("beside %x: %+v", plain, got)
			}
			if got := d.Find(h, "app.test", "/a"); got != nil && (got.target != targetOf("app.test", "/a") || c.t.Sub(got.At).Abs() > denialLifetime) {
				t.Errorf("found %+v", got)
			}
		}
		if entries, err := decodeDenials(plain); err == nil {
			again, err := decodeDenials(encodeDenials(entries))
			if err != nil || !reflect.DeepEqual(entries, again) {
				t.Errorf("%+v came back as %+v, %v", entries, again, err)
			}
		}
	})
}

func FuzzAttempt(f *testing.F) {
	// Fixed: the fuzzer's workers are other processes than the one that makes the seeds.
	a := &attempt{ID: attemptID{1, 2, 3}, Return: "https://app.test/a"}
	as, _, state, _ := sealed(f, a)
	f.Add(state, encodeAttempt(a))
	f.Add("", encodeReturn(a))
	f.Fuzz(func(t *testing.T, state string, plain []byte) {
		if got, err := as.open(nil, state); err == nil && got.ID != a.ID {
			t.Errorf("opened what was never sealed: %+v", got)
		}
		if got, err := decodeAttempt(plain); err == nil {
			again, err := decodeAttempt(encodeAttempt(got))
			if err != nil || !reflect.DeepEqual(got, again) {
				t.Errorf("%+v came back as %+v, %v", got, again, err)
			}
		}
		if got, err := decodeReturn(plain); err == nil {
			again, err := decodeReturn(encodeReturn(got))
			if err != nil || !reflect.DeepEqual(got, again) {
				t.Errorf("%+v came back as %+v, %v", got, again, err)
			}
		}
	})
}

func FuzzBrowser(f *testing.F) {
	c := newClock()
	bs, err := newBrowsers(testRing(f, 1), testCookies().Browser, c.now)
	if err != nil {
		f.Fatal(err)
	}
	// Fixed: the fuzzer's workers are other processes than the one that makes the seeds.
	b := &browser{Secret: [16]byte{1, 2, 3}, Made: c.t}
	b.use(attemptID{1, 2, 3})
	b.complete(targetOf("app.test", "/"), c.t)
	line, err := bs.set(b)
	if err != nil {
		f.Fatal(err)
	}
	_, value, _ := strings.Cut(carry(line)["Cookie"][0], "=")
	f.Add(value, encodeBrowser(b))
	f.Add("|", []byte{})
	f.Fuzz(func(t *testing.T, value string, plain []byte) {
		if got := bs.read(carry(bs.cookie.Name + "=" + value)); got != nil && got.Secret != b.Secret {
			t.Errorf("opened what was never sealed: %+v", got)
		}
		if got, err := decodeBrowser(plain); err == nil {
			again, err := decodeBrowser(encodeBrowser(got))
			if err != nil || !reflect.DeepEqual(got, again) {
				t.Errorf("%+v came back as %+v, %v", got, again, err)
			}
		}
	})
}
