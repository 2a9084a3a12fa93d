package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// An nginx that does not say where a request goes, or says it in a way that cannot
// be read, opens nothing: a good ticket is of no use there, and nothing is set.
func TestAttack02NginxSaysItBadly(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	ticket := "Cookie: " + signedIn(t, s, entra.Adele).ticket()
	const two = "proxy_set_header X-Original-URL https://app.test/a; proxy_set_header X-Original-URL https://app.test/b;"
	f := startFront(t, s, "", "underscores_in_headers on;"+
		guarded("well", "/well", "", saysWhere, "")+guarded("silent", "/silent", "", "", "")+
		guarded("two", "/two", "", two, "")+guarded("said", "/said", "", "proxy_set_header X-Original-URL $http_x_say;", ""))
	const where = "https://app.test/said"
	tests := []struct {
		name, path string
		lines      []string
		passes     bool
	}{
		{"as it should be", "/well", nil, true},
		{"as it should be, whatever the client says", "/well", []string{"X-Original-URL: //evil.test", "X-Original-URL: https://evil.test/%zz"}, true},
		{"as it should be, with underscores let through", "/well", []string{"X_Original_URL: %zz", "X_ORIGINAL_URL: https://evil.test/"}, true},
		{"missing", "/silent", nil, false},
		{"missing, with others in its place", "/silent", []string{"X-Original-URI: /silent", "X-Forwarded-Uri: /silent", "X-Forwarded-Host: app.test", "X-Forwarded-Proto: https"}, false},
		{"missing, with underscores", "/silent", []string{"X_Original_URL: " + where}, false},
		{"the client's, twice", "/silent", []string{"X-Original-URL: " + where, "X-Original-URL: " + where}, false},
		{"the client's, two joined", "/silent", []string{"X-Original-URL: " + where + ", " + where}, false},
		{"two lines", "/two", nil, false},
		{"one good", "/said", []string{"X-Say: " + where}, true},
		{"one good, with a query", "/said", []string{"X-Say: " + where + "?%zz"}, true},
		{"empty", "/said", []string{"X-Say: "}, false},
		{"two joined", "/said", []string{"X-Say: " + where + ", https://evil.test/"}, false},
		{"two joined without a blank", "/said", []string{"X-Say: " + where + ",https://evil.test/"}, false},
		{"a comma in a path", "/said", []string{"X-Say: " + where + ",https:/x"}, true},
		{"a percent sign", "/said", []string{"X-Say: " + where + "%"}, false},
		{"no escape", "/said", []string{"X-Say: " + where + "%zz"}, false},
		{"half an escape", "/said", []string{"X-Say: " + where + "%2"}, false},
		{"a control byte", "/said", []string{"X-Say: " + where + "\x01"}, false},
		{"a tab", "/said", []string{"X-Say: " + where + "\tx"}, false},
		{"DEL", "/said", []string{"X-Say: " + where + "\x7f"}, false},
		{"invalid UTF-8", "/said", []string{"X-Say: " + where + "\xff"}, false},
		{"a surrogate", "/said", []string{"X-Say: " + where + "\xed\xa0\x80"}, false},
		{"valid UTF-8", "/said", []string{"X-Say: " + where + "\u20ac"}, true},
		{"no scheme", "/said", []string{"X-Say: //app.test/said"}, false},
		{"no host", "/said", []string{"X-Say: /said"}, false},
		{"an empty host", "/said", []string{"X-Say: https:///said"}, false},
		{"userinfo", "/said", []string{"X-Say: https://user@app.test/said"}, false},
		{"userinfo with a password", "/said", []string{"X-Say: https://user:pw@app.test/said"}, false},
		{"another scheme", "/said", []string{"X-Say: ftp://app.test/said"}, false},
		{"a blank in the host", "/said", []string{"X-Say: https://app .test/said"}, false},
		{"7 KB", "/said", []string{"X-Say: " + where + strings.Repeat("a", 7<<10)}, true},
		{"more than 8 KB", "/said", []string{"X-Say: " + where + strings.Repeat("a", 8170-len("X-Say: "))}, false},
	}
	for _, tt := range tests {
		for _, cookie := range []string{ticket, "Accept: text/html"} {
			answer := f.send(get(tt.path, append(slices.Clone(tt.lines), cookie)...))
			switch {
			case !tt.passes:
				// Control bytes do not even get into EasyAuth: nginx makes a 500 of that.
				f.none(tt.name, answer, http.StatusForbidden, http.StatusBadRequest, http.StatusInternalServerError)
			case cookie == ticket:
				f.one(tt.name, answer)
			default:
				f.none(tt.name+", without a ticket", answer, http.StatusUnauthorized)
			}
			if head, _, _ := strings.Cut(answer, "\r\n\r\n"); !tt.passes && (strings.Contains(head, "Set-Cookie") || strings.Contains(strings.ToLower(head), "x-injected")) {
				t.Errorf("%s: the answer has\n%s", tt.name, head)
			}
		}
	}
	for _, line := range []string{"X-Say: " + where + "\x00", "X-Original-URL: " + where + "\x00", "X-Original-URL\x00: " + where, "X-Say: " + where + "\rX-Original-URL: " + where} {
		for _, path := range []string{"/said", "/silent"} {
			f.none(line, f.send(get(path, line, ticket)))
		}
	}
	if log := s.Log(); !strings.Contains(log, "proxy_set_header X-Original-URL") || !strings.Contains(log, `"reason":"bad_original_url"`) {
		t.Error("the log does not name the directive to add")
	}
}
