package main

import (
	"cmp"
	"context"
	"errors"
	"flag"

	"github.com/easyauth-sidecar/easyauth/authserver/credential"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/client"
)

// appFlags say which application asks for a token of its own.
type appFlags struct {
	on                          bool
	clientID, tenant, authority string
	issuer, scope               string
	secretFile, federatedFile   string
}

func (a *appFlags) declare(fs *flag.FlagSet) {
	fs.BoolVar(&a.on, "client-credentials", false, "an application's own token, for pipelines; the flags below go with it")
	fs.StringVar(&a.clientID, "client-id", "", "the `ID` of the application that asks; AZURE_CLIENT_ID")
	fs.StringVar(&a.tenant, "tenant", "", "the `ID` of the tenant of Entra ID, or a domain of it; AZURE_TENANT_ID")
	fs.StringVar(&a.authority, "authority", "", "the `URL` of Entra ID in a national cloud; AZURE_AUTHORITY_HOST")
	fs.StringVar(&a.issuer, "issuer", "", "the issuer `URL` of another provider, instead of a tenant")
	fs.StringVar(&a.scope, "scope", "", "a `SCOPE` of the application at URL: api://ITS-CLIENT-ID/.default at Entra ID")
	fs.StringVar(&a.secretFile, "client-secret-file", "", "a `FILE` with the client secret; the secret itself: AZURE_CLIENT_SECRET")
	fs.StringVar(&a.federatedFile, "federated-token-file", "", "a `FILE` with a token of the platform's; AZURE_FEDERATED_TOKEN_FILE")
}

// check finds flags that do not go together.
func (a *appFlags) check() error {
	switch {
	case !a.on && *a != (appFlags{}):
		return errUsage{errors.New("the flags about an application go with --client-credentials only")}
	case a.on && a.issuer != "" && (a.tenant != "" || a.authority != ""):
		return errUsage{errors.New("--issuer and --tenant or --authority exclude one another")}
	case a.secretFile != "" && a.federatedFile != "":
		return errUsage{errors.New("--client-secret-file and --federated-token-file exclude one another")}
	}
	return nil
}

func (a *appFlags) token(ctx context.Context, c *client.Client, env environment) (*client.Token, error) {
	app := client.App{ClientID: a.client(env), Scope: a.scope}
	var err error
	switch {
	case app.ClientID == "":
		return nil, errUsage{errors.New("--client-credentials needs the application that asks: --client-id or AZURE_CLIENT_ID")}
	case app.Scope == "":
		return nil, errUsage{errors.New("--client-credentials needs --scope, what the token is for: at Entra ID api://ITS-CLIENT-ID/.default, with the client id of the application at URL")}
	}
	if app.Provider, err = a.provider(env); err != nil {
		return nil, errUsage{err}
	}
	if app.Proof, err = a.proof(app.ClientID, env); err != nil {
		return nil, errUsage{err}
	}
	return c.AppToken(ctx, app)
}

func (a *appFlags) client(env environment) string {
	return cmp.Or(a.clientID, env.lookUp("AZURE_CLIENT_ID"))
}

func (a *appFlags) provider(env environment) (client.Provider, error) {
	if a.issuer != "" {
		return client.Issuer(a.issuer)
	}
	tenant := cmp.Or(a.tenant, env.lookUp("AZURE_TENANT_ID"))
	if tenant == "" {
		return client.Provider{}, errors.New("--client-credentials needs the identity provider: --tenant, AZURE_TENANT_ID or --issuer")
	}
	return client.EntraTenant(cmp.Or(a.authority, env.lookUp("AZURE_AUTHORITY_HOST")), tenant)
}

// proof is the one that a flag names; else that of the environment, which must be one.
func (a *appFlags) proof(clientID string, env environment) (client.Proof, error) {
	cfg := credential.Config{ClientID: clientID, SecretFile: a.secretFile, FederatedTokenFile: a.federatedFile}
	if a.secretFile == "" && a.federatedFile == "" {
		cfg.Secret, cfg.FederatedTokenFile = secret.New(env.lookUp("AZURE_CLIENT_SECRET")), env.lookUp("AZURE_FEDERATED_TOKEN_FILE")
		switch given := cfg.FederatedTokenFile != ""; {
		case given && !cfg.Secret.Empty():
			return nil, errors.New("both AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE are set: unset the one that is not meant, or name a file with a flag")
		case !given && cfg.Secret.Empty():
			return nil, errors.New("--client-credentials needs a proof: --client-secret-file, AZURE_CLIENT_SECRET, --federated-token-file or AZURE_FEDERATED_TOKEN_FILE")
		}
	}
	source, err := credential.New(cfg)
	if err != nil {
		return nil, err
	}
	return source, nil
}
