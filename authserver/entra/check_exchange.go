package entra

import (
	"fmt"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// ExchangeField is a list of Config that says whose tokens may be exchanged.
type ExchangeField string

// The lists, as an error calls one entry.
const (
	FieldExchangeAudiences ExchangeField = "exchange audience"
	FieldExchangeClients   ExchangeField = "exchange client"
	FieldExchangeRoles     ExchangeField = "exchange role"
)

// ExchangeFault is one thing that is wrong with such a list. It holds no value of it.
type ExchangeFault struct {
	Field   ExchangeField
	Entry   int // which one, from 1; 0: the list may not be there at all
	Problem string
}

// Error names the entry.
func (f *ExchangeFault) Error() string {
	if f.Entry == 0 {
		return string(f.Field) + "s: " + f.Problem
	}
	return fmt.Sprintf("%s %d: %s", f.Field, f.Entry, f.Problem)
}

// ExchangeFaults tells what is wrong with the lists that say whose tokens may be
// exchanged beside our own, in their order. It needs no more of cfg than these, Kind,
// ClientID, Audiences and GraphURL. New refuses a Config with any of them.
func (cfg *Config) ExchangeFaults() (faults []*ExchangeFault) {
	add := func(wrong bool, field ExchangeField, entry int, problem string) {
		if wrong {
			faults = append(faults, &ExchangeFault{field, entry, problem})
		}
	}
	const (
		word  = "want printable text without spaces, at most 255 bytes"
		twice = "it is there twice"
	)
	own := append([]string{cfg.ClientID, "api://" + cfg.ClientID}, cfg.Audiences...)
	add(len(cfg.ExchangeAudiences) > 0 && (cfg.Kind == Plain || cfg.Kind == B2C), FieldExchangeAudiences, 0,
		"only Entra ID and External ID name a person alike in the tokens for all clients")
	for i, aud := range cfg.ExchangeAudiences {
		isOwn := slices.ContainsFunc(own, func(s string) bool { return strings.EqualFold(s, aud) })
		add(!isWord(aud), FieldExchangeAudiences, i+1, word)
		add(isGraph(aud, cfg.GraphURL) || isMicrosoft(aud), FieldExchangeAudiences, i+1,
			"any program can get tokens for Microsoft's own services, and they say nothing about this application")
		add(isOwn, FieldExchangeAudiences, i+1, "it is this application's own, whose tokens are accepted anyway")
		add(slices.Contains(cfg.ExchangeAudiences[:i], aud), FieldExchangeAudiences, i+1, twice)
	}
	for i, client := range cfg.ExchangeClients {
		add(!isWord(client), FieldExchangeClients, i+1, word)
		add(slices.Contains(cfg.ExchangeClients[:i], client), FieldExchangeClients, i+1, twice)
	}
	for i, m := range cfg.ExchangeRoles {
		add(!slices.Contains(cfg.ExchangeAudiences, m.Audience), FieldExchangeRoles, i+1, "its audience is not among the exchange audiences")
		add(cfg.Kind == MultiTenant && !access.IsGUID(strings.ToLower(m.Audience)), FieldExchangeRoles, i+1,
			"with several tenants its audience must be a client id, because each tenant can have an application of its own with the same App ID URI")
		add(!isWord(m.Theirs) || !isWord(m.Ours), FieldExchangeRoles, i+1, "of both roles "+word)
		add(slices.Contains(cfg.ExchangeRoles[:i], m), FieldExchangeRoles, i+1, twice)
	}
	return faults
}
