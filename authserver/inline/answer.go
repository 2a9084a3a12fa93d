package inline

import (
	"context"
	"net/http"
	"slices"
)

// answer is the client's side. It keeps from the client what an application must not say before its
// answer (103 Early Hints): cookies. It waits for a client that does not read as long as patience says.
type answer struct {
	http.ResponseWriter

	patience *patience
	life     context.Context //nolint:containedctx // of the request, if it is upgraded
}

// Unwrap serves http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if status < http.StatusOK && status != http.StatusSwitchingProtocols {
		delete(a.Header(), setCookie)
		a.patience.begin(&a.patience.written) // it is sent at once
		defer a.patience.end(&a.patience.written)
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.patience.begin(&a.patience.written)
	defer a.patience.end(&a.patience.written)
	return a.ResponseWriter.Write(b) //nolint:wrapcheck // a writer hands on what it gets
}

// FlushError serves http.ResponseController.
func (a *answer) FlushError() error {
	a.patience.begin(&a.patience.written)
	defer a.patience.end(&a.patience.written)
	return a.patience.client.Flush() //nolint:wrapcheck // and so does a flusher
}

// trailed takes away what an application must not say behind its answer: cookies.
func trailed(h http.Header) { delete(h, setCookie) }

// answered gives an application's answer our cookies, and takes away those that it set under our names.
func answered(h http.Header, ours []string) {
	if theirs := h[setCookie]; len(theirs) > 0 {
		if theirs = slices.DeleteFunc(theirs, func(line string) bool { return isOwnCookie(cookieName(line)) }); len(theirs) == 0 {
			delete(h, setCookie)
		} else {
			h[setCookie] = theirs
		}
	}
	if len(ours) > 0 {
		h[setCookie] = append(h[setCookie], ours...)
	}
}
