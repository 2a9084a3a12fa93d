// Package client gets tokens from a server of EasyAuth's for whoever runs a program on
// their own computer or in a pipeline, and keeps them in files of theirs. In the order in
// which a reader meets it:
//
//	server.go    which server is meant
//	client.go    Client
//	login.go     a person signs in with a browser (PKCE, RFC 7636); callback.go: the browser comes back
//	token.go     a good token: the one that is kept, or a new one for its refresh token
//	app.go       the same for an application, whose provider (provider.go) gives what is exchanged (RFC 8693)
//	logout.go    ends a token
//	ask.go       one request; transport.go: how it is sent; answer.go: what is read of an answer; refused.go: every error that a person sees
//	state.go     the files; record.go: what is in one; private_….go: whose they are; lock.go: turns
//
// It prints nothing, opens no browser and reads no environment but that of proxies and
// certificates, as net/http does. It knows nothing of the server's own packages and
// verifies no token: a token is a text here, which goes to the server that it came from
// and nowhere else.
package client
