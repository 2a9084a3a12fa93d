package entra

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Sessions says how sessions go on, by refresh tokens, and how they end. The zero
// value is Entra's way.
type Sessions struct {
	AccessTokenLifetime time.Duration // of users' access tokens; 0 means Config.TokenLifetime. See SetAccessTokenLifetime

	RotateRefreshTokens bool // a refresh token is good once: using it gives a new one and ends it
	RevokeReused        bool // with RotateRefreshTokens: whoever uses an ended one ends all that came of the same code

	AskSignOut bool          // whoever signs out is asked which account, unless a hint names the one that is signed in
	LogoutWait time.Duration // how long the page with the frames waits for them at most; 0 means one second

	BackChannelClient *http.Client // posts logout tokens; nil means one that waits 5 s and follows no redirect
}

const (
	logoutWait      = time.Second
	backChannelWait = 5 * time.Second
)

func (o Sessions) withDefaults(tokens time.Duration) Sessions {
	if o.AccessTokenLifetime == 0 {
		o.AccessTokenLifetime = tokens
	}
	if o.LogoutWait == 0 {
		o.LogoutWait = logoutWait
	}
	if o.BackChannelClient == nil {
		o.BackChannelClient = &http.Client{
			Timeout:       backChannelWait,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return o
}

func (o Sessions) check() error {
	switch {
	case o.AccessTokenLifetime < 0:
		return fmt.Errorf("access token lifetime %v is negative", o.AccessTokenLifetime)
	case o.LogoutWait < 0:
		return fmt.Errorf("wait for frames of %v is negative", o.LogoutWait)
	case o.RevokeReused && !o.RotateRefreshTokens:
		return fmt.Errorf("RevokeReused without RotateRefreshTokens: no refresh token is ever used up")
	}
	return nil
}

// checkLogoutURIs finds addresses that no browser and no server could open.
func (c Client) checkLogoutURIs() error {
	for name, raw := range map[string]string{"front-channel": c.FrontChannelLogoutURI, "back-channel": c.BackChannelLogoutURI} {
		if raw == "" {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http") {
			return fmt.Errorf("client %q: %s logout URI %q: want an http or https address without a fragment", c.ID, name, raw)
		}
	}
	return nil
}

// SetAccessTokenLifetime changes how long access tokens of users live, and what
// expires_in says of them, from the next one on. App-only and ID tokens keep
// Config.TokenLifetime. It panics when d is not positive.
func (s *Server) SetAccessTokenLifetime(d time.Duration) {
	if d <= 0 {
		panic(fmt.Sprintf("entra: access token lifetime %v: want more than 0", d))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accessLifetime = d
}

// accessTimes are how long a user's access token made now lives, and expires_in.
func (s *Server) accessTimes() (lifetime time.Duration, expiresIn int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accessLifetime, max(int(s.accessLifetime.Seconds())-1, 0)
}

// RegisterFrontChannelLogoutURI sets the address that a client's sessions end at
// through the browser. It panics when there is no such client, or for no address.
func (s *Server) RegisterFrontChannelLogoutURI(clientID, uri string) {
	s.registerLogout(clientID, func(c *Client) { c.FrontChannelLogoutURI = uri })
}

// RegisterBackChannelLogoutURI sets the address to which logout tokens for a
// client are posted. It panics as RegisterFrontChannelLogoutURI does, and without Config.Plain.
func (s *Server) RegisterBackChannelLogoutURI(clientID, uri string) {
	s.registerLogout(clientID, func(c *Client) { c.BackChannelLogoutURI = uri })
}

func (s *Server) registerLogout(clientID string, edit func(*Client)) {
	s.editClient(clientID, func(c *Client) {
		edit(c)
		if err := c.checkLogoutURIs(); err != nil {
			panic("entra: " + err.Error())
		}
		if err := c.checkBackChannel(s.plain); err != nil {
			panic("entra: " + err.Error())
		}
	})
}

func (c Client) checkBackChannel(plain bool) error {
	if c.BackChannelLogoutURI != "" && !plain {
		return fmt.Errorf("client %q: Entra has no back-channel logout: see Config.Plain", c.ID)
	}
	return nil
}
