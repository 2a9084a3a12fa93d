// Package tracing follows a request. It reads what the proxy calls it (Origin: for
// log lines, events and error pages) and, where traces are exported, makes spans
// of requests and of the calls that they cause (Tracing). It is the one package
// that knows OpenTelemetry. Names and attributes of spans come from closed sets:
// no URL, query, user, or host of a client is in one.
//
// Without an endpoint for traces there is no Tracing: a nil one wraps nothing,
// starts nothing and sends nothing.
package tracing
