// Package tlsalpn01 is the challenge by TLS; see package acme.
package tlsalpn01

import (
	"time"

	"github.com/go-acme/lego/v5/acme"
)

// ACMETLS1Protocol is the protocol that a challenge is asked by.
const ACMETLS1Protocol = "acme-tls/1"

// Option changes a challenge.
type Option struct{}

// SetDelay is no option.
func SetDelay(time.Duration) Option { return Option{} }

// ChallengeBlocks is an error.
func ChallengeBlocks(string, string) (certificate, key []byte, err error) {
	return nil, nil, acme.ErrLeftOut
}
