package pgstore

import (
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// columnsSQL are those of a Record that List returns too, in the order of row.dest.
// Bytes come as hexadecimal text and times as milliseconds, so that no setting of
// the database (bytea_output, DateStyle, TimeZone) changes how they look.
const columnsSQL = `encode(key, 'hex'), encode(user_handle, 'hex'), encode(sid_handle, 'hex'), version,
	(extract(epoch FROM issued) * 1000)::bigint, (extract(epoch FROM seen) * 1000)::bigint,
	(extract(epoch FROM expires) * 1000)::bigint, encode(label, 'hex')`

// row is a line of easyauth_sessions.
type row struct {
	key, user, sid        hexed
	version               int64
	issued, seen, expires int64
	label, value          hexed
}

func (w *row) dest() []any {
	return []any{&w.key, &w.user, &w.sid, &w.version, &w.issued, &w.seen, &w.expires, &w.label}
}

func (w *row) record() *session.Record {
	r := &session.Record{
		Version: uint64(w.version), //nolint:gosec // Create and Update keep it positive
		Issued:  time.UnixMilli(w.issued).UTC(),
		Seen:    time.UnixMilli(w.seen).UTC(),
		Expires: time.UnixMilli(w.expires).UTC(),
		Label:   w.label,
		Value:   w.value,
	}
	copy(r.Key[:], w.key)
	copy(r.User[:], w.user)
	copy(r.SID[:], w.sid)
	return r
}

// hexed are bytes that come as hexadecimal text; nil is NULL.
type hexed []byte

// ScanText implements pgtype.TextScanner.
func (h *hexed) ScanText(v pgtype.Text) error {
	*h = nil
	if !v.Valid {
		return nil
	}
	raw, err := hex.DecodeString(v.String)
	if err != nil {
		return err
	}
	*h = raw
	return nil
}

// handle gives NULL for the zero Handle, so that it is in no index.
func handle(h session.Handle) []byte {
	if h == (session.Handle{}) {
		return nil
	}
	return h[:]
}

// filled gives an empty value for one that is absent, which would be NULL.
func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// milli cuts a time to the millisecond.
func milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// raw gives the bytes of keys or handles; never nil, which would be NULL.
func raw[T session.Key | session.Handle](list []T) [][]byte {
	out := make([][]byte, 0, len(list))
	for _, v := range list {
		b := [32]byte(v)
		out = append(out, b[:])
	}
	return out
}
