// Package entra is the relying party: it speaks OpenID Connect with Microsoft
// Entra ID, or with any other provider that has a discovery document.
//
// One sign-in, in the order in which it happens:
//
//	Run               finds the provider's endpoints and signing keys, in the background
//	Plan              chooses the scopes of one trip, and which resources get a token
//	AuthorizationURL  where the browser is sent
//	CheckIssuerParam  was the answer sent by this provider? (RFC 9207)
//	AnswerError       what an answer without a code means
//	Redeem            code → tokens, with PKCE; a refresh token for further resources
//	Verify            ID token → access.Identity
//	GraphToken        a token to ask Microsoft Graph with, when the ID token could not hold all
//	EndSessionURL     where the browser is sent to sign out
//
// Without a person, AppToken gives a token of the client itself. All of them ask
// the token endpoint through requestToken, once and without retries.
//
// Signatures are checked by go-oidc with a key set of our own, which an attacker
// cannot use to make us flood the provider. Every claim that admits a user is
// then checked once more by its exact name, because encoding/json, and with it
// go-oidc, reads "SUB" into a field called sub.
//
// The package knows nothing of browsers, cookies, sessions or requirements, and
// it never calls Microsoft Graph. Its errors and log lines hold no token, code,
// secret or byte of an answer's body.
package entra
