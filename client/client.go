package client

import (
	"errors"
	"net/http"
	"time"
)

// Config of a Client.
type Config struct {
	Server Server // required
	State  *State // required: where tokens are kept

	// Transport sends requests; nil: what NewTransport gives without a file. Redirects
	// are never followed, whatever it is.
	Transport http.RoundTripper

	Agent string           // the header User-Agent; "" is Go's own
	Now   func() time.Time // nil means time.Now
}

// Client gets tokens of one server. It is safe for concurrent use, also by several
// processes that share a State. Make it with New.
type Client struct {
	Config
}

// New returns a client. It asks nobody and touches no file.
func New(cfg Config) (*Client, error) {
	if cfg.Server == (Server{}) || cfg.State == nil {
		return nil, errors.New("make a client: there is no server or no state")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Transport == nil {
		var err error
		if cfg.Transport, err = NewTransport(""); err != nil {
			return nil, err
		}
	}
	return &Client{cfg}, nil
}
