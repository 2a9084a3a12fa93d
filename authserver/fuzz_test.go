package authserver_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// fuzzIssuer and fuzzTime are the same in every process: the fuzzer's workers are other
// ones than that which makes the seeds.
const fuzzIssuer = "https://login.example.org/" + emulator.DefaultTenantID + "/v2.0"

func fuzzTime() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// mute answers for the identity provider: its document, no keys, and no to every code.
type mute struct{}

func (mute) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusBadRequest, `{"error":"invalid_grant"}`
	if r.Method == http.MethodGet {
		status, body = http.StatusNotFound, ""
	}
	if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
		const base = "https://login.example.org/" + emulator.DefaultTenantID
		text, err := json.Marshal(map[string]any{
			"issuer": fuzzIssuer, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token", "jwks_uri": base + "/keys", "end_session_endpoint": base + "/logout",
		})
		if err != nil {
			return nil, err
		}
		status, body = http.StatusOK, string(text)
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// FuzzServer sends any request to the whole server: one with sessions in cookies and
// one with a store, which looks at bearer tokens too. Nobody passes without the session
// that was issued, no answer sends a browser to strangers, and nothing panics.
func FuzzServer(f *testing.F) {
	quiet := func(c *entra.Config) { c.Client = &http.Client{Transport: mute{}} }
	servers := []*kit{
		newKit(f, options{issuer: fuzzIssuer, clock: fuzzTime, edit: quiet, idle: time.Hour}),
		newKit(f, options{issuer: fuzzIssuer, clock: fuzzTime, edit: quiet, bearer: true, store: memstore.New("0123456789abcdef", fuzzTime)}),
	}
	own := make([]*strings.Replacer, len(servers))
	for i, k := range servers {
		own[i] = k.fuzzed(f)
	}
	for _, line := range []string{
		"GET " + authPath + "?role=Admin", "POST " + authPath + "?role=User|Admin&scope=x", "GET " + authPath + "?graph=/me/..", "GET " + authPath,
		"GET " + basePath + "/login?rd=/a", "GET " + basePath + "/login?rd=https://evil.test/&retry=1", "GET " + basePath + "/me", "GET " + basePath + "/logout?rd=/x", "GET /nothing",
		"GET " + basePath + "/signin-oidc?code=c&state=STATE", "GET " + basePath + "/signin-oidc?error=access_denied&state=STATE",
		"GET " + basePath + "/frontchannel-logout?sid=s", "GET " + basePath + "/signout-callback-oidc?state=x", "HEAD " + basePath + "/logo",
	} {
		f.Add(seedOf(line, "SESSION; DENIAL; BROWSER", ""))
	}
	for _, form := range []string{"rd=/x", "everywhere=1", "session=0123456789ab", "logout_token=a.b.c"} {
		for _, path := range []string{"/logout", "/me", "/backchannel-logout"} {
			f.Add(seedOf("POST "+basePath+path, "SESSION; BROWSER", form))
		}
	}
	f.Add("GET " + authPath + " HTTP/1.1\r\nHost: app.example.com\r\nAuthorization: Bearer a.b.c\r\nX-Original-URL: https://app.example.com/\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		for i, k := range servers {
			request := own[i].Replace(text)
			in, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
			if err != nil {
				return
			}
			s, _, _ := k.sessions.Read(t.Context(), in.Header)
			w := k.raw(t, request)
			checkServed(t, k, in, w, s)
		}
	})
}

