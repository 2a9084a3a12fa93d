package ingress

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// fromNginx is a browser's request as nginx passes it on.
func fromNginx(b *testing.B) *http.Request {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/easyauth/auth?role=Orders.Read", nil)
	for name, value := range map[string]string{
		"X-Original-URL": "https://app.test/orders?page=2", "X-Original-Method": http.MethodGet, "X-Real-IP": "192.0.2.17",
		"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
	} {
		r.Header.Set(name, value)
	}
	return r
}

func BenchmarkNginx(b *testing.B) {
	r := fromNginx(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Nginx(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNavigation(b *testing.B) {
	h := fromNginx(b).Header
	b.ReportAllocs()
	for b.Loop() {
		if !Navigation(http.MethodGet, h) {
			b.Fatal("no navigation")
		}
	}
}
