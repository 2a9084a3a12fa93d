package matrix

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// forged is in every value that a client makes up.
const forged = "forged-by-the-client"

// spellings are ways to write a header's name that some application takes for the same: RFC 9110 allows all these signs.
func spellings() map[string]func(string) string {
	all := map[string]func(string) string{
		"small":         strings.ToLower,
		"large":         strings.ToUpper,
		"mixed case":    mixedCase,
		"one underline": func(name string) string { return strings.Replace(name, "-", "_", 1) },
		"last underline": func(name string) string {
			i := strings.LastIndex(name, "-")
			return name[:i] + "_" + name[i+1:]
		},
	}
	for _, sign := range "!#$%&'*+-.^_`|~" {
		all["with "+string(sign)] = func(name string) string { return strings.ReplaceAll(name, "-", string(sign)) }
	}
	return all
}

func mixedCase(name string) string {
	letters := []byte(strings.ToLower(name))
	for i := range letters {
		if i%2 == 1 && letters[i] >= 'a' && letters[i] <= 'z' {
			letters[i] -= 'a' - 'A'
		}
	}
	return string(letters)
}

// claimed are the headers by which a client would say who it is: the fixed ones, a claim, and what else begins with the
// prefix.
func (s *stand) claimed() []string {
	names := append(identity(), "X-Injected-Department", "X-Injected-Assertion", "X-Injected-Access-Token", "X-Injected-Id-Token")
	if !s.proxy.OnlyListed {
		names = append(names, "X-Injected-Anything")
	}
	return names
}

// routing are headers by which some applications and frameworks let themselves be told another address than that which
// the proxy judged. None of them may arrive.
func routing() []string {
	return []string{"X-Original-URL", "X-Original-Method", "X-Original-URI", "X-Original-Host", "X-Rewrite-URL", "Forwarded"}
}

// forwarded are headers of proxies, of which applications build addresses. A proxy may set them; the client's must not
// arrive.
func forwarded() []string {
	return []string{"X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Port", "X-Forwarded-Server"}
}

// situation is who sends a forged header, and where.
type situation struct {
	what, path string
	v          *visitor
	h          http.Header
	oid        string // of the only identity that may arrive; "": none
}

func (s *stand) situations(t *testing.T) []situation {
	t.Helper()
	bob := s.signedIn(t, entra.Bob)
	return []situation{
		{"signed in", "/home", bob, page(), entra.BobOID},
		{"on a public page", "/public/x", s.visit(t, ""), page(), ""},
		{"signed in on a public page", "/public/x", bob, page(), ""},
		{"with a token", "/api/x", s.program(t), bearing(s.userToken(t, entra.Bob)), entra.BobOID},
	}
}

// forge sends these headers, once or twice each. It returns what arrived of them; nothing does if the request is
// refused.
func (s *stand) forge(t *testing.T, at situation, names []string, twice bool) (arrived []string, refused bool) {
	t.Helper()
	h := at.h.Clone()
	for _, name := range names {
		h[name] = []string{forged}
		if twice {
			h[name] = []string{forged, forged + "-again"}
		}
	}
	r, err := at.v.ask(http.MethodGet, at.path, h, nil)
	switch {
	case err != nil:
		t.Errorf("%s, %q: %v", at.what, names, err)
		return nil, true
	case r.status == http.StatusBadRequest:
		return nil, true
	}
	e := r.echo(t)
	for _, l := range e.Lines {
		if strings.Contains(l.Value, forged) {
			arrived = append(arrived, l.Name)
		}
	}
	if at.oid == "" {
		for _, name := range s.claimed() {
			if values := e.Values(name); strings.Join(values, "") != "" {
				arrived = append(arrived, fmt.Sprintf("%s: %q", name, values))
			}
		}
	} else if oid, ok := e.Value("X-Injected-Oid"); oid != at.oid || !ok {
		arrived = append(arrived, fmt.Sprintf("X-Injected-Oid: %q", e.Values("X-Injected-Oid")))
	}
	return arrived, false
}

// What a client says of itself does not arrive, however it is spelled, and changes no decision.
func trySpoofing(t *testing.T, s *stand) outcome {
	refusals := 0
	check := func(at situation, how string, names []string, twice bool) {
		arrived, refused := s.forge(t, at, names, twice)
		if refused {
			refusals++
		}
		if len(arrived) > 0 {
			t.Errorf("%s, %s: %q", at.what, how, arrived)
		}
	}
	for _, at := range s.situations(t) {
		for how, spell := range spellings() {
			var names []string
			for _, name := range s.claimed() {
				names = append(names, spell(name))
			}
			for _, twice := range []bool{false, true} {
				check(at, how, names, twice)
			}
		}
		for _, name := range slices.Concat(routing(), forwarded()) {
			check(at, name, []string{name}, false)
			check(at, name+" in capitals, twice", []string{strings.ToUpper(name)}, true)
			check(at, name+" with underlines", []string{strings.ReplaceAll(name, "-", "_")}, false)
		}
		if arrived, refused := s.forge(t, at, nil, false); refused || len(arrived) > 0 {
			t.Errorf("%s, without forged headers: refused: %v, %q", at.what, refused, arrived)
		}
	}
	tryMisleading(t, s)
	tryUpgrades(t, s)
	tryConnection(t, s)
	if refusals > 0 {
		return saw("none arrives, or 400")
	}
	return saw("none arrives")
}

