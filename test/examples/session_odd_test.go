package examples

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// odd is EasyAuth and an application that answer as real ones seldom do: each question with the next answer of a list.
type odd struct {
	*httptest.Server

	mu        sync.Mutex
	tokens    []http.HandlerFunc // of EasyAuth
	calls     []http.HandlerFunc // of the application
	asked     int                // for tokens
	called    int
	elsewhere int // at another host, which nobody has reason to ask
}

func startOdd(t *testing.T) *odd {
	t.Helper()
	o := &odd{}
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.elsewhere++
	}))
	t.Cleanup(thief.Close)
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		list := &o.calls
		if strings.HasPrefix(r.URL.Path, "/easyauth/") {
			list = &o.tokens
			o.asked++
		} else {
			o.called++
		}
		if len(*list) == 0 {
			http.Error(w, "one question too many", http.StatusTeapot)
			return
		}
		w.Header().Set("Location", thief.URL)
		(*list)[0](w, r)
		*list = (*list)[1:]
	}))
	t.Cleanup(o.Close)
	return o
}

// says answers with a status, headers in pairs, and a body.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the program has gone away
	}
}

func TestSessionOddAnswers(t *testing.T) {
	t.Parallel()
	challenge := func(text string) http.HandlerFunc { return says(401, "", "WWW-Authenticate", "Bearer "+text) }
	fine := says(200, "hello")
	late := challenge(`error="invalid_token", error_description="expired"`)
	busy := func(status int, wait string) http.HandlerFunc {
		return says(status, `{"error":"temporarily_unavailable","error_description":"limited"}`, "Retry-After", wait)
	}
	granted := says(200, `{"access_token":"ea_new","token_type":"Bearer","expires_in":3600,"refresh_token":"ear_new"}`)
	list := func(all ...http.HandlerFunc) []http.HandlerFunc { return all }
	o := startOdd(t)
	for _, in := range tongues(t) {
		for _, row := range []struct {
			name          string
			calls, tokens []http.HandlerFunc
			code          int
			says          string
		}{
			{"fine", list(fine), nil, 0, ""},
			{"a redirect", list(says(302, "")), nil, 1, "302"},
			{"the application refuses", list(says(403, "closed on Sundays")), nil, 4, "closed on Sundays"},
			{"a stronger sign-in", list(challenge(`error="insufficient_user_authentication", acr_values="c1"`)), nil, 3, `acr_values="c1"`},
			{"could not be told", list(challenge(`realm="x"`)), nil, 1, "could not be told"},
			{"overloaded", list(says(503, "", "Retry-After", "7")), nil, 1, "Retry-After: 7"},
			{"gone", list(says(404, "")), nil, 1, "/api/orders answers 404"},
			{"ended", list(challenge(`error="invalid_token", error_description="session_ended"`)), nil, 5, "session_ended"},
			{"expired", list(late, fine), list(granted), 0, ""},
			{"expired for ever", list(late, late), list(granted), 5, "expired"},
			{"expired, and EasyAuth is busy", list(late, fine), list(busy(429, "0"), granted), 0, "wait 0 seconds"},
			{"and has an outage", list(late, fine), list(busy(503, "1"), granted), 0, "wait 1 seconds"},
			{"for long", list(late), list(busy(503, "0"), busy(503, "0")), 1, "temporarily_unavailable: limited"},
			{"for an hour", list(late), list(busy(503, "3600")), 1, "temporarily_unavailable: limited"},
			{"for who knows how long", list(late), list(busy(503, "-1")), 1, "temporarily_unavailable: limited"},
			{"and EasyAuth is none", list(late), list(says(502, "<html>")), 1, "EasyAuth answers 502"},
			{"and leads elsewhere", list(late), list(says(307, "")), 1, "EasyAuth answers 307"},
			{"a terminal's own words", list(late), list(says(400, `{"error":"invalid_request","error_description":"a\u001b[2Jb"}`)), 1, "invalid_request: a[2Jb"},
		} {
			o.mu.Lock()
			o.calls, o.tokens, o.called, o.asked, o.elsewhere = slices.Clone(row.calls), slices.Clone(row.tokens), 0, 0, 0
			o.mu.Unlock()
			u := elsewhereAt(t, o.URL, in)
			u.put(kept{o.URL, "ea_old", "ear_old", time.Now().Add(time.Hour).Unix()})
			e := u.run("call /api/orders")
			u.ends(row.name, e, row.code, row.says)
			want := map[bool]string{true: "hello"}[row.code == 0]
			o.mu.Lock()
			if e.stdout != want || o.called != len(row.calls) || o.asked != len(row.tokens) || o.elsewhere > 0 {
				t.Errorf("%s, %s: %q, %d calls, %d questions to EasyAuth, %d elsewhere", in.name, row.name, e.stdout, o.called, o.asked, o.elsewhere)
			}
			o.mu.Unlock()
			renewed := len(row.tokens) > 0 && row.code != 1
			if k := u.kept(); k.Access != map[bool]string{true: "ea_new", false: "ea_old"}[renewed] {
				t.Errorf("%s, %s: %s is kept", in.name, row.name, k.Access)
			}
		}
		u := elsewhereAt(t, "http://127.0.0.1:1", in)
		u.put(kept{u.app, "ea_old", "ear_old", 0})
		u.ends("nobody answers", u.run("call /"), 1, "127.0.0.1:1")
	}
}

// What bash starts is told nothing secret in its arguments.
func TestSessionShowsNoSecret(t *testing.T) {
	t.Parallel()
	s := startSessions(t, nil)
	in := tongues(t)[0]
	u := at(t, s, in)
	folder, log := listening(t, "cat", "curl", "date", "dirname", "flock", "grep", "jq", "mkdir", "mkfifo", "mktemp", "mv", "openssl", "rm", "sed", "sleep", "socat", "timeout", "tr")
	u.env = append(u.env, "PATH="+folder+":"+os.Getenv("PATH"))
	never := map[string]string{"ID token": "eyJ", "access token": "ea_", "refresh token": "ear_"}
	u.ends("login", u.login(in.program+" login", func(link string) {
		back := decide(t, s, link, "allow")
		at, err := url.Parse(back)
		if err != nil {
			t.Fatal(err)
		}
		never["code"], never["state"] = at.Query().Get("code"), at.Query().Get("state")
		u.arrive(back, http.StatusOK)
	}), 0, "")
	u.may("call", u.run("call /api/orders"))
	u.ends("refresh", u.run("refresh"), 0, "")
	u.ends("logout", u.run("logout"), 0, "")
	u.exchange(s)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "-sS\n"); n != 6 { // login, code, call, refresh, revocation, exchange
		t.Errorf("%d calls of curl\n%s", n, text)
	}
	for what, secret := range never {
		if secret == "" || strings.Contains(string(text), secret) {
			t.Errorf("the %s is an argument\n%s", what, text)
		}
	}
	for line := range strings.Lines(string(text)) { // a verifier has 43 characters of this kind
		if line = strings.TrimSpace(line); len(line) == 43 && !strings.ContainsAny(line, " /.:{}()$") {
			t.Errorf("what is %s?", strconv.Quote(line))
		}
	}
}
