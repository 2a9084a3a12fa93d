// Package entra is the relying party: it speaks OpenID Connect with Microsoft
// Entra ID, or with any other provider that has a discovery document (a plain one).
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
//	TenantAllowed     may the people of this tenant still come in? Asked of every ticket
//	EndSessionURL     where the browser is sent to sign out
//
// A session that keeps the tokens of its sign-in goes on until the provider ends it:
//
//	Refresh      refresh token → new tokens, and what is new about the person
//	Error.Ends   is the session over, or may the provider be asked again?
//	LogoutToken  what the provider itself says of sessions that are over (back-channel)
//	Issuers      whose sessions a sid may be of that came without a token (front-channel)
//
// A request of a program brings its own token:
//
//	Bearer        the Authorization header → access.Identity, from memory if it was verified before
//	ChallengeFor  a decision → what the program can do about it
//	Challenge     that as the WWW-Authenticate header; TokenHints and ClaimsJSON for a JSON answer
//	OwnChallenge  the same for programs that have tokens of ours
//
// A program can also bring a token once and have it exchanged for one of ours:
//
//	Subject  an ID token or access token, also of a listed application next door → access.Identity
//
// Inside of Subject: subject.go says what of a token for another audience is taken,
// subject_id.go and subject_access.go add to what Verify and Bearer check.
//
// Inside of Bearer: bearer.go says whether a token is ours, bearer_check.go for
// whom and until when it is, keys.go whether it is signed, bearer_kind.go what it
// is and who it speaks for, and bearer_cache.go remembers it. Times, subject and
// policy have one check for both kinds of token (verify_claims.go).
//
// Without a person, AppToken gives a token of the client itself. All of them ask
// the token endpoint through requestToken, once and without retries.
//
// ID tokens and logout tokens are checked by go-oidc, and the signatures of all tokens with a key set
// of our own, which an attacker cannot use to make us flood the provider. Every
// claim that admits a user is then checked by its exact name, because
// encoding/json, and with it go-oidc, reads "SUB" into a field called sub.
//
// The package knows nothing of browsers, cookies, pages, or where sessions are kept,
// and it remembers no refresh token and no logout token that it has seen. It decides
// nothing: of a decision it only says what a token would have to bring. It never
// calls Microsoft Graph. Its errors and log lines hold no token, code, secret or
// byte of an answer's body.
package entra
