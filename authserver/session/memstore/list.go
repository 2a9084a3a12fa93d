package memstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

const maxLimit = 1000

// List implements session.Store. Records come in the order of their keys, and the
// place to go on is the last key that was returned.
func (s *Store) List(ctx context.Context, q session.Query) ([]*session.Record, string, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, "", err
	}
	defer end()
	if q.Limit < 1 || q.Limit > maxLimit {
		return nil, "", fmt.Errorf("list sessions: the limit %d is not 1 to %d", q.Limit, maxLimit)
	}
	after, err := hex.DecodeString(q.After)
	if err != nil {
		return nil, "", errors.New("list sessions: no place to go on from")
	}
	var found []*session.Record
	for at := range s.data.records {
		r := s.data.live(at)
		if r != nil && at.realm == s.realm && bytes.Compare(r.Key[:], after) > 0 && wanted(q, r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *session.Record) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	next := ""
	if len(found) > q.Limit {
		found = found[:q.Limit]
		last := found[q.Limit-1].Key
		next = hex.EncodeToString(last[:])
	}
	for i, r := range found {
		found[i] = clone(r)
		found[i].Value = nil
	}
	return found, next, nil
}

// wanted reports whether a query is for a record. The zero handle is nobody's.
func wanted(q session.Query, r *session.Record) bool {
	has := func(handles []session.Handle, h session.Handle) bool {
		return h != session.Handle{} && slices.Contains(handles, h)
	}
	return len(q.Users) == 0 && len(q.SIDs) == 0 || has(q.Users, r.User) || has(q.SIDs, r.SID)
}
