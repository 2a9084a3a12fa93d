// Package signin signs people in and out. In the order in which it happens:
//
//	the auth endpoint refuses    Denials.Add      a sealed cookie says what was missing
//	GET  /easyauth/login         login.go         reads the denial; a 403 page, straight back, or …
//	                             silent.go        … for a session that ends soon, or groups to ask for once more, prompt=none
//	                             elsewhere.go     … for a request that is no navigation, 401 JSON; a bearer token is told what it lacks
//	                             handover.go      … on to the one host that signs in for all
//	                             begin.go         … an authorization request, which carries
//	                             attempt.go       … an Attempt: state, nonce and PKCE verifier
//	(the IdP signs the user in)
//	GET  /easyauth/signin-oidc   callback.go      proves the attempt, redeems the code, verifies, issues a session
//	                             groups.go        … and asks for groups that the token could not hold
//	a stored session is due      refresher.go     asks the IdP for new tokens, and does again what the callback did with them
//	GET  /easyauth/me            me.go            shows who is signed in, and where else; groupnames.go: how groups are called
//	POST /easyauth/me            me.go            ends one of the person's sessions, or all
//	GET, POST /easyauth/logout   logout.go        ends the session here, perhaps everywhere, and at the IdP
//	GET  …/frontchannel-logout   channels.go      the IdP tells browsers that a session of its own has ended …
//	POST …/backchannel-logout    channels.go      … or tells us
//
// What people and scripts read stands in answers.go and refusals.go.
//
// It does not decide about requests to applications (package access does), it does
// not know where sessions are kept (package session does), and it knows neither how
// tokens are verified (package entra does) nor how Graph is asked.
package signin
