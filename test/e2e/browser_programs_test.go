package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// listener is the program's own, at the loopback address; it gives the query of the
// browser that comes back.
func listener(t *testing.T) (redirect string, came <-chan url.Values) {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	queries := make(chan url.Values, 8)
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/back" {
			queries <- r.URL.Query()
		}
		_, _ = w.Write([]byte("You can close this window."))
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String() + "/back", queries
}

// A person lets a program in: the browser signs in, shows who asks, and goes back to the
// program with a code, which only its verifier turns into a token.
func TestBrowserProgram(t *testing.T) {
	t.Parallel()
	s := start(t, withPrograms(withBearer(), nil))
	redirect, came := listener(t)
	v := program(t, s)
	link := func() string {
		r := v.do(http.MethodGet, programsAPI+"login?"+url.Values{
			"redirect_uri": {redirect}, "state": {`a b/"&?=`}, "code_challenge": {challengeOf(theVerifier)}, "code_challenge_method": {"S256"},
		}.Encode(), nil)
		var answer struct {
			LoginURL string `json:"login_url"`
		}
		if err := json.Unmarshal([]byte(r.body), &answer); err != nil || r.status != http.StatusOK {
			t.Fatalf("%d %v\n%s", r.status, err, r.body)
		}
		return answer.LoginURL
	}
	redeem := func(code, verifier string) *grant {
		return v.form("token", "grant_type", "authorization_code", "code", code, "redirect_uri", redirect, "code_verifier", verifier)
	}
	const allow, cancel = `button[value="allow"]`, `button[value="cancel"]`
	b := newProfile(t).tab(t)
	if status := b.enter(link(), entra.Adele); status != http.StatusOK || !strings.Contains(b.url(), programsAPI+"authorize?request=") {
		t.Fatalf("%d at %s\n%s", status, b.url(), b.body())
	}
	for _, text := range []string{redirect[:strings.LastIndex(redirect, "/")], "Adele Vance", appHost} {
		if !strings.Contains(b.body(), text) {
			t.Errorf("the page does not say %q\n%s", text, b.body())
		}
	}
	b.shot("program")
	b.click(allow)
	back := <-came
	if back.Get("state") != `a b/"&?=` || back.Get("code") == "" || strings.HasPrefix(back.Get("code"), "ea_") || strings.Contains(b.url(), "=ea_") {
		t.Fatalf("%v at %s", back, b.url())
	}
	redeem(back.Get("code"), strings.Repeat("x", 43)).bad(t, "another verifier", "invalid_grant", "code_invalid")
	token := redeem(back.Get("code"), theVerifier).good(t, "the program's").Access
	v.call("/api/x", token).tells(t, "the program's", map[string]string{"oid": entra.AdeleOID, "roles": "Admin|Orders.Write"})
	redeem(back.Get("code"), theVerifier).bad(t, "again", "invalid_grant", "code_used")
	// Whoever is signed in is asked all the same, and can say no.
	b.open(link())
	b.click(cancel)
	if back := <-came; back.Get("error") != "access_denied" || back.Get("code") != "" {
		t.Errorf("%v", back)
	}
	// Whoever has no session is asked who they are.
	stranger := newProfile(t).tab(t)
	stranger.open(link())
	if stranger.mustStep() == "" {
		t.Errorf("a stranger is at %s\n%s", stranger.url(), stranger.body())
	}
}
