//go:build linux || darwin

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// tokens are what is kept of a session.
type tokens struct {
	App     string `json:"app"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expires int64  `json:"expires_at"`
}

func (k *tokens) expires() time.Time { return time.Unix(k.Expires, 0).UTC() }

// store keeps the tokens of an application in a file that is ours alone. They go to that application, and nowhere else.
type store struct{ app, file string }

// lock lets one program in at a time: a refresh token is good once, and one that comes again ends the session.
func (s *store) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(s.file+".lock", os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // nothing was written to it
}

func (s *store) load() (*tokens, error) {
	text, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, stop{5, "nobody is signed in: login first"}
	}
	if err != nil {
		return nil, err
	}
	var kept tokens
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", s.file, err)
	}
	if kept.App != s.app {
		return nil, stop{2, s.file + " is for " + kept.App}
	}
	return &kept, nil
}

// keep puts tokens in the place of the old ones, all at once. The lock is held.
func (s *store) keep(kept *tokens) error {
	text, err := json.Marshal(kept) //nolint:gosec // it is for the file
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.file), filepath.Base(s.file)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
