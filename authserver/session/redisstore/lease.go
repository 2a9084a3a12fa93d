package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// Acquire implements session.Store.
func (s *Store) Acquire(ctx context.Context, lease, owner string, ttl time.Duration) (bool, error) {
	if ttl < time.Millisecond {
		return false, errors.New("a lease lasts at least a millisecond")
	}
	got, err := s.link.number64(ctx, scriptAcquire, s.keys.lease(lease), owner, strconv.FormatInt(ttl.Milliseconds(), 10))
	if err != nil {
		return false, fmt.Errorf("acquire lease in redis: %w", err)
	}
	return got == 1, nil
}

// Release implements session.Store.
func (s *Store) Release(ctx context.Context, lease, owner string) error {
	if _, err := s.link.number64(ctx, scriptRelease, s.keys.lease(lease), owner); err != nil {
		return fmt.Errorf("release lease in redis: %w", err)
	}
	return nil
}

// Once implements session.Store.
func (s *Store) Once(ctx context.Context, name string, until time.Time) (bool, error) {
	if s.realm == "" {
		return false, errNoRealm
	}
	return s.link.once(ctx, s.keys.once(name), until)
}

func (l *link) once(ctx context.Context, key string, until time.Time) (bool, error) {
	first, err := ask(ctx, l, callTimeout, func(ctx context.Context, c rueidis.Client) (bool, error) {
		err := c.Do(ctx, c.B().Set().Key(key).Value("1").Nx().PxatMillisecondsTimestamp(until.UnixMilli()).Build()).Error()
		if rueidis.IsRedisNil(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return false, fmt.Errorf("note a name in redis: %w", err)
	}
	return first, nil
}
