package entra

import (
	"net/http"
	"net/url"
	"slices"
)

// logout ends the browser's session and tells the clients of it: those with a
// front-channel address by frames in its page, with Config.Plain those with a
// back-channel address by a logout token, before it answers. It redirects only to
// an address that was registered, of the client that client_id or id_token_hint
// names, else of any. Refresh tokens live on, as at Entra.
func (s *Server) logout(w http.ResponseWriter, r *http.Request, at authority) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.errorPage(w, malformed("the parameters cannot be read"))
		return
	}
	have, signedIn := s.session(r)
	hint := s.readHints(r.Form)
	noted := LogoutRequest{Form: r.Form, User: have.oid, Hinted: hint.user, HintProblem: hint.problem}
	if fail := s.refuseHint(hint); fail != nil {
		s.seen.sawLogout(noted)
		s.errorPage(w, fail)
		return
	}
	if signedIn && s.mustAsk(hint, have, r.PostForm) {
		noted.Asked = true
		s.seen.sawLogout(noted)
		s.askSignOut(w, r, at, have)
		return
	}
	if signedIn {
		s.sessions.delete(have.id)
		noted.Frames = s.frames(have)
		s.backChannel(r.Context(), have)
	}
	http.SetCookie(w, s.sessionCookie(""))
	if target := r.Form.Get("post_logout_redirect_uri"); s.mayReturn(target, hint.client) {
		back := url.Values{}
		if state := r.Form.Get("state"); state != "" {
			back.Set("state", state)
		}
		noted.Returned = withQuery(target, back)
	}
	s.seen.sawLogout(noted)
	if noted.Returned != "" && len(noted.Frames) == 0 {
		http.Redirect(w, r, noted.Returned, http.StatusFound) //nolint:gosec // one of the registered addresses
		return
	}
	s.signedOutPage(w, noted.Frames, noted.Returned)
}

// mayReturn reports whether target is registered: of the client, or of any when
// none is named. A plain provider wants one to be named.
func (s *Server) mayReturn(target, clientID string) bool {
	if target == "" || s.plain && clientID == "" {
		return false
	}
	return slices.ContainsFunc(s.allClients(), func(c Client) bool {
		return (clientID == "" || clientID == c.ID) && slices.Contains(c.PostLogoutURIs, target)
	})
}
