// Package signin signs people in and out. In the order in which it happens:
//
//	the auth endpoint refuses    Denials.Add      a sealed cookie says what was missing
//	GET  /easyauth/login         login.go         reads the denial; a 403 page, straight back, or …
//	                             attempt.go       … an Attempt: state, nonce and PKCE verifier
//	(the IdP signs the user in)
//	GET  /easyauth/signin-oidc   callback.go      proves the attempt, redeems the code, verifies, seals a ticket
//	GET  /easyauth/me            me.go            shows who is signed in
//	GET, POST /easyauth/logout   logout.go        ends the session here and at the IdP
//
// It does not decide about requests to applications (package access does), and
// it knows neither how tokens are verified (package entra does) nor how Graph is
// asked.
package signin
