package entra

import "github.com/easyauth-sidecar/easyauth/authserver/secret"

// maxEndSession is the longest address with a hint in it, in bytes: as a header of
// an answer it has to fit into a buffer of 4 KB beside others (nginx's default).
const maxEndSession = 3000

// EndSession is one sign-out at the provider.
type EndSession struct {
	ReturnURI string        // post_logout_redirect_uri; empty sends none
	State     string        // comes back to ReturnURI; empty sends none
	Hint      string        // logout_hint: the claim login_hint of the ID token; empty: there is none
	IDToken   secret.String // id_token_hint: the ID token of the session, also one that has expired; empty: there is none
}

// EndSessionURL returns where to send the browser so that the provider ends its
// own session (OpenID Connect RP-Initiated Logout 1.0). It returns false when the
// provider has no such address or discovery has not succeeded.
//
// One hint says whose session it is: Entra ID is given the logout_hint and only
// without one the ID token, another provider the other way round. A hint that
// would make the address longer than 3,000 bytes is left out; the other one is
// tried then. The ID token is not secret to the browser that it belongs to, but
// the address holds it: it must not be logged.
func (rp *RelyingParty) EndSessionURL(e EndSession) (string, bool) {
	p := rp.provider.Load()
	if p == nil || p.endSession == nil {
		return "", false
	}
	hints := []endSessionHint{{logoutHint, e.Hint}, {idTokenHint, e.IDToken.Reveal()}}
	if rp.cfg.Kind == Plain {
		hints[0], hints[1] = hints[1], hints[0]
	}
	params := map[string]string{ // each name, so that one in the provider's own address goes
		"client_id":                rp.cfg.ClientID,
		"post_logout_redirect_uri": e.ReturnURI,
		"state":                    e.State,
		logoutHint:                 "",
		idTokenHint:                "",
	}
	for _, hint := range hints {
		if hint.value == "" {
			continue
		}
		params[hint.name] = hint.value
		if address := withQuery(p.endSession, params); len(address) <= maxEndSession {
			return address, true
		}
		params[hint.name] = ""
	}
	return withQuery(p.endSession, params), true
}

const (
	logoutHint  = "logout_hint"
	idTokenHint = "id_token_hint"
)

type endSessionHint struct{ name, value string }
