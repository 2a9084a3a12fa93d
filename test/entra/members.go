package entra

import "slices"

// member is a client that a user signed in to in one browser. Its sid is that of
// the token, which a session that began anew may have left behind.
type member struct {
	clientID string
	tenant   string
	sid      string
}

// join remembers a client with a browser's session. B2C's tokens carry no sid by
// which a client could find its own session again: they are left out.
func (s *Server) join(sessionID string, g grant) {
	m := member{clientID: g.clientID, tenant: g.tenant, sid: g.sid}
	if g.policy != "" {
		return
	}
	s.sessions.swap(sessionID, func(v *session) {
		if !slices.Contains(v.members, m) {
			v.members = append(slices.Clone(v.members), m)
		}
	})
}

// frames are the front-channel addresses of a session's clients, one for each sid.
func (s *Server) frames(have session) []string {
	var list []string
	for _, m := range have.members {
		c, _ := s.client(m.clientID)
		if c.FrontChannelLogoutURI == "" {
			continue
		}
		v := map[string][]string{ClaimSessionID: {m.sid}}
		if c.FrontChannelIss || s.plain {
			v["iss"] = []string{s.issuer(m.tenant)}
		}
		list = append(list, withQuery(c.FrontChannelLogoutURI, v))
	}
	return list
}
