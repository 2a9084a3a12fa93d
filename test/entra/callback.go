package entra

import (
	"net/http"
	"net/url"
	"strings"
)

// refuse sends an error to the redirect URI.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, req authRequest, fail *stsError) {
	s.answerClient(w, r, req, s.describe(fail).authorizeValues())
}

// answerClient sends values and state to the redirect URI, in the response mode
// that was asked, with the faults of callbacks.
func (s *Server) answerClient(w http.ResponseWriter, r *http.Request, req authRequest, v url.Values) {
	f := s.faults.get()
	if f.CallbackError != "" {
		d := s.describe(&stsError{code: 90099, oauth: f.CallbackError, text: "The emulator was told to refuse."})
		v = d.authorizeValues()
		if f.CallbackErrorDescription != "" {
			v.Set("error_description", f.CallbackErrorDescription)
		}
	}
	if req.state != "" {
		v.Set("state", req.state)
	}
	if f.CallbackState != "" {
		v.Set("state", f.CallbackState)
	}
	if f.CallbackIssuer != "" {
		v.Set("iss", f.CallbackIssuer)
	}
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.Header().Set("Referrer-Policy", "strict-origin-when-cross-origin")
	switch req.mode {
	case "form_post":
		s.postPage(w, req.redirectURI, v)
	case "fragment":
		http.Redirect(w, r, req.redirectURI+"#"+v.Encode(), http.StatusFound) //nolint:gosec // a registered address
	default:
		http.Redirect(w, r, withQuery(req.redirectURI, v), http.StatusFound) //nolint:gosec // a registered address
	}
}

// withQuery appends parameters to an address that may have some, and leaves
// those as they are.
func withQuery(address string, v url.Values) string {
	switch {
	case len(v) == 0:
		return address
	case strings.Contains(address, "?"):
		return address + "&" + v.Encode()
	}
	return address + "?" + v.Encode()
}
