package entra

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// logout ends the browser's session. It redirects only to an address that was
// registered, of the client that client_id or id_token_hint names, else of any.
// Refresh tokens live on, as at Entra.
func (s *Server) logout(w http.ResponseWriter, r *http.Request, _ authority) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.errorPage(w, malformed("the parameters cannot be read"))
		return
	}
	if have, ok := s.session(r); ok {
		s.sessions.delete(have.id)
	}
	http.SetCookie(w, s.sessionCookie(""))
	target := r.Form.Get("post_logout_redirect_uri")
	if !s.mayReturn(target, logoutClient(r.Form)) {
		s.render(w, http.StatusOK, page{Title: "You signed out", Step: "signed-out"})
		return
	}
	back := url.Values{}
	if state := r.Form.Get("state"); state != "" {
		back.Set("state", state)
	}
	http.Redirect(w, r, withQuery(target, back), http.StatusFound) //nolint:gosec // one of the registered addresses
}

func (s *Server) mayReturn(target, clientID string) bool {
	return target != "" && slices.ContainsFunc(s.allClients(), func(c Client) bool {
		return (clientID == "" || clientID == c.ID) && slices.Contains(c.PostLogoutURIs, target)
	})
}

// logoutClient names the client that signs out. A hint's signature is not
// checked: it only narrows what is allowed.
func logoutClient(v url.Values) string {
	if id := v.Get("client_id"); id != "" {
		return id
	}
	parts := strings.Split(v.Get("id_token_hint"), ".")
	var claims struct {
		Audience string `json:"aud"`
	}
	if len(parts) == 3 && decodeSegment(parts[1], &claims) == nil {
		return claims.Audience
	}
	return ""
}
