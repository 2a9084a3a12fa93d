// Package assertion says who is asking in a form that an application can check by
// itself: a short-lived JSON Web Token (RFC 7519), signed with ES256, and the public
// keys to check it with (RFC 7517).
//
// The token speaks of one identity to one audience. Its claims are iss, aud, iat, nbf,
// exp, jti, sub, oid, tid, email, name, roles, groups and sid, which are always there:
// a text that is not known is "", a list without members is []. A further claim,
// overflow, is there when roles, groups, name or email are not complete, and lists
// which. The token is no session and opens nothing here.
//
// The package must not know requests, tickets, cookies or where keys are kept: it is
// handed the text of key files, and an identity that somebody else has proven.
package assertion
