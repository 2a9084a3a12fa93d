// Package exchange serves programs: it gives them sessions of their own, as tokens. In
// the order in which a program meets it:
//
//	login.go      GET login: the address that a person opens so that a program may act for them
//	request.go    … what the program asks for, sealed in that address; redirect.go: where the answer may go
//	authorize.go  GET, POST authorize: the page that names the program, and the code that it gets; confirm.go: the page's form
//	code.go       the code, which opens for its verifier and its redirect URI alone; used.go: once
//	token.go      POST token: a code, a token of the provider's or a refresh token becomes a token of ours
//	revoke.go     POST revoke: ends a token
//	session.go    GET session: whose a token is, and until when
//	form.go       reads their forms; target.go: what a token may be for
//	limit.go      how often an address and a person may ask; address.go: who asks
//	serve.go      the frame around each of them; exchange.go: Handler
//	refusal.go    every error that a program gets (RFC 6749, section 5.2); refused.go: and why
//	record.go     the log, the audit stream and the counters
//
// It decides nothing about applications and verifies no token itself: a Provider does
// that for the provider's, package session for ours. It sets no cookie and has no CORS.
package exchange
