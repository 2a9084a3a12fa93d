package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/exchange"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// outside is what the wired server gets from the process. Only log is required.
type outside struct {
	version string
	log     *slog.Logger
	level   *slog.LevelVar                                           // of log; nil: it stays as it is
	stdout  io.Writer                                                // for the audit stream
	proxy   bool                                                     // it stands in front of the applications itself
	looks   bool                                                     // nothing is to be served: there is no audit stream, and its file is not made
	reread  func() (*config.Config, []config.Warning, config.Faults) // reads the configuration again; nil: it stays as it is
	learns  time.Duration                                            // how long a new generation may take to learn what is new in it; 0 means 15 s
}

// lasting is what outlives a change of the configuration.
type lasting struct {
	outside
	registry *prometheus.Registry
	metrics  *metrics.Metrics // of what lasts; every generation has a stage of it
	keeping  *keeping
	faulty   fileFaults
	used     *signin.UsedIDs
	codes    *exchange.UsedCodes
	audit    *audit.Stream    // nil: there is none
	tracing  *tracing.Tracing // nil: nothing is traced
	longest  time.Duration    // life of a session under any configuration so far
}

func wireLasting(ctx context.Context, cfg *config.Config, out outside) (*lasting, error) {
	l := &lasting{outside: out, registry: prometheus.NewRegistry(), used: signin.NewUsedIDs(), codes: exchange.NewUsedCodes(nil), faulty: fileFaults{known: map[string]string{}}}
	l.metrics = metrics.New(l.registry, out.version)
	l.metrics.Cache(metrics.CacheAttempts, l.used)
	var err error
	if l.audit, err = wireAudit(cfg, l); err != nil {
		return nil, config.Faults{{Name: "EASYAUTH_AUDIT_FILE", Expected: fmt.Sprintf("%s cannot be appended to: %v: make its folder and let the user as whom EasyAuth runs write there (in a container, mount a volume), or set EASYAUTH_AUDIT=stdout", cfg.AuditFile, pathless(err))}}
	}
	if l.keeping, err = wireKeeping(ctx, cfg, l.metrics, out.log); err != nil {
		return nil, errors.Join(err, l.audit.Close())
	}
	if cfg.Tracing {
		if l.tracing, err = tracing.New(ctx, tracing.Config{ServiceVersion: out.version, Log: out.log}); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

func wireAudit(cfg *config.Config, l *lasting) (*audit.Stream, error) {
	c := audit.Config{Log: l.log, Failed: l.metrics.AuditFailed}
	switch {
	case cfg.Audit == config.AuditNone:
		return nil, nil
	case l.looks:
		return nil, mayAppend(cfg.AuditFile)
	case cfg.Audit == config.AuditFile:
		c.File = cfg.AuditFile
	case cfg.Audit == config.AuditStdout:
		c.Writer = l.stdout
	}
	return audit.New(c)
}

// begin tells that a configuration is in use: that of the start, or the one before a
// change that was taken back.
func (l *lasting) begin() {
	l.metrics.ConfigurationLoaded(nil)
	l.audit.Write(audit.Event{Event: audit.ConfigurationLoaded, Version: l.version})
}

// reopen opens the file of the audit stream anew: it may have been moved away.
func (l *lasting) reopen(ctx context.Context) {
	if err := l.audit.Reopen(); err != nil {
		l.log.WarnContext(ctx, "the file of the audit stream cannot be opened anew: the open one is written to", "error", err)
	}
}

// close ends connections, when nothing uses them any more.
func (l *lasting) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(l.tracing.Shutdown(ctx), l.audit.Close()); err != nil {
		l.log.Warn("not everything was told at the end", "error", err)
	}
	l.keeping.close()
}
