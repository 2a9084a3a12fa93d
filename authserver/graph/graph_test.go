package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	theToken = "eyJ.the-token.sig"
	theQuery = "/me?$select=private,displayName&x=1"
)

// fakeGraph is a server in Graph's place, a Client that asks it, and its log.
type fakeGraph struct {
	*Client
	log      *bytes.Buffer
	requests atomic.Int32
}

func newFake(t *testing.T, timeout time.Duration, h http.HandlerFunc) *fakeGraph {
	t.Helper()
	f := &fakeGraph{log: &bytes.Buffer{}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.requests.Add(1)
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	var err error
	f.Client, err = New(Config{
		BaseURL: srv.URL, Client: srv.Client(), Timeout: timeout, Now: testTime,
		Log: slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// testTime is the time of every test.
func testTime() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// ask runs the queries and checks what must hold of every answer.
func (f *fakeGraph) ask(t *testing.T, queries ...string) []string {
	t.Helper()
	results := f.Ask(t.Context(), secret.New(theToken), queries).Results
	return f.check(t, queries, results)
}

func (f *fakeGraph) check(t *testing.T, queries []string, results []access.GraphResult) []string {
	t.Helper()
	if len(results) != len(queries) {
		t.Fatalf("%d results for %d queries", len(results), len(queries))
	}
	var texts []string
	for i, query := range queries {
		r := results[i]
		if r.Query != query || r.Dropped {
			t.Errorf("result %d is %+v", i, r)
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(r.JSON), &object); err != nil {
			t.Errorf("result %d is no JSON object: %.200q", i, r.JSON)
		}
		if strings.Contains(r.JSON, theToken) {
			t.Errorf("result %d holds the token", i)
		}
		texts = append(texts, r.JSON)
	}
	for _, never := range []string{theToken, "private", "eyJ"} {
		if strings.Contains(f.log.String(), never) {
			t.Errorf("the log holds %q: %s", never, f.log)
		}
	}
	return texts
}

func answer(body string) http.HandlerFunc { return answerWith(200, "application/json", body) }

func answerWith(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = strings.NewReader(body).WriteTo(w)
	}
}

func errorJSON(status int, message string) string {
	return fmt.Sprintf(`{"error_status":%d,"error_message":%q}`, status, message)
}

func equal(t *testing.T, name string, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d results, want %d", name, len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: result %d\n got %.300s\nwant %.300s", name, i, got[i], want[i])
		}
	}
}

func TestRequestIsOnePlainBatch(t *testing.T) {
	var got *http.Request
	var body string
	f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		answer(`{"responses":[]}`)(w, r)
	})
	f.ask(t, theQuery, "/users/$count", "/groups?%24SEARCH=x", "/me/memberOf?a=%2F")
	if got.Method != http.MethodPost || got.URL.Path != "/v1.0/$batch" || got.ContentLength != int64(len(body)) {
		t.Errorf("%s %s, length %d of %d", got.Method, got.URL, got.ContentLength, len(body))
	}
	if f.requests.Load() != 1 {
		t.Errorf("%d requests", f.requests.Load())
	}
	for key, want := range map[string]string{
		"Authorization": "Bearer " + theToken, "Content-Type": "application/json", "Accept": "application/json",
		"Content-Encoding": "", "Idempotency-Key": "", "Cookie": "",
	} {
		if got := strings.Join(got.Header[key], ","); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	want := `{"requests":[{"id":"1","method":"GET","url":"` + theQuery + `"},` +
		`{"id":"2","method":"GET","url":"/users/$count","headers":{"ConsistencyLevel":"eventual"}},` +
		`{"id":"3","method":"GET","url":"/groups?%24SEARCH=x","headers":{"ConsistencyLevel":"eventual"}},` +
		`{"id":"4","method":"GET","url":"/me/memberOf?a=%2F"}]}`
	if body != want {
		t.Errorf("body\n got %s\nwant %s", body, want)
	}
}

func TestResultsComeInTheOrderOfTheQueries(t *testing.T) {
	var items, queries, want []string
	for i := 20; i >= 1; i-- { // backwards, so that 10 and 2 are told apart by number
		items = append(items, fmt.Sprintf(`{"id":"%d","status":200,"body":{"n":%d}}`, i, i))
	}
	for i := 1; i <= 20; i++ {
		queries = append(queries, fmt.Sprintf("/q/%d", i))
		want = append(want, fmt.Sprintf(`{"n":%d}`, i))
	}
	f := newFake(t, time.Minute, answer(`{"responses":[`+strings.Join(items, ",")+`]}`))
	equal(t, "20 queries", f.ask(t, queries...), want...)
}

