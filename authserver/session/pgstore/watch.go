package pgstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

const (
	// quietTime is how long a connection is believed without a word from the
	// database; then it is asked, and has answerTime. Together they are less than
	// the 5 s for which a dead connection may pass for a living one.
	quietTime  = 1500 * time.Millisecond
	answerTime = 2 * time.Second

	listenSQL = "LISTEN easyauth_changed"
	probeSQL  = "SELECT pg_notify('easyauth_changed', $1::text)"
	alertSQL  = "SELECT 'easyauth_changed' IN (SELECT pg_listening_channels())"
)

var errDeaf = errors.New("notifications do not arrive: LISTEN needs a direct connection, or a pooler in session mode")

// Watch tells w what Update and Delete change, until ctx or the Store ends. It has
// a connection of its own and connects again by itself.
func (s *Store) Watch(ctx context.Context, w session.Watcher) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()

	said := ""
	for wait := firstPause; ctx.Err() == nil; wait = min(2*wait, longestPause) {
		heard, err := s.listen(ctx, w)
		if ctx.Err() != nil {
			return
		}
		if heard {
			wait, said = firstPause, ""
		}
		if err.Error() != said {
			said = err.Error()
			s.log.Warn("changes of sessions are not heard of", "error", err)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// listen is one connection of Watch. heard says whether it was ever of use.
func (s *Store) listen(ctx context.Context, w session.Watcher) (heard bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, s.conn)
	if err != nil {
		return false, fmt.Errorf("connect to listen: %w", err)
	}
	defer closeSoon(conn)
	if _, err := conn.Exec(ctx, listenSQL); err != nil {
		return false, fmt.Errorf("listen: %w", err)
	}
	if err := s.probe(ctx, conn, w); err != nil {
		return false, err
	}
	s.log.Info("changes of sessions are heard of")
	w.Connected(true)
	defer w.Connected(false)
	for {
		if err := s.hear(ctx, conn, w); err != nil {
			return true, err
		}
	}
}

// probe sends a notification through another connection and waits for it. A pooler
// in transaction mode lets LISTEN succeed, and nothing is ever heard.
func (s *Store) probe(ctx context.Context, conn *pgx.Conn, w session.Watcher) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout+answerTime)
	defer cancel()
	payload := s.realm + "?" + rand.Text()
	other, err := pgx.ConnectConfig(ctx, s.conn)
	if err != nil {
		return fmt.Errorf("connect to prove that changes are heard: %w", err)
	}
	defer closeSoon(other)
	if _, err := other.Exec(ctx, probeSQL, payload); err != nil {
		return fmt.Errorf("prove that changes are heard: %w", err)
	}
	wait, done := context.WithTimeout(ctx, answerTime)
	defer done()
	for {
		n, err := conn.WaitForNotification(wait)
		switch {
		case err == nil && n.Payload == payload:
			return nil
		case err == nil:
			s.tell(w, n.Payload)
		case wait.Err() != nil && ctx.Err() == nil:
			return errDeaf
		default:
			return fmt.Errorf("wait for a notification: %w", err)
		}
	}
}

// hear waits for one change, or asks the connection whether it still lives and
// listens.
func (s *Store) hear(ctx context.Context, conn *pgx.Conn, w session.Watcher) error {
	quiet, cancel := context.WithTimeout(ctx, quietTime)
	defer cancel()
	n, err := conn.WaitForNotification(quiet)
	switch {
	case err == nil:
		s.tell(w, n.Payload)
		return nil
	case quiet.Err() == nil || ctx.Err() != nil || conn.IsClosed():
		return fmt.Errorf("wait for a change: %w", err)
	}
	answer, done := context.WithTimeout(ctx, answerTime)
	defer done()
	var alert bool
	if err := conn.QueryRow(answer, alertSQL).Scan(&alert); err != nil {
		return fmt.Errorf("ask whether the connection lives: %w", err)
	}
	if !alert {
		return errDeaf
	}
	return nil
}

// tell passes a change of this realm on.
func (s *Store) tell(w session.Watcher, payload string) {
	text, ours := strings.CutPrefix(payload, s.realm+":")
	raw, err := hex.DecodeString(text)
	if !ours || err != nil || len(raw) != len(session.Key{}) {
		return
	}
	w.Changed(session.Key(raw))
}
