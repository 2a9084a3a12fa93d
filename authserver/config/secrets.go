package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	keySize = 32 // bytes: AES-256
	maxKeys = 8
)

// secretText is a variable whose value is a secret.
type secretText struct{ secret.String }

// Decode implements envconfig.Decoder.
func (s *secretText) Decode(value string) error {
	s.String = secret.New(value)
	return nil
}

// keys checks and sets the keys, from the variable or from the file that the
// other one names.
func (s *spec) keys(r *report, c *Config) {
	const name, fileName = "EASYAUTH_KEYS", "EASYAUTH_KEYS_FILE"
	const what = "one or more keys, each base64 of 32 random bytes, of which the first seals; `easyauth keygen` prints one"
	set := func(name, text string) {
		var problems []string
		c.Keys, c.NextKeys, problems = readKeys(text)
		for _, problem := range problems {
			r.fault(name, "%s", problem)
		}
	}
	switch {
	case !s.Keys.Empty() && s.KeysFile != "":
		r.fault(name, "is set together with %s: set one of them", fileName)
	case !s.Keys.Empty():
		set(name, s.Keys.Reveal())
	case s.KeysFile == "":
		r.need(name, "is required, or %s: %s", fileName, what)
	default:
		c.KeysFile = s.KeysFile
		if text := readSecret(r, fileName, s.KeysFile).Reveal(); text != "" {
			set(fileName, text)
		}
	}
}

// readSecret returns what is in the file that a variable names, or nothing and
// reports why.
func readSecret(r *report, name, path string) secret.String {
	s, err := secret.File(path)
	if err != nil {
		r.fault(name, "must name a file that can be read; %s: %v", shownPath(path), errors.Unwrap(err))
	}
	r.note(name, []byte(s.Reveal()))
	return s
}

// shownPath returns a path as a fault may show it: who put the secret itself
// where its file belongs does not find it in the log.
func shownPath(path string) string {
	isPath := filepath.IsAbs(path) || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")
	if _, problem := parseKey(path); !isPath || problem == "" {
		return "the one it names (not shown, because it is no absolute path)"
	}
	return printable(path)
}

// nextKey stands in front of a key that opens and does not seal yet.
const nextKey = "next:"

// ParseKeys reads keys as EASYAUTH_KEYS and its file hold them: 1 to 8, with
// commas, blanks or line breaks between them, each base64 of 32 bytes, all
// different. Those in next had "next:" in front; keys holds at least one. The
// error lists everything that is wrong, tells entries by their place and holds
// nothing of them.
func ParseKeys(text string) (keys, next [][]byte, err error) {
	keys, next, problems := readKeys(text)
	if len(problems) > 0 {
		return nil, nil, errors.New(strings.Join(problems, "; "))
	}
	return keys, next, nil
}

// readKeys returns the good keys of a list, and what is wrong with the others
// or with the whole.
func readKeys(text string) (keys, next [][]byte, problems []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	var entries list
	switch err := entries.Decode(text); {
	case err != nil:
		complain("%v", err)
		return nil, nil, problems
	case len(entries) > maxKeys:
		complain("must hold at most %d keys; there are %d", maxKeys, len(entries))
		return nil, nil, problems
	}
	place := make(map[string]int, len(entries))
	for i, entry := range entries {
		entry, later := strings.CutPrefix(entry, nextKey)
		key, problem := parseKey(entry)
		first, twice := place[string(key)]
		switch {
		case problem != "":
			complain("entry %d: %s; `easyauth keygen` prints a good one", i+1, problem)
		case twice:
			complain("entry %d: is the same key as entry %d", i+1, first)
		case later:
			next = append(next, key)
		default:
			keys = append(keys, key)
		}
		if problem == "" && !twice {
			place[string(key)] = i + 1
		}
	}
	if len(keys) == 0 && len(problems) == 0 {
		complain("must hold a key without next: in front, to seal with")
	}
	return keys, next, problems
}

// parseKey reads a key in either alphabet of base64, padded or not. The problem
// is "" when there is none.
func parseKey(entry string) (key []byte, problem string) {
	entry = strings.NewReplacer("-", "+", "_", "/").Replace(entry)
	if len(entry)%4 == 0 {
		entry = strings.TrimRight(entry, "=")
	}
	key, err := base64.RawStdEncoding.Strict().DecodeString(entry)
	switch {
	case err != nil:
		return nil, "must be base64 of exactly 32 bytes"
	case len(key) != keySize:
		return nil, "must be base64 of exactly 32 bytes, and is of another length"
	case string(key) == string(make([]byte, keySize)):
		return nil, "must be random, and is all zero"
	}
	return key, ""
}
