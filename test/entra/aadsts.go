package entra

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// stsError is one refusal of the security token service.
type stsError struct {
	code     int    // the number after AADSTS
	b2c      bool   // AADB2C it is, and another form
	oauth    string // the protocol's error
	text     string // one sentence or two
	status   int    // of a JSON answer; 0 means 400
	suberror string // token endpoint only
	claims   string // token endpoint only: a claims parameter for the next authorization request
	subcode  string // authorization answer only
}

// Error makes refusals readable in tests of this package.
func (e *stsError) Error() string { return fmt.Sprintf("%s (%s)", e.problem(), e.oauth) }

// problem is the refusal as the sign-in page shows it.
func (e *stsError) problem() string {
	if e.b2c {
		return fmt.Sprintf("AADB2C%d: %s", e.code, e.text)
	}
	return fmt.Sprintf("AADSTS%d: %s", e.code, e.text)
}

// described is an stsError at a moment: its description holds fresh ids, as Entra's does.
type described struct {
	*stsError
	trace, correlation, timestamp, description, uri string
}

func (s *Server) describe(e *stsError) described {
	d := described{
		stsError: e, trace: newGUID(), correlation: newGUID(),
		timestamp: s.now().UTC().Format("2006-01-02 15:04:05Z"),
		uri:       s.BaseURL() + "/error?code=" + strconv.Itoa(e.code),
	}
	if s.plain {
		bare := *e
		bare.subcode = ""
		d.stsError, d.uri, d.description = &bare, "", e.text
		return d
	}
	if e.b2c {
		d.uri = ""
		d.description = fmt.Sprintf("AADB2C%d: %s\r\nCorrelation ID: %s\r\nTimestamp: %s\r\n", e.code, e.text, d.correlation, d.timestamp)
		return d
	}
	d.description = fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e.code, e.text, d.trace, d.correlation, d.timestamp)
	return d
}

// authorizeValues is the error as parameters of the redirect URI.
func (d described) authorizeValues() url.Values {
	v := url.Values{"error": {d.oauth}, "error_description": {d.description}}
	if d.uri != "" {
		v.Set("error_uri", d.uri)
	}
	if d.subcode != "" {
		v.Set("error_subcode", d.subcode)
	}
	return v
}

// writeTokenError answers as the token endpoint does.
func (s *Server) writeTokenError(w http.ResponseWriter, e *stsError) {
	d := s.describe(e)
	if d.b2c || s.plain {
		writeJSON(w, cmp.Or(d.status, http.StatusBadRequest), map[string]any{"error": d.oauth, "error_description": d.description})
		return
	}
	body := map[string]any{
		"error": d.oauth, "error_description": d.description, "error_codes": []int{d.code}, "timestamp": d.timestamp,
		"trace_id": d.trace, "correlation_id": d.correlation, "error_uri": d.uri,
	}
	if d.suberror != "" {
		body["suberror"] = d.suberror
	}
	if d.claims != "" {
		body["claims"] = d.claims
	}
	writeJSON(w, cmp.Or(d.status, http.StatusBadRequest), body)
}

// writeJSON answers with v, never stored.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the emulator could not encode its answer", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store, no-cache")
		h.Set("Pragma", "no-cache")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away
}

func missingParameter(name string) *stsError {
	return &stsError{code: 900144, oauth: "invalid_request", text: "The request body must contain the following parameter: '" + name + "'."}
}

func malformed(why string) *stsError {
	return &stsError{code: 9002313, oauth: "invalid_request", text: "Invalid request. Request is malformed or invalid: " + why + "."}
}

func consentMissing(client Client, oauth string) *stsError {
	return &stsError{code: 65001, oauth: oauth, suberror: "consent_required", text: "The user or administrator has not consented to use the application with ID '" +
		client.ID + "' named '" + client.Name + "'. Send an interactive authorization request for this user and resource."}
}
