// Package credential proves to the token endpoint of an identity provider that a
// request comes from this client. There are three kinds of proof: a client secret,
// a token signed with the key of a certificate (private_key_jwt of OpenID Connect,
// RFC 7523), and a token that the platform signs for the workload (Entra ID's
// workload identity federation).
//
// A Source adds the proof to the form of a token request and is the only thing
// that does; what else is in the form, where it is sent and what is answered are
// not its business, and it uses no network. Files are read again when they change,
// so that a secret or certificate can be renewed without a restart. No error and no
// log line holds anything of what a file holds.
package credential
