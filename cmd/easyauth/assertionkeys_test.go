//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// verifies reports whether a verifier that has these published keys believes a token.
func verifies(token, published string) error {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(published), &set); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return fmt.Errorf("token %q: %w", token, err)
	}
	keys := set.Key(parsed.Signatures[0].Header.KeyID)
	if len(keys) != 1 {
		return fmt.Errorf("%d keys are called %s", len(keys), parsed.Signatures[0].Header.KeyID)
	}
	if _, err := parsed.Verify(keys[0].Key); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

// signingServer is a server whose file of keys is replaced, and a person who is signed in.
type signingServer struct {
	*server

	t    *testing.T
	file string
	b    *browser
}

func startSigning(t *testing.T, keys string) *signingServer {
	t.Helper()
	idp, _ := startEntra(t, "127.0.0.1:0")
	s := &signingServer{t: t, file: filepath.Join(t.TempDir(), "assertion-keys.pem")}
	overwrite(t, s.file, keys)
	vars := laptop(t, strings.TrimPrefix(idp.BaseURL(), "http://"))
	maps.Copy(vars, map[string]string{"EASYAUTH_ASSERTION_KEYS_FILE": s.file, "EASYAUTH_ASSERTION_AUDIENCE": "orders"})
	s.server = startProcess(t, vars)
	waitFor(t, "discovery", func() bool { return !strings.Contains(s.get(s.admin, "/readyz", nil).body, "degraded") })
	s.b = newBrowser(t, s.server)
	s.b.signIn()
	return s
}

// token is what the application gets now.
func (s *signingServer) token() (string, error) {
	resp := s.b.check()
	token := resp.Header.Get("X-Injected-Assertion")
	if resp.StatusCode != http.StatusAccepted || token == "" {
		return "", fmt.Errorf("the check: %d, %q", resp.StatusCode, resp.Header)
	}
	return token, nil
}

// published are the keys as a verifier fetches them.
func (s *signingServer) published() (string, error) {
	resp, err := ask(s.t, s.public, "/easyauth/.well-known/jwks.json", nil)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("keys: %d", resp.StatusCode)
	}
	if err != nil {
		return "", err
	}
	return resp.body, nil
}

// replace puts other keys into the file, and waits for what the log then says.
func (s *signingServer) replace(keys, logged string) {
	s.t.Helper()
	before := strings.Count(s.out.String(), logged)
	overwrite(s.t, s.file, keys)
	if err := s.process.Signal(syscall.SIGHUP); err != nil {
		s.t.Fatal(err)
	}
	waitFor(s.t, logged, func() bool { return strings.Count(s.out.String(), logged) > before })
}

const (
	keysTaken   = `"settings":["EASYAUTH_ASSERTION_KEYS_FILE"]`
	keysRefused = "the configuration cannot be used: the one before stays in use"
)

// The new key is published, then signs, then the old one goes: whoever fetched the keys
// before the last step, or fetches them now, believes each token that is good at the time.
func TestAssertionKeysRotate(t *testing.T) {
	first, second := signingKey(t), signingKey(t)
	s := startSigning(t, first)
	stop, errs := make(chan struct{}), make(chan error, 1)
	var visitors sync.WaitGroup
	visitors.Go(func() { // all the time, also in the middle of a step
		for {
			select {
			case <-stop:
				return
			default:
			}
			token, err := s.token()
			published, fetched := s.published()
			if err := errors.Join(err, fetched); err != nil {
				errs <- err
				return
			}
			if err := verifies(token, published); err != nil {
				errs <- err
				return
			}
		}
	})
	var tokens, sets []string
	look := func() {
		t.Helper()
		token, err := s.token()
		if err != nil {
			t.Fatal(err)
		}
		set, err := s.published()
		if err != nil {
			t.Fatal(err)
		}
		tokens, sets = append(tokens, token), append(sets, set)
	}
	look()
	for _, keys := range []string{first + second, second + first, second} {
		s.replace(keys, keysTaken)
		look()
	}
	close(stop)
	visitors.Wait()
	select {
	case err := <-errs:
		t.Error(err)
	default:
	}
	for step := range tokens {
		for of, token := range tokens {
			for with, set := range sets {
				// A token of this step or the one before, at who has the keys of this step or the one before.
				if step-of > 1 || of > step || step-with > 1 || with > step {
					continue
				}
				if err := verifies(token, set); err != nil {
					t.Errorf("step %d: a token of step %d with the keys of step %d: %v", step, of, with, err)
				}
			}
		}
	}
	if verifies(tokens[0], sets[3]) == nil || verifies(tokens[3], sets[0]) == nil {
		t.Error("a token is believed by who has not its key")
	}
	for _, part := range secretParts(first + second) {
		if strings.Contains(s.out.String()+s.errs.String(), part) {
			t.Error("a key is in the log")
		}
	}
}

// A file of keys that cannot be used changes nothing, and is told of without a word of
// what is in it; when it is mended, it counts.
func TestAssertionKeysThatCannotBeUsed(t *testing.T) {
	good := signingKey(t)
	s := startSigning(t, good)
	token, err := s.token()
	if err != nil {
		t.Fatal(err)
	}
	set, err := s.published()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range useless(t) {
		s.replace(tt[0], keysRefused)
		now, err := s.token()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if published, err := s.published(); err != nil || published != set || now != token {
			t.Errorf("%s: other keys, or another token: %v", name, err)
		}
		if body := s.get(s.admin, "/readyz", nil).body; !strings.Contains(body, "configuration: it was changed and cannot be used") {
			t.Errorf("%s: /readyz: %s", name, body)
		}
		log := s.out.String() + s.errs.String()
		for _, part := range secretParts(tt[0]) {
			if strings.Contains(log, part) {
				t.Errorf("%s: what is in the file is in the log", name)
			}
		}
		if !strings.Contains(log, "EASYAUTH_ASSERTION_KEYS_FILE: ") || !strings.Contains(log, tt[1]) {
			t.Errorf("%s: the log does not say %q", name, tt[1])
		}
		s.replace(good, "the configuration is in order again")
	}
	s.replace(signingKey(t), keysTaken)
	if other, err := s.token(); err != nil || verifies(other, set) == nil {
		t.Errorf("the new keys do not count: %v", err)
	}
}
