package session_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// brokenLog is a log that breaks.
type brokenLog struct{ slog.Handler }

func (brokenLog) Enabled(context.Context, slog.Level) bool  { return true }
func (brokenLog) Handle(context.Context, slog.Record) error { panic("a broken log") }

// A refresh fails, and so does writing that down: the process goes on, and so does
// the session.
func TestBrokenLogEndsNoRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r, stop := replicas(t, 1, p.with(), func(c *session.Config) { c.Log = slog.New(brokenLog{}) })
		defer stop()
		time.Sleep(time.Second)
		h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		time.Sleep(58 * time.Minute)
		p.fails(errors.New("down"))
		r[0].must("due", h, access.ReasonOK)
		p.set(p.good)
		time.Sleep(2 * time.Minute)
		r[0].must("mended", h, access.ReasonOK)
	})
}
