// Package inline is a reverse proxy in front of applications, for where no proxy can ask: it asks
// itself, in the same process, and hands on what may pass.
//
// The way of a request:
//
//	Proxy.ServeHTTP   proxy.go     takes the configuration in use
//	Site.admit        site.go      cleans the headers; our own endpoints; else the host and the path choose an upstream; the question
//	passage.run       pass.go      through httputil.ReverseProxy to the application and back
//
// What an application is told of a client, and what a client is told of an application, stands in
// request.go and answer.go; how bodies end in bodies.go; failures in failure.go; WebSockets outlive their
// request in upgrade.go.
//
// Its laws: the path that is judged is, byte by byte, the path that is sent. What says who somebody
// is comes from the answer to the question alone. No credential of ours reaches an application.
//
// It decides nothing, and knows nothing of sessions, tokens or providers.
package inline
