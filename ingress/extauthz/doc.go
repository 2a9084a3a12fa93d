// Package extauthz speaks what Envoy's external authorization asks over gRPC: the method Check of
// envoy.service.auth.v3.Authorization. It reads a call (call.go), what a CheckRequest says of a request
// (check.go) and writes a CheckResponse (answer.go). It decides nothing and knows nothing of sessions.
//
// It has a codec of its own for the few messages of that method, and net/http's HTTP/2: the libraries of gRPC and of
// Envoy's control plane would take the program beyond its limits of size and memory. Its tests compare every message with
// those libraries.
//
// It is stricter than protobuf where readers of a message may differ: a field that may be there once and is
// there twice, a key twice in a map, a group, a field of another kind than its own are errors. Envoy sends
// none of these.
package extauthz

// Path is where Check is called.
const Path = "/envoy.service.auth.v3.Authorization/Check"
