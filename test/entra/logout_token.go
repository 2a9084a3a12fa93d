package entra

import (
	"fmt"
	"time"
)

// logoutEvent is the event that makes a token a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutTokenLifetime is how long a logout token is good; the specification advises two minutes.
const logoutTokenLifetime = 2 * time.Minute

// LogoutToken returns a logout token of OpenID Connect Back-Channel Logout 1.0 for
// a client, with the subject that the client's ID tokens have of the user ("" for a
// token without sub) and with sid ("" for one without). Faults apply. Without
// Config.Plain it makes them too: of Entra, which has no such thing.
// It fails when user or client are unknown.
func (s *Server) LogoutToken(userID, clientID, sid string) (string, error) {
	if _, ok := s.client(clientID); !ok {
		return "", fmt.Errorf("no client %q", clientID)
	}
	tenant, sub := s.tenant, ""
	if userID != "" {
		u, ok := s.User(userID)
		if !ok {
			return "", fmt.Errorf("no user %q", userID)
		}
		tenant = s.home(u)
		sub = pairwise(tenant, u.ObjectID, clientID)
	}
	return s.logoutToken(clientID, tenant, sub, sid), nil
}

func (s *Server) logoutToken(clientID, tenant, sub, sid string) string {
	now, f := s.now(), s.faults.get()
	claims := map[string]any{
		"iss": s.issuer(tenant), "aud": clientID, "iat": now.Unix(), "exp": now.Add(logoutTokenLifetime).Unix(), "jti": newGUID(),
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
	set(claims, "sub", sub)
	set(claims, ClaimSessionID, sid)
	s.breakClaims(claims, f.LogoutToken)
	breakLogout(claims, f.LogoutToken)
	if f.EditLogout != nil {
		f.EditLogout(claims)
	}
	return s.sign(s.keys.of(tenant), claims, f.LogoutToken, func(header map[string]any) {
		header["typ"] = "logout+jwt"
		if f.LogoutToken == LogoutOtherType {
			header["typ"] = "at+jwt"
		}
		if f.EditLogoutHeader != nil {
			f.EditLogoutHeader(header)
		}
	})
}
