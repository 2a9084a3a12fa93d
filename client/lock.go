package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	lockPause    = 20 * time.Millisecond
	lockPatience = 2 * time.Minute // two requests may be under way, each with its timeout
)

// lock waits for the turn of this process with the file of a key, for at most
// lockPatience, and returns what ends it. The system ends it too when the process ends.
// The lock is on a file beside, which stays: to delete it would let two have a turn.
func (s *State) lock(ctx context.Context, of key) (unlock func(), err error) {
	if err := s.makeFolder(); err != nil {
		return nil, err
	}
	path := strings.TrimSuffix(s.path(of), ".json") + ".lock"
	f, err := openPrivate(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if err := wait(ctx, f); err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return func() { _ = f.Close() }, nil // which ends the lock, and nothing was written
}

func wait(ctx context.Context, f *os.File) error {
	deadline := time.NewTimer(lockPatience)
	defer deadline.Stop()
	tick := time.NewTicker(lockPause)
	defer tick.Stop()
	for {
		switch locked, err := tryLock(f); {
		case err != nil:
			return inFile(f.Name(), fmt.Errorf("it cannot be locked here, and two calls at once would end the session: %w", err))
		case locked:
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline.C:
			return inFile(f.Name(), errors.New("another easyauth has had it for two minutes"))
		case <-tick.C:
		}
	}
}
