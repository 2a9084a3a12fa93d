// Package logs holds docs/logs.md and docs/tracing.md to the code: each line that is
// logged is in the table, with its keys; each key of an event, each kind, each name
// and attribute of a span is described.
package logs
