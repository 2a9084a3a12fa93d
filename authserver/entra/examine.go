package entra

import (
	"context"
	"errors"
	"net/url"
	"strings"
)

// Question is one that Examine asks.
type Question string

// The questions, in their order.
const (
	AskDiscovery Question = "discovery"      // the documents of the authority and of each tenant
	AskKeys      Question = "signing keys"   // of each tenant
	AskToken     Question = "token endpoint" // whether it believes that we are this client
)

// Finding is what came of one question. Err is nil when all is well; else it is an *Error.
type Finding struct {
	Question Question
	About    string // an address
	Tenant   string // of which it was asked, where there are several; "" for all of them
	Keys     int    // how many there are, with AskKeys
	Err      error
}

// Examine asks the provider all that sign-ins hang on, once each, and stops asking where
// an answer is missing that the next question needs. A client is proven with its own
// credentials at Entra ID, where Microsoft Graph's token comes of it; elsewhere with a
// code that nobody has given out, which a provider refuses only once it believes who asks.
// It is for a RelyingParty that does not Run; afterwards that can be asked for tokens.
func (rp *RelyingParty) Examine(ctx context.Context) (findings []Finding) {
	p, err := rp.discover(ctx)
	findings = append(findings, Finding{Question: AskDiscovery, About: wellKnown(rp.cfg.Authority), Err: err})
	if err != nil {
		return findings
	}
	rp.adopt(p)
	for _, t := range rp.tenants.Load().all {
		if rp.cfg.Kind == MultiTenant {
			doc, err := rp.discoverTenant(ctx, t)
			findings = append(findings, Finding{Question: AskDiscovery, About: wellKnown(t.v2), Tenant: t.id, Err: err})
			if err != nil {
				continue
			}
			t.doc.Store(doc)
		}
		of := ""
		if rp.cfg.Kind == MultiTenant {
			of = t.id
		}
		keys := t.doc.Load().keys
		err := keys.refresh(ctx)
		findings = append(findings, Finding{Question: AskKeys, About: keys.url, Tenant: of, Keys: len(keys.current()), Err: err})
	}
	return append(findings, Finding{Question: AskToken, About: p.token, Err: rp.prove(ctx, p)})
}

// prove asks for a token.
func (rp *RelyingParty) prove(ctx context.Context, p *provider) error {
	if rp.hasGraph() {
		_, err := rp.GraphAppToken(ctx, "")
		return err
	}
	const doing = "try the token endpoint"
	_, err := rp.requestToken(ctx, doing, p.token, url.Values{
		"grant_type": {"authorization_code"}, "code": {"no-code"}, "redirect_uri": {"https://localhost/"}, "code_verifier": {strings.Repeat("0", 43)},
	})
	var refused *Error
	switch {
	case err == nil:
		return refuse(ReasonIDPError, doing+": it gave a token for a code that nobody gave out")
	case errors.As(err, &refused) && refused.Reason == ReasonCode:
		return nil
	}
	return err
}
