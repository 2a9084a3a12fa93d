package pages

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// SecurityHeaders sets what every answer of ours carries, pages, JSON and
// redirects alike: nothing is cached, sniffed, framed or leaked as a referrer.
// They take less than 250 bytes of an answer's header block.
func SecurityHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// WriteJSON answers with v as JSON and the headers of SecurityHeaders. A v that
// cannot be encoded is answered 500 with {"error":"internal"}.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"internal"}`)
	}
	SecurityHeaders(w.Header())
	send(w, status, "application/json", append(body, '\n'))
}

// maxFormOrigins bounds the list of origins in one header. Many more hosts than
// that would push the answer over the 4,000 bytes that a proxy reads by default.
const maxFormOrigins = 2000 // bytes

// formAction is the CSP directive's value for a form that posts to ourselves
// and is then redirected to one of origins: Chromium checks the directive on
// every redirect that follows. Entries that are not a plain http or https
// origin are left out. A list that is too long becomes the schemes it uses.
func formAction(origins []string) string {
	list, schemes := []string{"'self'"}, []string{"'self'"}
	size := 0
	for _, o := range origins {
		if !isSource(o) || slices.Contains(list, o) {
			continue
		}
		list = append(list, o)
		size += len(o) + 1
		scheme, _, _ := strings.Cut(o, "//")
		if !slices.Contains(schemes, scheme) {
			schemes = append(schemes, scheme)
		}
	}
	if size > maxFormOrigins {
		list = schemes
	}
	return strings.Join(list, " ")
}

// isSource reports whether o is a CSP host source with a scheme and no path.
// Everything else (a space, ";" or "," above all) could add a directive.
func isSource(o string) bool {
	host, ok := strings.CutPrefix(o, "https://")
	if !ok {
		host, ok = strings.CutPrefix(o, "http://")
	}
	return ok && host != "" && !strings.ContainsFunc(host, func(r rune) bool { return !sourceRune(r) })
}

func sourceRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-.*:", r)
}

// Empty answers 200 without a body, to an identity provider that loads our
// front-channel logout in a frame of its own page: it may be framed by anyone, and
// is kept by nobody.
func Empty(w http.ResponseWriter) {
	h := w.Header()
	SecurityHeaders(h)
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Pragma", "no-cache") // the specification asks for it
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors *")
	h.Del("X-Frame-Options")
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}
