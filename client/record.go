package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	recordVersion = 1
	maxRecord     = 64 << 10 // bytes
)

// record is what is kept of one server and one account there.
type record struct {
	key

	from            string // an application's: what it was asked for with
	access, refresh secret.String
	issued, expires time.Time // by this computer's clock
}

// stored is the JSON of a record.
type stored struct {
	Version int       `json:"version"`
	Server  string    `json:"server"` // origin and base path
	Client  string    `json:"client,omitempty"`
	From    string    `json:"from,omitempty"`
	Access  string    `json:"access_token"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Refresh string    `json:"refresh_token,omitempty"`
}

func (r *record) encode() ([]byte, error) {
	text, err := json.MarshalIndent(stored{ //nolint:gosec // the file is for its tokens
		recordVersion, r.server, r.client, r.from, r.access.Reveal(), r.issued.UTC(), r.expires.UTC(), r.refresh.Reveal(),
	}, "", "  ")
	return append(text, '\n'), err
}

// decode reads a record of this key. Errors hold nothing of it.
func decode(text []byte, of key) (*record, error) {
	var s stored
	err := json.Unmarshal(text, &s)
	switch {
	case len(text) > maxRecord, err != nil:
		return nil, errors.New("it is damaged")
	case s.Version != recordVersion:
		return nil, fmt.Errorf("it is of another version of easyauth (%d, not %d)", s.Version, recordVersion)
	case s.Server != of.server || s.Client != of.client:
		return nil, errors.New("it is of another server or client")
	case !isToken(s.Access, accessPrefix), s.Refresh != "" && !isToken(s.Refresh, refreshPrefix), s.Expires.Before(s.Issued):
		return nil, errors.New("it is damaged")
	}
	return &record{
		key: of, from: s.From, access: secret.New(s.Access), refresh: secret.New(s.Refresh), issued: s.Issued, expires: s.Expires,
	}, nil
}

// newRecord keeps a grant that was asked for at this time: the server's life begins no
// earlier, so the token is good for longer than it seems here, never for less.
func newRecord(of key, g *grant, asked time.Time) *record {
	return &record{key: of, access: g.access, refresh: g.refresh, issued: asked, expires: asked.Add(g.life)}
}

const (
	renewMargin = time.Minute     // what is left of a token when a new one is asked for
	leastLeft   = 5 * time.Second // what is left of a token that is still given to somebody
)

// left is how long the token is good; nothing if the clock went back, or lies.
func (r *record) left(now time.Time) time.Duration {
	if now.Before(r.issued.Add(-renewMargin)) || r.expires.Sub(r.issued) > maxLife {
		return 0
	}
	return r.expires.Sub(now)
}

// fresh reports a token that need not be renewed: a minute is left, or of a short life a
// fifth, so that a session's last minute is not asked for again and again.
func (r *record) fresh(now time.Time) bool {
	return r.left(now) > min(renewMargin, r.expires.Sub(r.issued)/5)
}

// usable reports a token that is worth giving out when there is no newer one.
func (r *record) usable(now time.Time) bool { return r.left(now) > leastLeft }
