package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// MicrosoftAuthority is where Entra ID gives tokens, but for national clouds.
const MicrosoftAuthority = "https://login.microsoftonline.com"

// Provider is where an application gets a token of its own. Make it with EntraTenant or
// Issuer.
type Provider struct {
	name     string // for errors
	endpoint string // token endpoint; "": the discovery document says
	issuer   string
}

// EntraTenant is a tenant of Entra ID, by its id or one of its domains. authority is that
// of a national cloud; "" is MicrosoftAuthority.
func EntraTenant(authority, tenant string) (Provider, error) {
	if authority == "" {
		authority = MicrosoftAuthority
	}
	base, err := secureURL(strings.TrimSuffix(authority, "/"))
	if err != nil || base.Path != "" {
		return Provider{}, errors.New("the authority must be https and a host, such as " + MicrosoftAuthority)
	}
	switch tenant {
	case "common", "organizations", "consumers":
		return Provider{}, errors.New("an application gets a token of its own in one tenant: its id or a domain, not " + tenant)
	}
	if tenant == "" || strings.HasPrefix(tenant, ".") || strings.ContainsFunc(tenant, func(r rune) bool { return !hostRune(r) && (r < 'A' || r > 'Z') }) {
		return Provider{}, errors.New("the tenant must be its id or one of its domains")
	}
	return Provider{name: base.String(), endpoint: base.String() + "/" + tenant + "/oauth2/v2.0/token"}, nil
}

// Issuer is another provider of OpenID Connect, by its issuer, which is https; http for
// this computer alone.
func Issuer(issuer string) (Provider, error) {
	u, err := secureURL(issuer)
	if err != nil {
		return Provider{}, fmt.Errorf("the issuer %w", err)
	}
	return Provider{name: u.Scheme + "://" + u.Host, issuer: issuer}, nil
}

// secureURL reads a URL that a secret may be sent to.
func secureURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) || strings.ContainsFunc(text, func(r rune) bool { return !urlRune(r) }) {
		return nil, errors.New("must be an https URL without a user, a query or a fragment")
	}
	return u, nil
}

// providerToken asks the identity provider.
func (c *Client) providerToken(ctx context.Context, app App) (secret.String, error) {
	p := app.Provider
	endpoint := p.endpoint
	if endpoint == "" {
		var err error
		if endpoint, err = c.discover(ctx, p); err != nil {
			return secret.String{}, err
		}
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {app.Scope}}
	if err := app.Proof.Add(form, endpoint); err != nil {
		return secret.String{}, err
	}
	a, err := c.post(ctx, p.name, endpoint, form)
	if err != nil {
		return secret.String{}, err
	}
	if a.status != 200 {
		return secret.String{}, refusal(p.name, a)
	}
	token, err := readProviderToken(a)
	if err != nil {
		return secret.String{}, fmt.Errorf("%s did not answer as an identity provider does: %w", p.name, err)
	}
	return token, nil
}

// discover reads the token endpoint in the discovery document of an issuer.
func (c *Client) discover(ctx context.Context, p Provider) (string, error) {
	strange := func(err error) error {
		return fmt.Errorf("%s did not answer as an identity provider does: its discovery document: %w", p.name, err)
	}
	a, err := c.get(ctx, p.name, strings.TrimSuffix(p.issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	if a.status != 200 {
		return "", refusal(p.name, a)
	}
	var doc struct {
		Issuer string `json:"issuer"`
		Token  string `json:"token_endpoint"`
	}
	if err := a.read(&doc); err != nil {
		return "", strange(err)
	}
	if doc.Issuer != p.issuer {
		return "", strange(errors.New("it is of another issuer"))
	}
	if _, err := secureURL(doc.Token); err != nil {
		return "", strange(fmt.Errorf("token_endpoint %w", err))
	}
	return doc.Token, nil
}
