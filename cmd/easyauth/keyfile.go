package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// keyFile is a file of keys while it is changed. Errors name neither its path,
// which may be a key by mistake, nor what is in it.
type keyFile struct {
	path     string // with symbolic links followed: the file behind them is replaced
	info     fs.FileInfo
	modified time.Time
	entries  []keyEntry
}

type keyEntry struct {
	text string // as it is spelled, without what is in front of a next key
	next bool
	id   seal.KeyID
}

const nextPrefix = "next:"

func readKeyFile(path string) (*keyFile, error) {
	f := &keyFile{}
	var err error
	if f.path, err = filepath.EvalSymlinks(path); err == nil {
		f.info, err = os.Stat(f.path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the file of keys: %w", pathless(err))
	}
	f.modified = f.info.ModTime()
	text, err := secret.File(f.path)
	if err != nil {
		return nil, fmt.Errorf("read the file of keys: %w", errors.Unwrap(err))
	}
	return f, f.parse(text.Reveal())
}

// parse splits what config accepts into entries.
func (f *keyFile) parse(text string) error {
	if _, _, err := config.ParseKeys(text); err != nil {
		return fmt.Errorf("read the file of keys: %w", err)
	}
	for entry := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		if err := f.append(entry); err != nil {
			return err
		}
	}
	return nil
}

func (f *keyFile) append(entry string) error {
	text, next := strings.CutPrefix(entry, nextPrefix)
	keys, _, err := config.ParseKeys(text)
	if err != nil {
		return fmt.Errorf("read one of the keys: %w", err)
	}
	ring, err := seal.NewRing(keys, seal.Domain{})
	if err != nil {
		return err
	}
	f.entries = append(f.entries, keyEntry{text: text, next: next, id: ring.Current()})
	return nil
}

// next returns the place of the first next key, -1 if there is none.
func (f *keyFile) next() int {
	return slices.IndexFunc(f.entries, func(e keyEntry) bool { return e.next })
}

// first returns the place of the key that seals.
func (f *keyFile) first() int {
	return slices.IndexFunc(f.entries, func(e keyEntry) bool { return !e.next })
}

func (f *keyFile) sealing() seal.KeyID { return f.entries[f.first()].id }

// add puts a next key behind the others.
func (f *keyFile) add(key string) error {
	if len(f.entries) >= seal.MaxKeys {
		return fmt.Errorf("the file holds %d keys, the most there can be: drop one that is no longer used first (--list, --drop)", len(f.entries))
	}
	return f.append(nextPrefix + key)
}

// promote lets a next key seal.
func (f *keyFile) promote(next int) {
	e := f.entries[next]
	e.next = false
	f.entries = slices.Insert(slices.Delete(f.entries, next, next+1), 0, e)
}

// drop takes a key away, but never the one that seals.
func (f *keyFile) drop(id string) (seal.KeyID, error) {
	at := slices.IndexFunc(f.entries, func(e keyEntry) bool { return strings.EqualFold(e.id.String(), id) })
	switch at {
	case -1:
		return seal.KeyID{}, errors.New("no key in the file has this id; --list prints them")
	case f.first():
		return seal.KeyID{}, errors.New("this key seals: replace it first (--rotate, twice)")
	}
	dropped := f.entries[at].id
	f.entries = slices.Delete(f.entries, at, at+1)
	return dropped, nil
}

// written writes the file, says what happened and lists what is in it now.
func (f *keyFile) written(env environment, format string, args ...any) error {
	var b strings.Builder
	for _, e := range f.entries {
		if e.next {
			b.WriteString(nextPrefix)
		}
		b.WriteString(e.text + "\n")
	}
	if _, _, err := config.ParseKeys(b.String()); err != nil {
		return fmt.Errorf("write the file of keys: %w", err)
	}
	if err := replaceFile(f.path, f.info, []byte(b.String())); err != nil {
		return fmt.Errorf("write the file of keys: %w", err)
	}
	say(env.stdout, format, args...)
	f.print(env)
	return nil
}

// print lists the ids: one line a key, with its place and what it does.
func (f *keyFile) print(env environment) {
	for i, e := range f.entries {
		does := "opens"
		switch {
		case e.next:
			does = "next"
		case i == f.first():
			does = "seals"
		}
		say(env.stdout, "%s  %d  %s\n", e.id, i+1, does)
	}
	if f.info.Mode().Perm()&0o007 != 0 {
		say(env.stderr, "warning: everybody on this machine can read the file of keys or change it: chmod 600\n")
	}
}
