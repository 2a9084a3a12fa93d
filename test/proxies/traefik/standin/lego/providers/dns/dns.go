// Package dns knows no DNS service; see package acme.
package dns

import (
	"github.com/go-acme/lego/v5/acme"
	"github.com/go-acme/lego/v5/challenge"
)

// NewDNSChallengeProviderByName is an error.
func NewDNSChallengeProviderByName(string) (challenge.Provider, error) {
	return nil, acme.ErrLeftOut
}
