package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// maxLimit bounds a page of List.
const maxLimit = 1000

// place is where List goes on: in which of the indexes it walks, after which
// entry. Entries only ever move towards the end, so none is passed over.
type place struct {
	index  int
	score  string
	member string
}

func (p place) String() string { return fmt.Sprintf("%d.%s.%s", p.index, p.score, p.member) }

var errPlace = errors.New("list records: this is not a place to go on from")

func readPlace(s string, indexes int) (place, error) {
	if s == "" {
		return place{}, nil
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return place{}, errPlace
	}
	n, err := strconv.Atoi(parts[0])
	if err != nil || n < 0 || n >= indexes {
		return place{}, errPlace
	}
	_, scored := strconv.ParseUint(parts[1], 10, 63)
	_, member := parse[session.Key](parts[2])
	if parts[2] == "" && parts[1] != "" || parts[2] != "" && scored != nil || !member {
		return place{}, errPlace
	}
	return place{n, parts[1], parts[2]}, nil
}

// List implements session.Store. A record that is damaged is an error: whose it is
// cannot be told from it.
func (s *Store) List(ctx context.Context, q session.Query) ([]*session.Record, string, error) {
	if s.realm == "" {
		return nil, "", errNoRealm
	}
	if q.Limit < 1 || q.Limit > maxLimit {
		return nil, "", fmt.Errorf("list records: the limit is 1 to %d, not %d", maxLimit, q.Limit)
	}
	indexes := s.asked(q)
	at, err := readPlace(q.After, len(indexes))
	if err != nil {
		return nil, "", err
	}
	members, next, err := s.page(ctx, indexes[at.index], at, q.Limit)
	if err != nil {
		return nil, "", fmt.Errorf("list records in redis: %w", err)
	}
	records, err := s.read(ctx, members)
	if err != nil {
		return nil, "", err
	}
	records = slices.DeleteFunc(records, func(r *session.Record) bool { return home(q, r) != at.index })
	switch {
	case next != nil:
		return records, next.String(), nil
	case at.index+1 < len(indexes):
		return records, place{index: at.index + 1}.String(), nil
	default:
		return records, "", nil
	}
}

// asked returns the indexes that a query walks through.
func (s *Store) asked(q session.Query) []string {
	var indexes []string
	for _, h := range q.Users {
		indexes = append(indexes, s.keys.user(h))
	}
	for _, h := range q.SIDs {
		indexes = append(indexes, s.keys.sid(h))
	}
	if len(indexes) == 0 {
		return []string{s.keys.all()}
	}
	return indexes
}

// home is the first of the indexes of a query that a record belongs into, so
// that it is returned there and not again; -1 if none, in spite of an entry.
func home(q session.Query, r *session.Record) int {
	if len(q.Users)+len(q.SIDs) == 0 {
		return 0
	}
	if n := slices.Index(q.Users, r.User); n >= 0 {
		return n
	}
	if n := slices.Index(q.SIDs, r.SID); n >= 0 {
		return len(q.Users) + n
	}
	return -1
}

// page returns members of an index after a place, and the last of them as the next
// place, nil at the end.
func (s *Store) page(ctx context.Context, index string, at place, limit int) ([]string, *place, error) {
	flat, err := ask(ctx, s.link, callTimeout, func(ctx context.Context, c rueidis.Client) ([]string, error) {
		return c.Do(ctx, eval(c, scriptPage, index, at.score, at.member, strconv.Itoa(limit))).AsStrSlice()
	})
	if err != nil {
		return nil, nil, err
	}
	var members []string
	for n := 0; n+1 < len(flat); n += 2 {
		members = append(members, flat[n])
		at.member, at.score = flat[n], flat[n+1]
	}
	if len(members) < limit {
		return members, nil, nil
	}
	return members, &at, nil
}

// read reads records without their values; those that have gone are left out.
func (s *Store) read(ctx context.Context, members []string) ([]*session.Record, error) {
	var records []*session.Record
	for some := range slices.Chunk(members, batch) {
		results, err := s.link.each(ctx, func(c rueidis.Client) []rueidis.Completed {
			calls := make([]rueidis.Completed, 0, len(some))
			for _, member := range some {
				calls = append(calls, c.B().Hmget().Key(s.keys.record(member)).Field(listed()...).Build())
			}
			return calls
		})
		var refused *serverError
		if errors.As(err, &refused) && len(results) < len(some) {
			return nil, fmt.Errorf("list records in redis: record %s: %w", some[len(results)], err)
		}
		if err != nil {
			return nil, fmt.Errorf("list records in redis: %w", err)
		}
		for n, r := range results {
			hash, err := byName(r, listed()...)
			if err != nil {
				return nil, fmt.Errorf("list records in redis: record %s: %w", some[n], err)
			}
			if len(hash) == 0 {
				continue
			}
			record, err := decode(some[n], hash, false)
			if err != nil {
				return nil, err
			}
			records = append(records, record)
		}
	}
	return records, nil
}
