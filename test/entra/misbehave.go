package entra

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// misbehave applies the endpoint's fault. It returns the writer for the real
// answer and true, or false when the request is answered.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, e Endpoint) (http.ResponseWriter, bool) {
	return s.misbehaveAs(w, r, e, s.faults.endpoint(e))
}

// misbehaveAs is misbehave with a fault.
func (s *Server) misbehaveAs(w http.ResponseWriter, r *http.Request, e Endpoint, f EndpointFault) (http.ResponseWriter, bool) {
	if !wait(w, r, f.Delay) {
		panic(http.ErrAbortHandler) // nobody is there to read an answer
	}
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	if f.ContentType != "" {
		w = &typedWriter{ResponseWriter: w, contentType: f.ContentType}
	}
	if f.Status != 0 && f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	switch {
	case f.Location != "":
		w.Header().Set("Location", f.Location)
		w.WriteHeader(cmp.Or(f.Status, http.StatusFound))
	case f.Body != "":
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
		_, _ = io.WriteString(w, f.Body) // the client went away
	case f.Status != 0:
		s.failedEndpoint(w, e, f.Status)
	case f.Garbage:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "{\"keys\": <<<\x00\xff not json at all")
	case f.HugeBytes > 0:
		writeHuge(w, f.HugeBytes)
	default:
		return w, true
	}
	return w, false
}

// wait reports whether the client is still there after d. It reads the body
// first: net/http notices that a client went away only after that.
func wait(w http.ResponseWriter, r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxGraphBody))
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (s *Server) failedEndpoint(w http.ResponseWriter, e Endpoint, status int) {
	switch e {
	case EndpointGraph, EndpointUserInfo:
		s.writeGraph(w, graphFailure(status))
	case EndpointToken:
		s.writeTokenError(w, transient(status))
	default:
		http.Error(w, http.StatusText(status), status)
	}
}

// transient is the token endpoint's refusal for now.
func transient(status int) *stsError {
	fail := &stsError{code: 90033, oauth: "temporarily_unavailable", status: status, text: "A transient error has occurred. Please try again."}
	if status == http.StatusTooManyRequests {
		fail.code, fail.text = 90055, "There are too many incoming requests. Please try again later."
	}
	return fail
}

// writeHuge answers with a JSON object of one string that is n bytes long. It
// stops when the client stops reading.
func writeHuge(w http.ResponseWriter, n int64) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	if _, err := io.WriteString(w, `{"padding":"`); err != nil {
		return
	}
	block := strings.Repeat("A", 64<<10)
	for n > 0 {
		part := block[:min(n, int64(len(block)))]
		if _, err := io.WriteString(w, part); err != nil {
			return
		}
		n -= int64(len(part))
	}
	_, _ = io.WriteString(w, `"}`) // the client went away
}

// typedWriter forces a content type on an answer.
type typedWriter struct {
	http.ResponseWriter
	contentType string
}

func (t *typedWriter) WriteHeader(status int) {
	t.Header().Set("Content-Type", t.contentType)
	t.ResponseWriter.WriteHeader(status)
}

func (t *typedWriter) Write(b []byte) (int, error) {
	t.Header().Set("Content-Type", t.contentType)
	return t.ResponseWriter.Write(b)
}
