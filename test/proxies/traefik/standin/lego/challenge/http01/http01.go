// Package http01 is the challenge by HTTP; see package acme.
package http01

import "time"

// PathPrefix is where a challenge is asked for.
const PathPrefix = "/.well-known/acme-challenge/"

// Option changes a challenge.
type Option struct{}

// SetDelay is no option.
func SetDelay(time.Duration) Option { return Option{} }
