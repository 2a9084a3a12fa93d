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
//	GET  /easyauth/signin-oidc   callback.go      proves the attempt, redeems the code, verifies, seals a ticket
//	                             groups.go        … and asks for groups that the token could not hold
//	GET  /easyauth/me            me.go            shows who is signed in
//	GET, POST /easyauth/logout   logout.go        ends the session here and at the IdP
//
// What people and scripts read stands in answers.go and refusals.go.
//
// It does not decide about requests to applications (package access does), and
// it knows neither how tokens are verified (package entra does) nor how Graph is
// asked.
package signin
