package session

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

// Tokens are what the identity provider gave with a sign-in, or with the last
// refresh. A store keeps them sealed; cookies never hold them.
type Tokens struct {
	Access, ID, Refresh secret.String

	Obtained time.Time // to the millisecond
	Expires  time.Time // of Access, to the millisecond; zero: the provider does not say
	Scopes   []string  // what a refresh asks for
}

// At gives the access token if it has not ended by then, else an empty one.
func (t *Tokens) At(now time.Time) secret.String {
	if !t.Expires.IsZero() && !now.Before(t.Expires) {
		return secret.String{}
	}
	return t.Access
}

// The plain form of a record's value:
//
//	format (1) | ticket (text) | obtained, ms | expires, ms (0: not told) | scopes (list) | refresh, ID, access token (texts)
const valueFormat = 1

// encodeValue writes a session. What makes it larger than a store takes is left
// out: the access token, then the ID token, which are there to be handed over.
func encodeValue(codec *ticket.Codec, s *Session) ([]byte, error) {
	t, inner := *s.Tokens, codec.Marshal(&s.Ticket)
	if inner == nil {
		return nil, ticket.ErrTooLarge
	}
	for {
		w := wire.Writer{valueFormat}
		w.Text(string(inner))
		w.Time(t.Obtained)
		w.Time(t.Expires)
		w.List(t.Scopes)
		w.Text(t.Refresh.Reveal())
		w.Text(t.ID.Reveal())
		w.Text(t.Access.Reveal())
		switch {
		case len(w) <= MaxValue-sealing:
			return w, nil
		case !t.Access.Empty():
			t.Access = secret.String{}
		case !t.ID.Empty():
			t.ID = secret.String{}
		default:
			return nil, fmt.Errorf("write a session of %d bytes: %w", len(w), ticket.ErrTooLarge)
		}
	}
}

// sealing is what sealing adds to a value, at most, in bytes.
const sealing = 64

var errValue = errors.New("read a session: not of a known form")

func decodeValue(codec *ticket.Codec, plain []byte) (*Session, error) {
	if len(plain) == 0 || plain[0] != valueFormat {
		return nil, errValue
	}
	r := wire.NewReader(plain[1:])
	inner := r.Text()
	t := &Tokens{Obtained: r.Time(), Expires: r.Time(), Scopes: r.List()}
	if t.Expires.UnixMilli() == 0 {
		t.Expires = time.Time{}
	}
	// Copies: as pieces of the whole value they would keep it in memory beside the ticket.
	token := func() secret.String { return secret.New(strings.Clone(r.Text())) }
	t.Refresh, t.ID, t.Access = token(), token(), token()
	for i, scope := range t.Scopes {
		t.Scopes[i] = strings.Clone(scope)
	}
	if r.End() != nil {
		return nil, errValue
	}
	opened, err := codec.Unmarshal([]byte(inner))
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	return &Session{Ticket: *opened, Tokens: t}, nil
}
