package exchange

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// The errors of RFC 6749, and of those that follow it.
const (
	codeInvalidRequest   = "invalid_request"
	codeInvalidClient    = "invalid_client"
	codeInvalidGrant     = "invalid_grant"
	codeInvalidScope     = "invalid_scope"
	codeInvalidTarget    = "invalid_target"         // RFC 8693
	codeInvalidToken     = "invalid_token"          // RFC 6750
	codeUnsupportedGrant = "unsupported_grant_type" //
	codeUnsupportedToken = "unsupported_token_type" // RFC 7009
	codeUnavailable      = "temporarily_unavailable"
	codeServerError      = "server_error"
)

// refusal is an error that a program is told.
type refusal struct {
	status     int
	code       string // one of the above
	reason     Reason
	told       string        // what the program is told in place of reason; empty: reason
	text       string        // of error_description, after the reason; may be empty
	retryAfter time.Duration // 0: no Retry-After
	challenge  string        // WWW-Authenticate; may be empty
	allow      string        // methods, of a 405
	audited    bool          // an event of the audit stream: a code or a token was looked at, and refused
	err        error         // for the log; may be nil
}

// Error gives the reason and the cause, for a log.
func (f *refusal) Error() string {
	text := string(f.reason)
	if f.text != "" {
		text += ": " + f.text
	}
	if f.err != nil {
		text += ": " + f.err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (f *refusal) Unwrap() error { return f.err }

// description is error_description: the reason's word, and a text behind a colon.
func (f *refusal) description() string {
	word := cmp.Or(f.told, string(f.reason))
	if f.text == "" {
		return descriptive(word)
	}
	return descriptive(word + ": " + f.text)
}

// descriptive leaves out what RFC 6749 has no place for in error_description: all but
// printable ASCII, quotes and backslashes.
func descriptive(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
}

// write answers a program.
func (f *refusal) write(w http.ResponseWriter) {
	h := w.Header()
	if f.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((f.retryAfter+time.Second-1)/time.Second), 10))
	}
	if f.challenge != "" {
		h.Set("WWW-Authenticate", f.challenge)
	}
	if f.allow != "" {
		h.Set("Allow", f.allow)
	}
	pages.WriteJSON(w, f.status, errorAnswer{f.code, f.description()})
}

// errorAnswer is that of RFC 6749, section 5.2.
type errorAnswer struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}
