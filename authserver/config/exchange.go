package config

import (
	"slices"
	"strings"
	"time"
)

const (
	minTokenLifetime = time.Minute
	maxTokenLifetime = 24 * time.Hour

	maxExchanged     = 100 // audiences, clients and mappings of roles, each
	maxExchangedText = 255 // bytes of each text
	maxRedirectURIs  = 50
)

// ExchangeRole gives a role here to whoever has a role at another application.
type ExchangeRole struct{ Audience, Theirs, Ours string }

// ProgramPaths are the endpoints of programs.
type ProgramPaths struct{ Token, Revoke, Session, Login, Authorize string }

// exchanged are applications, or clients, whose tokens may be brought.
type exchanged []string

// Decode implements envconfig.Decoder.
func (e *exchanged) Decode(value string) error {
	var l list
	if err := l.Decode(value); err != nil {
		return err
	}
	if len(l) > maxExchanged {
		return expect("must have at most %d entries; there are %d", maxExchanged, len(l))
	}
	for i, entry := range l {
		switch {
		case !isGraphic(entry, maxExchangedText):
			return expect("must list client IDs, or identifiers such as api://orders; entry %d holds characters outside of printable ASCII, or is longer than %d bytes", i+1, maxExchangedText)
		case slices.Contains(l[:i], entry):
			return expect("must list every entry once; entry %d is there twice", i+1)
		}
	}
	*e = exchanged(l)
	return nil
}

// exchangeRoles are words, three for each mapping: a role may hold every other sign.
type exchangeRoles []ExchangeRole

// Decode implements envconfig.Decoder.
func (e *exchangeRoles) Decode(value string) error {
	const form = `must be three words for each role, such as "api://orders Orders.Read Reader": the audience, the role there and the role here`
	*e = nil
	for i, line := range strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' }) {
		words := strings.Fields(line)
		if len(words)%3 != 0 {
			return expect(form+"; line %d has %d words", i+1, len(words))
		}
		for three := range slices.Chunk(words, 3) {
			role := ExchangeRole{three[0], three[1], three[2]}
			if len(*e) == maxExchanged {
				return expect("must have at most %d mappings", maxExchanged)
			}
			switch n := len(*e) + 1; {
			case !isGraphic(role.Audience, maxExchangedText) || !isGraphic(role.Theirs, maxExchangedText) || !isGraphic(role.Ours, maxExchangedText):
				return expect(form+"; in mapping %d one holds characters outside of printable ASCII, or is longer than %d bytes", n, maxExchangedText)
			case slices.Contains(*e, role):
				return expect("must have every mapping once; mapping %d is there twice", n)
			}
			*e = append(*e, role)
		}
	}
	if len(*e) == 0 {
		return expect(form)
	}
	return nil
}

// redirectURIs are where a code for a program may be sent.
type redirectURIs []string

// Decode implements envconfig.Decoder. What a redirect URI is made of is judged by who
// sends codes there.
func (u *redirectURIs) Decode(value string) error {
	var l list
	if err := l.Decode(value); err != nil {
		return err
	}
	if len(l) > maxRedirectURIs {
		return expect("must list at most %d addresses; there are %d", maxRedirectURIs, len(l))
	}
	for i, entry := range l {
		switch {
		case !strings.HasPrefix(entry, "https://"):
			return expect("must list https addresses such as https://tools.example.com/back; entry %d is none", i+1)
		case slices.Contains(l[:i], entry):
			return expect("must list every address once; entry %d is there twice", i+1)
		}
	}
	*u = redirectURIs(l)
	return nil
}

// exchange sets what programs are given tokens for.
func (s *spec) exchange(r *report, c *Config) {
	const lifetime, audiences = "EASYAUTH_TOKEN_LIFETIME", "EASYAUTH_EXCHANGE_AUDIENCES"
	c.TokenAPI = s.TokenAPI
	if !s.TokenAPI {
		for _, name := range []string{lifetime, audiences, "EASYAUTH_EXCHANGE_CLIENTS", "EASYAUTH_EXCHANGE_ROLES", "EASYAUTH_PROGRAMMATIC_REDIRECTS"} {
			if r.gave(name) && !r.has("EASYAUTH_TOKEN_API") {
				r.warn(name, "has no effect: without EASYAUTH_TOKEN_API=true no program is given tokens")
			}
		}
		return
	}
	c.ExchangeAudiences, c.ExchangeClients, c.ExchangeRoles = s.ExchangeAudiences, s.ExchangeClients, s.ExchangeRoles
	c.ProgramRedirects, c.TokenLifetime = s.ProgramRedirects, s.TokenLifetime
	switch {
	case c.TokenLifetime < minTokenLifetime || c.TokenLifetime > maxTokenLifetime:
		r.need(lifetime, "must be at least 1m and at most 24h, such as 1h")
	case c.TokenLifetime <= c.SessionLifetime || r.has("EASYAUTH_SESSION_LIFETIME"):
	case r.gave(lifetime):
		r.need(lifetime, "must be at most EASYAUTH_SESSION_LIFETIME: no token outlives its session")
	default:
		c.TokenLifetime = c.SessionLifetime
	}
	if len(c.ExchangeClients) > 0 && !r.gave(audiences) {
		r.warn("EASYAUTH_EXCHANGE_CLIENTS", "has no effect: without EASYAUTH_EXCHANGE_AUDIENCES there is no other application whose tokens these clients could bring")
	}
	for i, role := range c.ExchangeRoles {
		if !slices.Contains(c.ExchangeAudiences, role.Audience) && !r.has(audiences) {
			r.fault("EASYAUTH_EXCHANGE_ROLES", "the audience of mapping %d is not one of EASYAUTH_EXCHANGE_AUDIENCES", i+1)
		}
	}
}
