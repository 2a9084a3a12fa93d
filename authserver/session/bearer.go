package session

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// TokenIn finds a token of ours in the Authorization headers of a request. If one is
// there it is claimed and decides alone, also when it is bad. The reason is ReasonOK, or
// says why it is refused unread: it is one of several headers, also when they are joined
// by a comma, or it is not written as "Bearer", in any case, one blank and the token.
// Whatever else the headers hold is for others to judge.
func TokenIn(h http.Header) (token string, claimed bool, reason access.Reason) {
	lines := h["Authorization"]
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			found, exact := bearerOf(part)
			if !IsToken(found) && !strings.HasPrefix(found, RefreshPrefix) {
				continue
			}
			switch {
			case len(lines) > 1 || len(part) != len(line):
				return "", true, access.ReasonBearerAmbiguous
			case !exact:
				return "", true, access.ReasonBearerInvalid
			}
			return found, true, access.ReasonOK
		}
	}
	return "", false, access.ReasonOK
}

// bearerOf takes the token out of an Authorization header, "" when its scheme is
// another. exact: it is written as it must be. An application behind us may be less
// strict.
func bearerOf(line string) (token string, exact bool) {
	const scheme, white = "bearer", " \t"
	rest := strings.TrimLeft(line, white)
	if len(rest) <= len(scheme) || !strings.EqualFold(rest[:len(scheme)], scheme) || !strings.ContainsRune(white, rune(rest[len(scheme)])) {
		return "", false
	}
	token = strings.Trim(rest[len(scheme):], white)
	return token, line[len(line)-len(token):] == token && len(line) == len(scheme)+1+len(token) && line[len(scheme)] == ' '
}

// Bearer reads the session of the token of ours that a request carries; see TokenIn and
// ReadToken. Without one it returns claimed false, and nothing else.
func (m *Manager) Bearer(ctx context.Context, h http.Header) (s *Session, expires time.Time, claimed bool, reason access.Reason, err error) {
	token, claimed, reason := TokenIn(h)
	switch {
	case !claimed:
		return nil, time.Time{}, false, access.ReasonOK, nil
	case reason != access.ReasonOK:
		return nil, time.Time{}, true, reason, nil
	}
	s, expires, reason, err = m.ReadToken(ctx, token)
	return s, expires, true, reason, err
}
