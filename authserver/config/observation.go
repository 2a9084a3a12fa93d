package config

import (
	"log/slog"
	"math"
	"net/url"
	"strconv"
)

// Where the audit stream goes.
const (
	AuditNone   = "none"
	AuditStdout = "stdout"
	AuditFile   = "file"
)

// observation checks and sets what is told of the work: log, audit stream, traces.
func (s *spec) observation(r *report, c *Config) {
	const audit, file, allows = "EASYAUTH_AUDIT", "EASYAUTH_AUDIT_FILE", "EASYAUTH_AUDIT_ALLOWS"
	c.LogLevel, c.LogFormat, c.LogAllows = slog.Level(s.LogLevel), string(s.LogFormat), float64(s.LogAllows)
	c.Tracing = s.OTLPEndpoint != "" || s.OTLPTracesEndpoint != ""
	c.Audit = string(s.Audit)
	c.AuditAllows = s.AuditAllows
	switch toFile := c.Audit == AuditFile; {
	case r.has(audit): // nobody knows whether a file is wanted
	case toFile && s.AuditFile == "":
		r.need(file, "is required with EASYAUTH_AUDIT=file: the file to which events are appended")
	case !toFile && s.AuditFile != "":
		r.need(file, "needs EASYAUTH_AUDIT=file")
	case toFile:
		c.AuditFile = s.AuditFile
	}
	if c.Audit == AuditNone && r.gave(allows) && !r.has(audit, allows) {
		r.warn(allows, "has no effect: without EASYAUTH_AUDIT there is no audit stream")
	}
}

// logLevel is the lowest level that is logged.
type logLevel slog.Level

// Decode implements envconfig.Decoder.
func (l *logLevel) Decode(value string) error {
	choice, err := choose(value, "debug", "info", "warn", "error")
	if err != nil {
		return err
	}
	var level slog.Level
	err = level.UnmarshalText([]byte(choice))
	*l = logLevel(level)
	return err
}

// logFormat is how log lines are written.
type logFormat string

// Decode implements envconfig.Decoder.
func (f *logFormat) Decode(value string) error {
	choice, err := choose(value, "json", "text")
	*f = logFormat(choice)
	return err
}

// share is a part of a whole.
type share float64

// Decode implements envconfig.Decoder.
func (s *share) Decode(value string) error {
	part, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(part) || part < 0 || part > 1 {
		return expect("must be a share from 0 (none) to 1 (all), such as 0.01")
	}
	*s = share(part)
	return nil
}

// auditTarget is where the audit stream goes.
type auditTarget string

// Decode implements envconfig.Decoder.
func (a *auditTarget) Decode(value string) error {
	choice, err := choose(value, AuditNone, AuditStdout, AuditFile)
	*a = auditTarget(choice)
	return err
}

// otlpEndpoint is where traces are received, as OpenTelemetry's library reads it
// from the process environment.
type otlpEndpoint string

// Decode implements envconfig.Decoder.
func (e *otlpEndpoint) Decode(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return expect("must be the URL of a receiver of OTLP over HTTP, such as http://otel-collector:4318")
	}
	*e = otlpEndpoint(value)
	return nil
}
