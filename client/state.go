package client

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// State is a folder of files, one for each server and account there. The folder is its
// owner's alone (0700), and so are the files (0600). Make it with NewState.
//
// Where systems have no such modes, as Windows, the folder must be in a place that is
// private already.
type State struct{ folder string }

// Folder is where the tokens of a person are kept on this system: easyauth below
// XDG_STATE_HOME or ~/.local/state; on macOS ~/Library/Application Support, on Windows
// %LocalAppData% come after XDG_STATE_HOME. It makes nothing.
func Folder(system string, getenv func(string) string) (string, error) {
	const name = "easyauth"
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) { // its specification: ignore what is relative
		return filepath.Join(dir, name), nil
	}
	variable, below := "HOME", []string{".local", "state"}
	switch system {
	case "windows":
		variable, below = "LOCALAPPDATA", nil
	case "darwin":
		below = []string{"Library", "Application Support"}
	}
	home := getenv(variable)
	if !filepath.IsAbs(home) {
		return "", fmt.Errorf("there is no place to keep a token: neither XDG_STATE_HOME nor %s is the path of a folder", variable)
	}
	return filepath.Join(append(append([]string{home}, below...), name)...), nil
}

// NewState returns the state in a folder, which need not be there yet.
func NewState(folder string) (*State, error) {
	if !filepath.IsAbs(folder) {
		return nil, errors.New("the folder for tokens needs an absolute path")
	}
	return &State{filepath.Clean(folder)}, nil
}

// key says whose token a file is for.
type key struct {
	server string // origin and base path
	client string // of an application; "": a person's
}

var errNotKept = errors.New("nothing is kept")

// path is the file of a key: what a person recognises, and what tells all keys apart.
func (s *State) path(of key) string {
	const longest = 80 // bytes of the host
	host := strings.TrimPrefix(strings.TrimPrefix(of.server, "https://"), "http://")
	host, _, _ = strings.Cut(host, "/")
	host = strings.Map(func(r rune) rune {
		if hostRune(r) {
			return r
		}
		return '_'
	}, host)
	if of.client != "" {
		host = "app-" + host
	}
	sum := sha256.Sum256([]byte(of.server + "\n" + of.client))
	return filepath.Join(s.folder, host[:min(len(host), longest)]+"-"+hex.EncodeToString(sum[:8])+".json")
}

// read returns the record of a key, or errNotKept. What others can read or may have
// written is refused.
func (s *State) read(of key) (*record, error) {
	if err := s.checkFolder(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errNotKept
		}
		return nil, err
	}
	path := s.path(of)
	f, err := openPrivate(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNotKept
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	_ = f.Close() // only read from
	if err != nil {
		return nil, inFile(path, err)
	}
	r, err := decode(text, of)
	if err != nil {
		return nil, inFile(path, fmt.Errorf("%w: delete it, or sign in again", err))
	}
	return r, nil
}

// draft is a file that is to take another's place.
type draft struct {
	file *os.File
	path string
}

// begin makes the file that the next record of a key goes into, so that what can go
// wrong does before a token is asked for. It must be committed or dropped.
func (s *State) begin(of key) (*draft, error) {
	if err := s.makeFolder(); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(s.folder, ".new-*") // with mode 0600
	if err != nil {
		return nil, fmt.Errorf("make a file for the token: %w", err)
	}
	return &draft{f, s.path(of)}, nil
}

// commit writes the record and puts it in its place, in one step: who reads sees the old
// one or the new one, also after a crash.
func (d *draft) commit(r *record) error {
	text, err := r.encode()
	if err == nil {
		_, err = d.file.Write(text)
	}
	if err = errors.Join(err, d.file.Sync(), d.file.Close()); err == nil {
		err = rename(d.file.Name(), d.path)
	}
	if err != nil {
		d.drop()
		return fmt.Errorf("keep the token: %w", err)
	}
	return syncFolder(filepath.Dir(d.path))
}

// drop gives up.
func (d *draft) drop() {
	_ = d.file.Close() // it may be closed already
	_ = os.Remove(d.file.Name())
}

// rename waits a moment for readers where they keep a file from being replaced.
func rename(from, to string) error {
	const attempts = 50
	var err error
	for range attempts {
		if err = os.Rename(from, to); err == nil || runtime.GOOS != "windows" {
			return err
		}
		time.Sleep(lockPause)
	}
	return err
}

// remove deletes the file of a key. It need not be there.
func (s *State) remove(of key) error {
	if err := os.Remove(s.path(of)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete the token: %w", err)
	}
	return nil
}

func (s *State) makeFolder() error {
	if err := s.checkFolder(); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return fmt.Errorf("make the folder for tokens (XDG_STATE_HOME can name another): %w", err)
	}
	return s.checkFolder()
}

func (s *State) checkFolder() error {
	info, err := os.Lstat(s.folder)
	if err != nil {
		return fmt.Errorf("look at the folder for tokens: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: it is not a folder", s.folder)
	}
	return isPrivate(s.folder, info)
}

// openPrivate opens a file that is nobody else's, and no link to one.
func openPrivate(path string, flags int) (*os.File, error) {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist): // made, if the flags say so
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, inFile(path, errors.New("it is not a plain file: delete it"))
	}
	f, err := os.OpenFile(path, flags|noFollow, 0o600) //nolint:gosec // in the own folder
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = inFile(path, errors.New("it is not a plain file: delete it"))
	}
	if err == nil {
		err = isPrivate(path, info)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

func inFile(path string, err error) error { return fmt.Errorf("%s: %w", path, err) }
