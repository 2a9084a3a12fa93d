package client

import (
	"errors"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	accessPrefix  = "ea_"
	refreshPrefix = "ear_"

	maxToken = 16 << 10       // characters
	maxLife  = 24 * time.Hour // EasyAuth gives no access token for longer
)

// grant is a token endpoint's answer (RFC 6749, section 5.1).
type grant struct {
	access, refresh secret.String
	life            time.Duration
}

// tokenAnswer is the JSON of a grant.
type tokenAnswer struct {
	Access    string  `json:"access_token"`
	Type      string  `json:"token_type"`
	ExpiresIn float64 `json:"expires_in"` // seconds
	Refresh   string  `json:"refresh_token"`
}

// readGrant reads what EasyAuth's token endpoint answered. Errors hold nothing of it.
func readGrant(a *answer) (*grant, error) {
	var t tokenAnswer
	if err := a.read(&t); err != nil {
		return nil, err
	}
	switch {
	case !strings.EqualFold(t.Type, "Bearer"):
		return nil, errors.New("the answer has no token of the type Bearer")
	case !isToken(t.Access, accessPrefix):
		return nil, errors.New("the answer has no token of EasyAuth's, which begins with ea_")
	case t.Refresh != "" && !isToken(t.Refresh, refreshPrefix):
		return nil, errors.New("the answer has a refresh token that is none of EasyAuth's")
	case !(t.ExpiresIn >= 1):
		return nil, errors.New("the answer does not say how long the token is good")
	}
	return &grant{secret.New(t.Access), secret.New(t.Refresh), seconds(t.ExpiresIn)}, nil
}

// readProviderToken reads what an identity provider's token endpoint answered.
func readProviderToken(a *answer) (secret.String, error) {
	var t tokenAnswer
	if err := a.read(&t); err != nil {
		return secret.String{}, err
	}
	if !strings.EqualFold(t.Type, "Bearer") || !isToken(t.Access, "") {
		return secret.String{}, errors.New("the answer has no access token of the type Bearer")
	}
	return secret.New(t.Access), nil
}

// isToken reports a text with this prefix and more that goes into a header as it is (RFC
// 6750, section 2.1).
func isToken(s, prefix string) bool {
	rest, found := strings.CutPrefix(s, prefix)
	return found && rest != "" && len(s) <= maxToken && !strings.ContainsFunc(rest, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~+/=", r)
	})
}

// seconds is a number of seconds of at least 1, and at most maxLife.
func seconds(n float64) time.Duration {
	return time.Duration(min(n, maxLife.Seconds())) * time.Second
}

// loginAnswer is what begins a sign-in.
type loginAnswer struct {
	LoginURL  string  `json:"login_url"`
	ExpiresIn float64 `json:"expires_in"` // seconds
}

const (
	maxLoginURL  = 8 << 10 // bytes
	maxLoginLife = time.Hour
)

// readLogin reads the address that a person opens, which must be one of this server's:
// it is handed to a browser.
func (s Server) readLogin(a *answer) (loginURL string, life time.Duration, err error) {
	var l loginAnswer
	if err := a.read(&l); err != nil {
		return "", 0, err
	}
	switch {
	case !strings.HasPrefix(l.LoginURL, s.key()+"/"):
		return "", 0, errors.New("the address that it gives for the browser is not below " + s.key() + ": is it called by another name there?")
	case len(l.LoginURL) > maxLoginURL || strings.ContainsFunc(l.LoginURL, func(r rune) bool { return !urlRune(r) }):
		return "", 0, errors.New("the address that it gives for the browser has characters that no address has")
	case !(l.ExpiresIn >= 1):
		return "", 0, errors.New("the answer does not say how long the address is good")
	}
	return l.LoginURL, min(seconds(l.ExpiresIn), maxLoginLife), nil
}

// urlRune reports the characters of RFC 3986 that mean nothing to a shell but ?, & and =.
func urlRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~%:/?=&+,[]", r)
}

// errorAnswer is an error of RFC 6749, section 5.2.
type errorAnswer struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}
