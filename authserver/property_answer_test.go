package authserver_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"
)

// answered is what became of a request.
type answered struct {
	status  int // 0: none, the connection was closed
	header  http.Header
	told    map[string]string
	clock   []time.Time // what the server read
	aborted any         // a panic that left the handler
}

// try asks as a connection does: what panics has no answer.
func (st *stage) try(query string, h http.Header) (a *answered) {
	st.time.listen()
	w := &writer{header: http.Header{}}
	a = &answered{}
	defer func() {
		if a.aborted = recover(); a.aborted == nil {
			a.status, a.header = w.status, w.sent
			a.told = identityOf(&http.Response{Header: w.sent})
		} else if w.status != 0 {
			a.status, a.header = w.status, w.sent // a part of it may have left
		}
		st.time.mu.Lock()
		defer st.time.mu.Unlock()
		a.clock = slices.Clone(st.time.told)
	}()
	r := httptest.NewRequestWithContext(st.t.Context(), http.MethodGet, "http://auth.internal"+authPath, nil)
	r.URL.RawQuery, r.Header = query, h
	st.server.ServeHTTP(w, r)
	return a
}

// writer notes what a handler answers: a recorder takes silence for 200.
type writer struct {
	header, sent http.Header
	status       int
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(b), nil
}

func (a *answered) String() string {
	return fmt.Sprintf("%d as %v, cookies %q, panic %v", a.status, a.told, a.header["Set-Cookie"], a.aborted)
}

// sameAs reports whether an answer tells of the same person as another.
func (a *answered) sameAs(told map[string]string) bool { return maps.Equal(a.told, told) }
