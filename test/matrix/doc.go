// Package matrix tries one proxy after the other in front of EasyAuth, with the same tries for all of them, and keeps
// docs/proxies/matrix.md, the table of what was seen. The tests of this package run the proxies that Debian has and
// stand-ins; the module test/proxies runs those that come as Go modules.
//
// # Use
//
//	func TestMatrix(t *testing.T) {
//		rows := matrix.Run(t,
//			matrix.Proxy{
//				Name:  matrix.TraefikForwardAuth,
//				Env:   map[string]string{"EASYAUTH_ADAPTERS": "forward"},
//				Start: func(t *testing.T, at matrix.Place) { … },
//			})
//		matrix.Tell(t, rows, *update)
//	}
//
// Run makes a stand for each proxy: an emulated Entra ID, EasyAuth's own program, an application that echoes what it
// receives, and the proxy. Start starts the proxy so that it
//
//   - listens on at.Listen with TLS (at.Certificate, at.Key, or at.Bundle with both), as https://app.example.com (Host);
//   - asks EasyAuth at at.Auth, and passes requests on to at.Application, with the client's Host;
//   - has the rules of Rules: / everybody who is signed in, /admin/ role=Admin, /mail/ scope=Mail.Read, /public/ nobody is
//     asked, /easyauth/ goes to EasyAuth itself, and its auth endpoint is reached by nobody (404);
//   - takes out identity headers in every spelling, X-Original-*, X-Rewrite-URL and Forwarded of the client, everywhere;
//     with at.Bare it asks in the same way, but takes out and overwrites nothing: the spoofing try shows with it that
//     the client's headers would arrive;
//
// and returns when it listens. at.Begin starts a program that ends with the test, and Listens waits for it.
//
// What no proxy of a kind can do stands in Proxy.Lacks, with the reason: the cell is then "no", and the reason a note
// under the table. A try that works although it is listed there is an error, as is one that does not and is not. That
// something is let through that must not be is an error for every proxy and cannot be excused.
//
// Tell compares the rows with the document; with update it writes them there instead, and leaves the other rows alone.
package matrix
