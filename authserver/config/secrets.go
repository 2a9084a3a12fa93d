package config

import (
	"encoding/base64"
	"errors"
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
	const what = "one or more keys, newest first, each base64 of 32 random bytes; `easyauth keygen` prints one"
	switch {
	case !s.Keys.Empty() && s.KeysFile != "":
		r.fault(name, "is set together with %s: set one of them", fileName)
	case !s.Keys.Empty():
		c.Keys = parseKeys(r, name, s.Keys.Reveal())
	case s.KeysFile == "":
		r.need(name, "is required, or %s: %s", fileName, what)
	default:
		if text := readSecret(r, fileName, s.KeysFile).Reveal(); text != "" {
			c.Keys = parseKeys(r, fileName, text)
		}
	}
}

// readSecret returns what is in the file that a variable names, or nothing and
// reports why.
func readSecret(r *report, name, path string) secret.String {
	s, err := secret.File(path)
	if err != nil {
		r.fault(name, "must name a file to read a secret from; %s: %v", shownPath(path), errors.Unwrap(err))
	}
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

// parseKeys reads the keys of a list. Entries are told by their place.
func parseKeys(r *report, name, text string) [][]byte {
	var entries list
	if err := entries.Decode(text); err != nil {
		r.fault(name, "%v", err)
		return nil
	}
	if len(entries) > maxKeys {
		r.fault(name, "must hold at most %d keys; there are %d", maxKeys, len(entries))
		return nil
	}
	place := make(map[string]int, len(entries))
	var keys [][]byte
	for i, entry := range entries {
		key, problem := parseKey(entry)
		if problem == "" {
			if first, twice := place[string(key)]; twice {
				r.fault(name, "entry %d: is the same key as entry %d", i+1, first)
				continue
			}
			place[string(key)] = i + 1
			keys = append(keys, key)
			continue
		}
		r.fault(name, "entry %d: %s; `easyauth keygen` prints a good one", i+1, problem)
	}
	return keys
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
