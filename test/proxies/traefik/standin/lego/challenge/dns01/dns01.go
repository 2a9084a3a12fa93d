// Package dns01 is the challenge by DNS; see package acme.
package dns01

import (
	"strings"
	"time"
)

// Option changes a challenge.
type Option struct{}

// Options of a Client.
type Options struct{ RecursiveNameservers []string }

// Client asks name servers.
type Client struct{}

// NewClient returns one that asks nobody.
func NewClient(*Options) *Client { return &Client{} }

// SetDefaultClient does nothing.
func SetDefaultClient(*Client) {}

// CondOptions is no option.
func CondOptions(bool, ...Option) Option { return Option{} }

// PropagationWait is no option.
func PropagationWait(time.Duration, bool) Option { return Option{} }

// DisableAuthoritativeNssPropagationRequirement is no option.
func DisableAuthoritativeNssPropagationRequirement() Option { return Option{} }

// DisableRecursiveNSsPropagationRequirement is no option.
func DisableRecursiveNSsPropagationRequirement() Option { return Option{} }

// UnFqdn cuts the dot at the end of a name. Traefik compares names of certificates with it, so it is not left out.
func UnFqdn(name string) string { return strings.TrimSuffix(name, ".") }