// spoofingWouldSucceed shows that what trySpoofing looks for is there to be seen: in a stand that takes nothing out,
// forged headers arrive.
func spoofingWouldSucceed(t *testing.T, s *stand) {
	at := situation{"on a public page", "/public/x", s.visit(t, ""), page(), ""}
	for what, names := range map[string][]string{"identity": s.claimed(), "routing": routing()} {
		if arrived, refused := s.forge(t, at, names, false); refused || len(arrived) < len(names) {
			t.Errorf("%s: of %q only %q arrive", what, names, arrived)
		}
	}
	// A proxy may write some of these itself.
	if arrived, _ := s.forge(t, at, forwarded(), false); len(arrived) == 0 && !s.proxy.OwnForwarded {
		t.Errorf("of %q none arrives", forwarded())
	}
}

// misleading are all headers with which a client could try to have another request judged than its own.
func misleading() http.Header {
	public := "https://" + Host + "/public/x"
	return http.Header{
		"X-Original-URL": {public}, "X-Original-URI": {"/public/x"}, "X-Original-Method": {"OPTIONS"}, "X-Rewrite-URL": {"/public/x"},
		"X-Forwarded-Uri": {"/public/x"}, "X-Forwarded-Method": {"OPTIONS"}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Prefix": {"/public"},
		"X-Forwarded-Proto": {"http"}, "X-Forwarded-Port": {"1"}, "X-Forwarded-Server": {"evil.example"}, "X-Forwarded-For": {"203.0.113.66"},
		"Forwarded": {"for=203.0.113.66;host=evil.example;proto=http"}, "X-Auth-Request-Redirect": {"/public/x"},
		"X-EasyAuth-Proxy-Secret": {"made-up-by-a-client"}, "X-Http-Method-Override": {"OPTIONS"}, "X-Envoy-Original-Path": {"/public/x"},
		"X-Envoy-Auth-Partial-Body": {"true"}, "X-Envoy-Internal": {"true"}, "X-Host": {"evil.example"}, "X-Real-Ip": {"203.0.113.66"},
		"Connection": {"keep-alive, X-Original-URL, X-Forwarded-Uri, X-Forwarded-Host, X-Forwarded-Method, X-Injected-Oid, X-Injected-Roles, Cookie, Authorization"},
	}
}

// tryMisleading sends headers that say that another page is asked for: the decision and the way back stay those of the
// page that is.
func tryMisleading(t *testing.T, s *stand) {
	t.Helper()
	all := misleading()
	attempts := map[string]http.Header{"all": all}
	for name, values := range all {
		attempts[name] = http.Header{name: values}
	}
	adele, bob := s.signedIn(t, entra.Adele), s.signedIn(t, entra.Bob)
	const deep = "/deep/link?a=1&b=/public/x"
	passed, led := 0, 0
	for what, lies := range attempts {
		with := func(h http.Header) http.Header {
			for name, values := range lies {
				h[name] = values
			}
			return h
		}
		r := s.unseen(t, what+" of Bob", func() *reply { return bob.follow(bob.do(http.MethodGet, "/admin/x", with(page()))) })
		if s.proxy.Lacks[RoleRefused] == "" && r.status != http.StatusForbidden && r.status != http.StatusBadRequest {
			t.Errorf("%s of Bob: %s", what, describe(r))
		}
		if r := adele.do(http.MethodGet, "/admin/x", with(page())); r.fromApplication() {
			passed++
			e := r.echo(t)
			if oid, ok := e.Value("X-Injected-Oid"); oid != entra.AdeleOID || !ok || e.Target != "/admin/x" || e.Method != http.MethodGet {
				t.Errorf("%s of Adele: %+v", what, e)
			}
			for _, name := range routing() {
				if values := e.Values(name); len(values) > 0 {
					t.Errorf("%s of Adele: %s arrives: %q", what, name, values)
				}
			}
		} else if r.status >= 200 && r.status < 300 {
			t.Errorf("%s of Adele: %s", what, describe(r))
		}
		nobody := s.visit(t, entra.Adele)
		first := s.unseen(t, what+" of nobody", func() *reply { return nobody.do(http.MethodGet, deep, with(page())) })
		if !redirects(first) {
			if slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden}, first.status) {
				continue
			}
			t.Errorf("%s of nobody: %s", what, describe(first))
		}
		if to := first.location(); to.Scheme != "https" || to.Host != Host || returnsTo(to) != "https://"+Host+deep && returnsTo(to) != deep {
			t.Errorf("%s of nobody leads to %s", what, to)
		}
		led++
		if last := nobody.follow(first); !last.fromApplication() || last.url != "https://"+Host+deep {
			t.Errorf("%s of nobody ends at %s", what, describe(last))
		}
	}
	// A proxy may refuse some of them outright; one that refused most would show nothing of the others.
	if most := len(all) / 2; passed <= most || led <= most {
		t.Errorf("of %d attempts only %d reach the application and %d a sign-in", len(attempts), passed, led)
	}
}

func returnsTo(login *url.URL) string { return login.Query().Get("rd") }
