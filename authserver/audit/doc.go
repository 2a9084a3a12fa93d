// Package audit writes what happened, for whoever must account for it later: one
// JSON line for each event (Stream, Event), to standard output or to a file. It
// also makes text from elsewhere fit for a line (Text), for the log as well as for
// events, and holds a log to that (Lines). It knows nothing of HTTP: what an
// event says is handed in, and no query string, cookie, token, code or secret
// may be.
package audit
