package entra

import (
	"net/http"
	"net/url"
	"time"
)

const grantRefresh = "refresh_token"

// maxRefreshes is how many refresh tokens a Server keeps; a test under load makes many.
const maxRefreshes = 200_000

// refresh is a refresh token.
type refresh struct {
	grant   grant
	last    string // resource of the token that came with it
	expires time.Time
	revoked bool
	used    bool // and ended by that: see Sessions.RotateRefreshTokens
}

// refreshTokens is the token endpoint for refresh tokens: counted, held, and with faults of its own.
func (s *Server) refreshTokens(w http.ResponseWriter, r *http.Request, at authority, client Client, form url.Values) {
	t, _ := s.refreshes.get(form.Get("refresh_token"))
	noted := s.seen.sawRefresh(RefreshCall{ClientID: client.ID, User: t.grant.oid, SID: t.grant.sid, Scope: form.Get("scope")})
	s.hold(r, grantRefresh)
	f := s.refreshFault(t.grant.oid)
	out, ok := s.misbehaveAs(&statusWriter{ResponseWriter: w, told: noted}, r, EndpointToken, f.EndpointFault)
	if !ok {
		return
	}
	if f.Refuse != "" {
		s.writeTokenError(out, f.Refuse.refusal())
		return
	}
	answer, fail := s.redeemRefresh(at, client, form)
	if f.Lost {
		panic(http.ErrAbortHandler)
	}
	s.writeTokens(out, answer, fail)
}

// redeemRefresh gives tokens for any one resource that was consented to, and a
// new refresh token. The old one stays good until it ends, as at Entra, unless
// Sessions.RotateRefreshTokens says otherwise.
func (s *Server) redeemRefresh(at authority, client Client, form url.Values) (map[string]any, *stsError) {
	id := form.Get("refresh_token")
	if id == "" {
		return nil, missingParameter("refresh_token")
	}
	t, ok := s.refreshes.get(id)
	switch {
	case !ok, t.grant.clientID != client.ID, t.grant.policy != at.policy, at.tenant != "" && at.tenant != t.grant.tenant:
		return nil, unknownRefresh()
	case t.revoked, s.deadLines.has(t.grant.line):
		return nil, RefuseRevoked.refusal()
	case t.used:
		return nil, s.reused(t)
	case !s.now().Before(t.expires):
		return nil, RefuseExpired.refusal()
	}
	if fail := s.standing(client, t.grant.oid); fail != nil {
		return nil, fail
	}
	asked, fail := s.tokenScopes(client, t.grant, form.Get("scope"), t.last)
	if fail != nil {
		return nil, fail
	}
	g, fail := t.grant.withClaims(form.Get("claims"))
	if fail != nil {
		return nil, fail
	}
	if s.ends.RotateRefreshTokens {
		if before, _ := s.refreshes.swap(id, func(v *refresh) { v.used = true }); before.used {
			return nil, s.reused(t)
		}
	}
	g.nonce = "" // refreshed ID tokens have none
	return s.delegatedAnswer(client, g, asked), nil
}

func unknownRefresh() *stsError {
	return &stsError{code: 70000, oauth: "invalid_grant", text: "The provided value for the 'refresh_token' parameter is not valid."}
}

// reused refuses a refresh token that rotation has ended.
func (s *Server) reused(t refresh) *stsError {
	if s.ends.RevokeReused {
		s.deadLines.claim(t.grant.line)
	}
	return unknownRefresh()
}

// RevokeSessions ends all sign-in sessions and refresh tokens of a user: the
// next silent sign-in needs interaction, the next refresh is invalid_grant
// (AADSTS50173). Access tokens and codes that are out stay good.
func (s *Server) RevokeSessions(userID string) {
	u, ok := s.User(userID)
	if !ok {
		return
	}
	s.sessions.deleteFunc(func(v session) bool { return v.oid == u.ObjectID })
	var lines []string // a refresh that is under way must not save one
	s.refreshes.each(func(v *refresh) {
		if v.grant.oid == u.ObjectID {
			v.revoked = true
			lines = append(lines, v.grant.line)
		}
	})
	for _, line := range lines {
		s.deadLines.claim(line)
	}
}
