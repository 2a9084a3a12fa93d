package tracing_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

const (
	traceOf  = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanOf   = "00f067aa0ba902b7"
	sampled  = "00-" + traceOf + "-" + spanOf + "-01"
	lateForm = "01-" + traceOf + "-" + spanOf + "-01-what-comes-later"
)

func request(t *testing.T, h http.Header) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if h != nil {
		r.Header = h
	}
	return r
}

func TestRequestID(t *testing.T) {
	ours := regexp.MustCompile(`^[0-9a-f]{16}$`)
	for _, tt := range []struct {
		name   string
		values []string
		taken  bool
	}{
		{"nginx's", []string{"0123456789abcdef0123456789abcdef"}, true},
		{"a UUID", []string{"6f1d3c9e-93d4-4d1c-8f42-1d9f0d2c7a10"}, true},
		{"all that may be", []string{"AZaz09._~-"}, true},
		{"128 characters", []string{strings.Repeat("x", 128)}, true},
		{"129 characters", []string{strings.Repeat("x", 129)}, false},
		{"none", nil, false},
		{"empty", []string{""}, false},
		{"two", []string{"a", "a"}, false},
		{"a space", []string{"a b"}, false},
		{"a comma", []string{"a,b"}, false},
		{"a line break", []string{"a\nb"}, false},
		{"a quote", []string{`a"b`}, false},
		{"not ASCII", []string{"aéb"}, false},
		{"no UTF-8", []string{"a\xff"}, false},
		{"64 KB", []string{strings.Repeat("x", 64<<10)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, http.Header{"X-Request-Id": tt.values})
			got := tracing.OriginOf(r).RequestID
			switch {
			case tt.taken && got != tt.values[0]:
				t.Errorf("%q is not taken over: %q", tt.values, got)
			case !tt.taken && !ours.MatchString(got):
				t.Errorf("%q", got)
			case !tt.taken && got == tracing.OriginOf(r).RequestID:
				t.Error("two requests have one id")
			}
		})
	}
}

func TestTraceID(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []string
		want   string
	}{
		{"sampled", []string{sampled}, traceOf},
		{"not sampled", []string{"00-" + traceOf + "-" + spanOf + "-00"}, traceOf},
		{"a later version", []string{lateForm}, traceOf},
		{"none", nil, ""},
		{"two", []string{sampled, sampled}, ""},
		{"no trace", []string{"00-00000000000000000000000000000000-" + spanOf + "-01"}, ""},
		{"no span", []string{"00-" + traceOf + "-0000000000000000-01"}, ""},
		{"a version that never is", []string{"ff-" + traceOf + "-" + spanOf + "-01"}, ""},
		{"something after version 0", []string{sampled + "-x"}, ""},
		{"capital letters", []string{strings.ToUpper(sampled)}, ""},
		{"too short", []string{sampled[:54]}, ""},
		{"forged", []string{"00-\r\n{\"msg\":\"forged\"}xxxxxxxxxxxxxx-" + spanOf + "-01"}, ""},
		{"64 KB", []string{lateForm + strings.Repeat("x", 64<<10)}, traceOf},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tracing.OriginOf(request(t, http.Header{"Traceparent": tt.values})).TraceID; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestClient(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []string
		want   string
	}{
		{"IPv4", []string{"192.0.2.17"}, "192.0.2.17"},
		{"IPv6", []string{"2001:DB8::0:1"}, "2001:db8::1"},
		{"IPv4 as IPv6", []string{"::ffff:192.0.2.17"}, "192.0.2.17"},
		{"none", nil, ""},
		{"two headers", []string{"192.0.2.17", "192.0.2.17"}, ""},
		{"two addresses", []string{"192.0.2.17, 192.0.2.18"}, ""},
		{"a port", []string{"192.0.2.17:80"}, ""},
		{"a zone, which is any text", []string{"fe80::1%\r\nforged"}, ""},
		{"a name", []string{"localhost"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tracing.OriginOf(request(t, http.Header{"X-Real-Ip": tt.values})).Client; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