// fuzzed signs somebody in, denies them a page, and begins another sign-in. It gives
// what a browser has of that, to be put in place of SESSION, DENIAL, BROWSER and STATE:
// it differs from process to process.
func (k *kit) fuzzed(t testing.TB) *strings.Replacer {
	t.Helper()
	adele := access.Identity{Issuer: fuzzIssuer, Tenant: emulator.DefaultTenantID, Object: "adele", Subject: "s", Name: "Adele", Roles: []string{"Admin"}}
	_, lines, _, err := k.sessions.Issue(t.Context(), nil, &adele, nil, &session.Tokens{Obtained: fuzzTime()}, "Firefox on Linux")
	if err != nil {
		t.Fatal(err)
	}
	pair, _, _ := strings.Cut(lines[0], ";")
	if got := k.raw(t, seedOf("GET "+authPath+"?role=Admin", pair, "")); got.Code != http.StatusAccepted {
		t.Fatalf("%d: the seed must get as far as it can", got.Code)
	}
	denied := k.raw(t, seedOf("GET "+authPath+"?scope=Mail.Read", pair, "")).Result().Cookies()
	if len(denied) != 1 {
		t.Fatalf("%d cookies with a denial", len(denied))
	}
	denial := denied[0].Name + "=" + denied[0].Value
	begun := k.raw(t, seedOf("GET "+basePath+"/login?rd=/a", denial, ""))
	to, err := url.Parse(begun.Header().Get("Location"))
	if err != nil || len(begun.Result().Cookies()) == 0 || to.Query().Get("state") == "" {
		t.Fatalf("%d, %v", begun.Code, err)
	}
	browser := begun.Result().Cookies()[0]
	return strings.NewReplacer("SESSION", pair, "DENIAL", denial, "BROWSER", browser.Name+"="+browser.Value, "STATE", to.Query().Get("state"))
}

// seedOf is a request as nginx and browsers send it.
func seedOf(line, cookies, body string) string {
	return line + " HTTP/1.1\r\nHost: app.example.com\r\nAccept: text/html\r\nX-Original-URL: https://app.example.com/a\r\nX-Original-Method: GET\r\n" +
		"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-User: ?1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\nCookie: " + cookies + "\r\n\r\n" + body
}

// raw answers the bytes of a request, as net/http would have read them.
func (k *kit) raw(t testing.TB, request string) *httptest.ResponseRecorder {
	t.Helper()
	in, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	in.Body = io.NopCloser(io.LimitReader(in.Body, 64<<10))
	in.RemoteAddr = "192.0.2.1:1234"
	w := httptest.NewRecorder()
	k.server.ServeHTTP(w, in.WithContext(t.Context()))
	return w
}

func checkServed(t *testing.T, k *kit, in *http.Request, w *httptest.ResponseRecorder, s *session.Session) {
	t.Helper()
	log := k.log.take()
	if strings.Contains(log, "panic") {
		t.Fatalf("%s %s: %s", in.Method, in.URL, log)
	}
	h := w.Header()
	for name, values := range h {
		if slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, "\r\n\x00") }) {
			t.Fatalf("header %s: %q", name, values)
		}
	}
	if in.URL.Path == authPath {
		if len(h["Set-Cookie"]) > 1 || w.Body.Len() > 0 || h.Get("Cache-Control") != "no-store" || !slices.Contains([]int{202, 401, 403}, w.Code) {
			t.Fatalf("%d with %d cookies and %d bytes", w.Code, len(h["Set-Cookie"]), w.Body.Len())
		}
		passed := w.Code == http.StatusAccepted
		if passed && (s == nil || s.Identity.Object != "adele" || h.Get("X-Injected-Oid") != "adele" || h.Get("X-Injected-Roles") != "Admin") {
			t.Fatalf("passed as %v: %q", s, h)
		}
		if !passed && h.Get("X-Injected-Oid") != "" || w.Code == http.StatusForbidden && len(h["Set-Cookie"]) > 0 {
			t.Fatalf("%d: %q", w.Code, h)
		}
		return
	}
	if to := h.Get("Location"); to != "" && !strings.HasPrefix(to, app+"/") && !strings.HasPrefix(to, "https://login.example.org/"+emulator.DefaultTenantID+"/") {
		t.Fatalf("%s %s leads to %q", in.Method, in.URL, to)
	}
	for name := range h {
		if strings.HasPrefix(name, "X-Injected-") {
			t.Fatalf("%s answers with %s", in.URL.Path, name)
		}
	}
	if strings.Contains(w.Body.String(), "adele") && s == nil {
		t.Fatalf("%s tells a stranger who is signed in", in.URL.Path)
	}
}

// take returns what was logged since the last call.
func (l *lockedBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}
