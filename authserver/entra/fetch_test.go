package entra

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Of an answer that is an error the provider's number is told, and nothing else of it.
func TestFetchTellsTheNumber(t *testing.T) {
	const marker = "Zq9Marker"
	for _, tt := range []struct {
		name, body, want string
		status           int
	}{
		{"a description", `{"error":"invalid_tenant","error_description":"AADSTS90002: ` + marker + `"}`, "AADSTS90002", 400},
		{"of B2C", `{"error_description":"AADB2C90047: ` + marker + `"}`, "AADB2C90047", 404},
		{"codes alone", `{"error":"invalid_tenant","error_codes":[900023, 1]}`, "AADSTS900023", 400},
		{"codes beside another text", `{"error_description":"` + marker + `","error_codes":[90002]}`, "AADSTS90002", 500},
		{"not at the beginning", `{"error_description":"` + marker + ` AADSTS90002"}`, "", 400},
		{"too many digits", `{"error_description":"AADSTS900020000000000"}`, "", 400},
		{"a code that is none", `{"error_codes":["` + marker + `"]}`, "", 400},
		{"no code", `{"error_codes":[]}`, "", 400},
		{"twice", `{"error_description":"AADSTS90002: a","error_description":"AADSTS90003: b"}`, "", 400},
		{"a page", "<html>AADSTS90002 " + marker, "", 400},
		{"longer than is read", `{"error_description":"AADSTS90002: ` + strings.Repeat("x", 2000) + `"}`, "", 400},
		{"nothing", "", "", 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer srv.Close()
			_, err := fetch(t.Context(), srv.Client(), srv.URL, 1000)
			refused, ok := errors.AsType[*Error](err)
			if !ok || refused.Reason != ReasonIDPError || refused.Code() != tt.want {
				t.Fatalf("got %v, want the number %q", err, tt.want)
			}
			if text := err.Error(); strings.Contains(text, marker) || tt.want != "" && !strings.HasSuffix(text, " ("+tt.want+")") || tt.want == "" && strings.Contains(text, "AAD") {
				t.Errorf("got %s", text)
			}
		})
	}
}
