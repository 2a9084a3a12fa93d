package authserver_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

func (k *kit) newLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestMetricsTable makes everything happen that is counted, and compares /metrics
// with the tables of docs/metrics.md: nothing may be in one and not in the other.
func TestMetricsTable(t *testing.T) {
	document := readTable(t)
	seen := map[string]bool{}
	for _, e := range slices.Concat(decisionEvents(), signInEvents(), remoteEvents(), sessionEvents(), configurationEvents()) {
		t.Run(e.name, func(t *testing.T) {
			k := newKit(t, e.with)
			k.metrics.Provider(k.provider.Ready)
			k.metrics.Keys(func() []metrics.Key { return []metrics.Key{{ID: k.ring.Current().String(), State: metrics.KeySealing}} })
			before := k.scrape()
			e.do(t, k)
			after := k.scrape()
			for _, series := range e.want {
				if after.series[series] <= before.series[series] {
					t.Errorf("%s was %v and is %v", series, before.series[series], after.series[series])
				}
			}
			for _, why := range undocumented(document, after) {
				t.Error(why)
			}
			for series := range after.series {
				name, _ := after.metricOf(series)
				seen[name] = true
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(document.Metrics)) {
		if !seen[name] {
			t.Errorf("%s is in the document, and was never counted", name)
		}
	}
}

// Every value that the program can give to a label is in the document, whether it
// happened above or not.
func TestMetricsValues(t *testing.T) {
	document := readTable(t)
	for _, tt := range []struct{ file, kind, metric, label string }{
		{"metrics/requests.go", "Endpoint", "easyauth_request_duration_seconds", "endpoint"},
		{"metrics/requests.go", "Endpoint", "easyauth_large_answers_total", "endpoint"},
		{"metrics/remote.go", "Target", "easyauth_remote_requests_total", "target"},
		{"metrics/remote.go", "Result", "easyauth_remote_requests_total", "result"},
		{"metrics/caches.go", "CacheName", "easyauth_cache_bytes", "cache"},
		{"metrics/parts.go", "KeyState", "easyauth_key_info", "state"},
		{"metrics/configuration.go", "CertificateUse", "easyauth_certificate_expiry_timestamp_seconds", "use"},
		{"metrics/assertions.go", "AssertionResult", "easyauth_assertions_total", "result"},
		{"metrics/inline.go", "InlineFailure", "easyauth_inline_failures_total", "reason"},
		{"access/access.go", "Reason", "easyauth_decisions_total", "reason"},
		{"fault/fault.go", "Reason", "easyauth_signins_total", "result"},
		{"entra/errors.go", "Reason", "easyauth_signins_total", "result"},
	} {
		t.Run(tt.file+" "+tt.kind, func(t *testing.T) {
			values := constants(t, tt.file, tt.kind)
			if len(values) < 2 {
				t.Fatalf("%q", values)
			}
			for _, value := range values {
				if !slices.Contains(document.Values(tt.metric, tt.label), value) && value != "" {
					t.Errorf("%s of %s may be %s, which is not in the document", tt.label, tt.metric, value)
				}
			}
		})
	}
}

// constants are the values of the constants of one type in a file.
func constants(t *testing.T, file, kind string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != kind {
			return true
		}
		for _, value := range spec.Values {
			literal, ok := value.(*ast.BasicLit)
			if !ok {
				continue
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, text)
		}
		return true
	})
	return values
}

// Whatever clients send, nothing of it becomes a label, and there are never more
// series than there are values.
func TestMetricsHoldNothingOfClients(t *testing.T) {
	const mark = "hostile"
	k := newKit(t, options{bearer: true})
	k.idp.SetUser(emulator.User{ID: mark + "-user", Username: mark + "@contoso.example", ObjectID: "deadbeef-0000-4000-8000-000000000001", Name: mark, Email: mark + "@contoso.example", Roles: []string{mark}})
	b := k.browser(mark + "-user")
	if resp := b.open(app+"/"+mark, ""); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	all := func(n int) {
		name := fmt.Sprintf("%s%d", mark, n)
		quoted := url.QueryEscape(name + "\"}\n1")
		for _, target := range []string{
			"/auth?" + name + "=1", "/auth?role=" + quoted, "/auth?scope=" + quoted, "/auth?graph=/" + name, "/login?rd=" + quoted, "/login?error=" + quoted,
			"/signin-oidc?error=" + quoted + "&state=" + quoted, "/signin-oidc?code=" + quoted + "&state=" + quoted, "/" + name, "/me/" + name,
			"/logout?rd=" + quoted, "/signout-callback-oidc?state=" + quoted, "/logo?" + name,
		} {
			for _, host := range []string{"app.example.com", name + ".example.com", name} {
				for _, method := range []string{"GET", "POST", strings.ToUpper(name)} {
					r := httptest.NewRequestWithContext(t.Context(), method, "https://app.example.com"+basePath+target, strings.NewReader(name))
					r.Host = host
					r.Header = http.Header{
						"X-Original-Url": {"https://" + name + ".example.com/" + name}, "X-Original-Method": {name}, "Authorization": {"Bearer " + name},
						"Cookie": {k.cookies.Ticket.Name + "=" + name + "; " + name + "=1"}, "Accept": {name}, "User-Agent": {name}, "X-Request-Id": {name},
						"Traceparent": {name}, "X-Real-Ip": {name}, "Sec-Fetch-Mode": {"navigate"}, "Origin": {"https://" + name},
					}
					k.server.ServeHTTP(httptest.NewRecorder(), r)
				}
			}
		}
		b.check(app+"/"+name, "role="+name)
	}
	all(0)
	before := k.scrape()
	for n := range 5 {
		all(n + 1)
	}
	after := k.scrape()
	for _, word := range []string{mark, "deadbeef", "contoso", "example.com", app} {
		if strings.Contains(strings.ToLower(after.text), word) {
			t.Errorf("/metrics holds %q", word)
		}
	}
	if len(after.series) != len(before.series) {
		for series := range after.series {
			if _, ok := before.series[series]; !ok {
				t.Errorf("a new series: %s", series)
			}
		}
	}
	const most = 600 // of one replica, Go's own and the process's included
	if len(after.series) > most {
		t.Errorf("%d series", len(after.series))
	}
	t.Attr("series", strconv.Itoa(len(after.series)))
}
