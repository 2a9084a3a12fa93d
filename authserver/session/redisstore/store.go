package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// createLimit bounds a Create as a whole.
const createLimit = 30 * time.Second

// batch is how many calls are made at once.
const batch = 100

// Store is a session.Store in Redis.
type Store struct {
	link  *link
	keys  names
	realm string
}

var _ session.Store = (*Store)(nil)

// New makes a Store. Only a configuration that cannot be right is an error: a
// Redis that cannot be reached is looked for again by every call. ctx bounds New,
// not the Store.
func New(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Realm != "" && !validRealm(cfg.Realm) {
		return nil, fmt.Errorf("a realm has %d hexadecimal characters", realmLength)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, err := newLink(cfg)
	if err != nil {
		return nil, err
	}
	keys := namesOf(cfg.Realm)
	if cfg.Realm == "" {
		keys = namesOf(anyRealm)
	}
	return &Store{link: l, keys: keys, realm: cfg.Realm}, nil
}

// Create implements session.Store. If it ends with an error after the record was
// written, the record stays until it expires, unknown to anybody.
func (s *Store) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	if s.realm == "" {
		return errNoRealm
	}
	if err := check(r); err != nil {
		return fmt.Errorf("create record: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, createLimit)
	defer cancel()
	key := text(r.Key)
	if err := s.index(ctx, key, r.User, r.SID, r.Expires); err != nil {
		return fmt.Errorf("create record %s in redis: index: %w", key, err)
	}
	args := append([]string{ms(r.Expires)}, fields(r)...)
	switch made, err := s.link.number64(ctx, scriptCreate, s.keys.record(key), args...); {
	case err != nil:
		return fmt.Errorf("create record %s in redis: %w", key, err)
	case made == 0:
		return fmt.Errorf("create record %s in redis: the key exists", key)
	case made == 2:
		return fmt.Errorf("create record %s in redis: it has expired", key)
	}
	if len(replaces) == 0 {
		return nil
	}
	if _, err := s.Delete(ctx, replaces...); err != nil {
		return fmt.Errorf("create record %s: replaced records: %w", key, err)
	}
	return nil
}

// index enters a record in its indexes, or prolongs what is there.
func (s *Store) index(ctx context.Context, key string, user, sid session.Handle, expires time.Time) error {
	_, err := s.link.each(ctx, func(c rueidis.Client) []rueidis.Completed {
		var calls []rueidis.Completed
		for _, index := range s.keys.indexes(user, sid) {
			calls = append(calls, eval(c, scriptIndex, index, key, ms(expires)))
		}
		return calls
	})
	return err
}

// Get implements session.Store. Something under the key that is no whole record is
// an error that is not session.ErrNoRecord.
func (s *Store) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	if s.realm == "" {
		return nil, errNoRealm
	}
	name := text(key)
	hash, err := ask(ctx, s.link, callTimeout, func(ctx context.Context, c rueidis.Client) (map[string]string, error) {
		return c.Do(ctx, c.B().Hgetall().Key(s.keys.record(name)).Build()).AsStrMap()
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("get record %s from redis: %w", name, err)
	case len(hash) == 0:
		return nil, session.ErrNoRecord
	}
	return decode(name, hash, true)
}

// Update implements session.Store.
func (s *Store) Update(ctx context.Context, r *session.Record, was uint64) error {
	if s.realm == "" {
		return errNoRealm
	}
	if err := check(&session.Record{Key: r.Key, Version: r.Version, Value: r.Value, Expires: time.UnixMilli(1)}); err != nil {
		return fmt.Errorf("update record: %w", err)
	}
	key := text(r.Key)
	did, err := s.link.number64(ctx, scriptUpdate, s.keys.record(key),
		strconv.FormatUint(was, 10), strconv.FormatUint(r.Version, 10), string(r.Value), s.keys.changed(), key)
	switch {
	case err != nil:
		return fmt.Errorf("update record %s in redis: %w", key, err)
	case did == 0:
		return session.ErrNoRecord
	case did == 1:
		return session.ErrVersion
	case did == 2:
		return nil
	default:
		return damaged(key, fieldVersion)
	}
}

// Touch implements session.Store. The indexes are prolonged first, so that no
// record outlives its entries; they are not shortened.
func (s *Store) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	if s.realm == "" {
		return errNoRealm
	}
	if expires.UnixMilli() <= 0 {
		return fmt.Errorf("touch record: %w", errNoExpiry)
	}
	name := text(key)
	handles, err := ask(ctx, s.link, callTimeout, func(ctx context.Context, c rueidis.Client) (map[string]string, error) {
		return byName(c.Do(ctx, c.B().Hmget().Key(s.keys.record(name)).Field(fieldUser, fieldSID).Build()), fieldUser, fieldSID)
	})
	if err != nil {
		return fmt.Errorf("touch record %s in redis: %w", name, err)
	}
	if len(handles) == 0 {
		return nil
	}
	d := decoder{key: name, hash: handles}
	user, sid := d.handle(fieldUser), d.handle(fieldSID)
	if d.err != nil {
		return d.err
	}
	if err := s.index(ctx, name, user, sid, expires); err != nil {
		return fmt.Errorf("touch record %s in redis: index: %w", name, err)
	}
	if _, err := s.link.number64(ctx, scriptTouch, s.keys.record(name), ms(seen), ms(expires)); err != nil {
		return fmt.Errorf("touch record %s in redis: %w", name, err)
	}
	return nil
}

// byName reads the answer of HMGET; fields that are not there are left out.
func byName(r rueidis.RedisResult, fields ...string) (map[string]string, error) {
	values, err := r.ToArray()
	if err != nil {
		return nil, err
	}
	if len(values) != len(fields) {
		return nil, errors.New("redis answers with another number of fields than were asked for")
	}
	hash := make(map[string]string, len(fields))
	for n, v := range values {
		if v.IsNil() {
			continue
		}
		if hash[fields[n]], err = v.ToString(); err != nil {
			return nil, err
		}
	}
	return hash, nil
}

// Delete implements session.Store. Index entries that cannot be removed any more
// are left to Sweep: the sessions have ended all the same.
func (s *Store) Delete(ctx context.Context, keys ...session.Key) (int, error) {
	if s.realm == "" {
		return 0, errNoRealm
	}
	deleted := 0
	for len(keys) > 0 {
		some := keys[:min(batch, len(keys))]
		keys = keys[len(some):]
		n, err := s.deleteSome(ctx, some)
		deleted += n
		if err != nil {
			return deleted, fmt.Errorf("delete records from redis: %w", err)
		}
	}
	return deleted, nil
}

func (s *Store) deleteSome(ctx context.Context, keys []session.Key) (int, error) {
	results, err := s.link.each(ctx, func(c rueidis.Client) []rueidis.Completed {
		calls := make([]rueidis.Completed, 0, len(keys))
		for _, key := range keys {
			calls = append(calls, eval(c, scriptDelete, s.keys.record(text(key)), s.keys.changed(), text(key)))
		}
		return calls
	})
	deleted := 0
	members := map[string][]string{} // of the indexes
	for n, r := range results {
		was, rerr := r.AsStrSlice()
		if rerr != nil || len(was) != 3 {
			return deleted, fmt.Errorf("record %s: not the answer that was expected", text(keys[n]))
		}
		if was[0] == "1" {
			deleted++
		}
		user, _ := parse[session.Handle](was[1])
		sid, _ := parse[session.Handle](was[2])
		for _, index := range s.keys.indexes(user, sid) {
			members[index] = append(members[index], text(keys[n]))
		}
	}
	_, _ = s.link.each(ctx, func(c rueidis.Client) []rueidis.Completed { // as Delete says
		calls := make([]rueidis.Completed, 0, len(members))
		for index, gone := range members {
			calls = append(calls, c.B().Zrem().Key(index).Member(gone...).Build())
		}
		return calls
	})
	return deleted, err
}

// Ping implements session.Store.
func (s *Store) Ping(ctx context.Context) error { return s.link.ping(ctx, s.keys.all()) }

// Close implements session.Store.
func (s *Store) Close() { s.link.Close() }

func (l *link) ping(ctx context.Context, key string) error {
	// A script that reads: PING alone answers those who may do nothing else, too.
	_, err := l.number64(ctx, "return redis.call('EXISTS', KEYS[1])", key)
	if err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}