func TestMoreQueriesThanABatchHolds(t *testing.T) {
	var asked string
	f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked = string(b)
		answer(`{"responses":[{"id":"20","status":200,"body":{}},{"id":"21","status":200,"body":{"not":"ours"}}]}`)(w, r)
	})
	var queries []string
	for i := range 21 {
		queries = append(queries, fmt.Sprintf("/q/%d", i+1))
	}
	got := f.ask(t, queries...)
	if got[19] != "{}" || got[20] != errorJSON(400, "too many queries in one sign-in") {
		t.Errorf("results 20 and 21: %s %s", got[19], got[20])
	}
	if !strings.Contains(asked, `"/q/20"`) || strings.Contains(asked, `"/q/21"`) {
		t.Errorf("asked %s", asked)
	}
}

func TestNothingToAsk(t *testing.T) {
	f := newFake(t, time.Minute, answer(`{"responses":[{"id":"1","status":200,"body":{}}]}`))
	f.ask(t)
	got := f.check(t, []string{"/me"}, f.Ask(t.Context(), secret.String{}, []string{"/me"}).Results)
	equal(t, "no token", got, errorJSON(401, "there is no access token for Microsoft Graph"))
	if f.requests.Load() != 0 {
		t.Errorf("%d requests", f.requests.Load())
	}
	equal(t, "with a token", f.ask(t, "/me"), "{}")
}

func TestNewRefuses(t *testing.T) {
	good := func() Config { return Config{Client: &http.Client{}} }
	for _, tt := range []struct {
		name   string
		change func(*Config)
		ok     bool
	}{
		{"defaults", func(*Config) {}, true},
		{"another cloud, beta", func(c *Config) { c.BaseURL, c.Version = "https://graph.microsoft.us/", "beta" }, true},
		{"http on loopback", func(c *Config) { c.BaseURL = "http://127.0.0.1:8080" }, true},
		{"http on localhost", func(c *Config) { c.BaseURL = "http://graph.localhost:8080" }, true},
		{"http on IPv6 loopback", func(c *Config) { c.BaseURL = "http://[::1]:8080" }, true},
		{"http elsewhere", func(c *Config) { c.BaseURL = "http://graph.microsoft.com" }, false},
		{"http on a name that looks like loopback", func(c *Config) { c.BaseURL = "http://127.0.0.1.example" }, false},
		{"no scheme", func(c *Config) { c.BaseURL = "graph.microsoft.com" }, false},
		{"another scheme", func(c *Config) { c.BaseURL = "file:///etc" }, false},
		{"a user", func(c *Config) { c.BaseURL = "https://u:p@graph.microsoft.com" }, false},
		{"a query", func(c *Config) { c.BaseURL = "https://graph.microsoft.com?x=1" }, false},
		{"a fragment", func(c *Config) { c.BaseURL = "https://graph.microsoft.com#x" }, false},
		{"a version that leaves its place", func(c *Config) { c.Version = "../beta" }, false},
		{"dots", func(c *Config) { c.Version = ".." }, false},
		{"a version with a slash", func(c *Config) { c.Version = "v1.0/users" }, false},
		{"no client", func(c *Config) { c.Client = nil }, false},
		{"negative timeout", func(c *Config) { c.Timeout = -1 }, false},
	} {
		cfg := good()
		tt.change(&cfg)
		_, err := New(cfg)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && cfg.BaseURL != "" && strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: the error holds the value: %v", tt.name, err)
		}
	}
}

func TestClientOfTheCallerIsNotChanged(t *testing.T) {
	seen := 0
	transport := roundTripper(func(*http.Request) (*http.Response, error) {
		seen++
		return nil, errors.New("no network here")
	})
	client := &http.Client{Transport: transport, Timeout: time.Hour}
	c, err := New(Config{Client: client})
	if err != nil {
		t.Fatal(err)
	}
	got := c.Ask(t.Context(), secret.New(theToken), []string{"/me"}).Results
	if want := errorJSON(503, "Microsoft Graph cannot be reached"); got[0].JSON != want {
		t.Errorf("%s, want %s", got[0].JSON, want)
	}
	if seen != 1 || client.CheckRedirect != nil || client.Timeout != time.Hour {
		t.Errorf("its transport was used %d times; client %+v", seen, client)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
