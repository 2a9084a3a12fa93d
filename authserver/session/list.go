package session

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Bounds of the sessions of one person: that are listed, and read for it.
const (
	maxListed = 100
	maxRead   = 1000
)

// Info is what a list tells of one session. Nothing of it opens the session.
type Info struct {
	ID      string // 12 hex characters, the beginning of the record's key
	User    string // 12 hex characters: the same for all sessions of a person, under one key of the ring
	Issued  time.Time
	Seen    time.Time // last use that was noted; zero: none was, as ever without an idle time
	Expires time.Time // when it ends at the latest, if it is not used
	Label   string    // the browser; empty if it is not known
	Current bool      // it is the one that asks
}

func infoOf(r *Record) Info {
	i := Info{ID: short(r.Key), User: short(r.User), Issued: r.Issued, Expires: r.Expires}
	if r.Seen.After(r.Issued) {
		i.Seen = r.Seen
	}
	return i
}

func short(b [32]byte) string { return hex.EncodeToString(b[:6]) }

// Sessions lists up to 100 sessions of the person that s is of, the newest first.
// It needs a store. Errors are *StoreError.
func (m *Manager) Sessions(ctx context.Context, s *Session) ([]Info, error) {
	records, err := m.sessions(ctx, s)
	if err != nil {
		return nil, err
	}
	out := make([]Info, min(len(records), maxListed))
	for i := range out {
		r := records[i]
		out[i] = infoOf(r)
		out[i].Current = r.Key == s.stored.record
		out[i].Label = openLabel(m.cfg.Ring, s.Identity.Key(), r)
	}
	return out, nil
}

// sessions are all of a person's, the newest first, as far as one person has a
// sensible number of them.
func (m *Manager) sessions(ctx context.Context, s *Session) ([]*Record, error) {
	if m.cfg.Store == nil || s.stored == nil {
		return nil, &StoreError{errors.New("list sessions: there is no store")}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*storeTimeout)
	defer cancel()
	q := Query{Users: userHandles(m.cfg.Ring, s.Identity.Key()), Limit: maxRead}
	var all []*Record
	for {
		began := time.Now()
		records, next, err := m.cfg.Store.List(ctx, q)
		m.count(opList, began, err)
		if err != nil {
			return nil, &StoreError{fmt.Errorf("list sessions: %w", err)}
		}
		if all = append(all, records...); next == "" || len(all) >= maxRead {
			break
		}
		q.After = next
	}
	slices.SortFunc(all, func(a, b *Record) int { return cmp.Or(b.Issued.Compare(a.Issued), bytes.Compare(a.Key[:], b.Key[:])) })
	return slices.CompactFunc(all, func(a, b *Record) bool { return a.Key == b.Key }), nil
}

// EndOne ends one of a person's sessions, by its Info.ID. It reports false if the
// person has none such. Errors are *StoreError.
func (m *Manager) EndOne(ctx context.Context, s *Session, id string) (bool, error) {
	records, err := m.sessions(ctx, s)
	if err != nil {
		return false, err
	}
	for _, r := range records {
		if short(r.Key) == id {
			return true, m.delete(ctx, r.Key)
		}
	}
	return false, nil
}
