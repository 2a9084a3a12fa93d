package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"
)

const (
	scanCount  = 500 // keys that Redis looks at in one step
	sweepCount = 200 // entries of an index in one step
)

// Sweep implements session.Store. Records, leases and names expire by themselves,
// so what it removes is index entries whose time has passed and whose record has
// gone. It looks at all keys of the database, some at a time.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	nodes, err := ask(ctx, s.link, callTimeout, func(_ context.Context, c rueidis.Client) (map[string]rueidis.Client, error) {
		return c.Nodes(), nil
	})
	if err != nil {
		return 0, fmt.Errorf("sweep redis: %w", err)
	}
	swept := 0
	var faults []error
	for addr, node := range nodes {
		n, err := s.sweepNode(ctx, node)
		swept += n
		if err != nil {
			faults = append(faults, fmt.Errorf("sweep redis %s: %w", addr, err))
		}
	}
	return swept, errors.Join(faults...)
}

// sweepNode looks through the keys of one node. What it finds is asked for and
// removed through the whole, because replicas show keys too.
func (s *Store) sweepNode(ctx context.Context, node rueidis.Client) (int, error) {
	pattern := "easyauth:*"
	if s.realm != "" {
		pattern = s.keys.prefix + "*"
	}
	swept, cursor := 0, uint64(0)
	for {
		entry, err := ask(ctx, s.link, callTimeout, func(ctx context.Context, _ rueidis.Client) (rueidis.ScanEntry, error) {
			return node.Do(ctx, node.B().Scan().Cursor(cursor).Match(pattern).Count(scanCount).Type("zset").Build()).AsScanEntry()
		})
		if err != nil {
			return swept, fmt.Errorf("scan: %w", err)
		}
		for _, key := range entry.Elements {
			keys, ok := indexOf(key)
			if !ok {
				continue
			}
			n, err := s.sweepIndex(ctx, keys, key)
			swept += n
			if err != nil {
				return swept, fmt.Errorf("index %s: %w", key, err)
			}
		}
		if cursor = entry.Cursor; cursor == 0 {
			return swept, nil
		}
	}
}

// sweepIndex removes from one index what has expired. An entry whose record is
// still there stays: the clocks of two nodes differ.
func (s *Store) sweepIndex(ctx context.Context, keys names, index string) (int, error) {
	swept, kept := 0, 0
	for now := ms(time.Now()); ; {
		members, err := ask(ctx, s.link, callTimeout, func(ctx context.Context, c rueidis.Client) ([]string, error) {
			return c.Do(ctx, c.B().Zrange().Key(index).Min("-inf").Max(now).Byscore().
				Limit(int64(kept), sweepCount).Build()).AsStrSlice()
		})
		if err != nil {
			return swept, err
		}
		gone, err := s.gone(ctx, keys, members)
		if err != nil {
			return swept, err
		}
		kept += len(members) - len(gone)
		if len(gone) > 0 {
			n, err := ask(ctx, s.link, callTimeout, func(ctx context.Context, c rueidis.Client) (int64, error) {
				return c.Do(ctx, c.B().Zrem().Key(index).Member(gone...).Build()).AsInt64()
			})
			swept += int(n)
			if err != nil {
				return swept, err
			}
		}
		if len(members) < sweepCount {
			return swept, nil
		}
	}
}

// gone returns those of some members of an index that have no record.
func (s *Store) gone(ctx context.Context, keys names, members []string) ([]string, error) {
	if len(members) == 0 {
		return nil, nil
	}
	results, err := s.link.each(ctx, func(c rueidis.Client) []rueidis.Completed {
		calls := make([]rueidis.Completed, 0, len(members))
		for _, member := range members {
			calls = append(calls, c.B().Exists().Key(keys.record(member)).Build())
		}
		return calls
	})
	if err != nil {
		return nil, err
	}
	var gone []string
	for n, r := range results {
		there, err := r.AsInt64()
		if err != nil {
			return nil, err
		}
		if there == 0 {
			gone = append(gone, members[n])
		}
	}
	return gone, nil
}
