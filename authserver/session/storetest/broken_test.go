package storetest_test

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	"github.com/easyauth-sidecar/easyauth/authserver/session/storetest"
)

// breaking says to TestLaws that it is to break the stores, and so to fail.
const breaking = "STORETEST_BREAKING"

// Each law of the suite, with a store that breaks it. As they are, these stores pass.
// They have the clock of a bubble, in which no wait takes time.
func TestLaws(t *testing.T) {
	broken := os.Getenv(breaking) != ""
	for _, m := range storeMutants() {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, notes := memstore.New("", nil), newNotes()
				storetest.RunOne(t, m.test, func(_ *testing.T, realm string) session.Store {
					if broken {
						return m.breaks(first.Another(realm), notes)
					}
					return first.Another(realm)
				})
			})
		})
	}
	for _, m := range logMutants() {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				logs, notes := &logs{of: map[string]*memstore.Log{}}, newNotes()
				storetest.RunOneLog(t, m.test, func(_ *testing.T, realm string) session.RevocationLog {
					if broken {
						return m.breaks(logs.open(realm), notes)
					}
					return logs.open(realm)
				})
			})
		})
	}
}

// The suite finds every broken store: in a process of its own, where tests may fail.
func TestSuiteFindsBrokenStores(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLaws$", "-test.v") //nolint:gosec // this very test
	cmd.Env = append(os.Environ(), breaking+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("the tests of broken stores passed")
	}
	var names []string
	for _, m := range storeMutants() {
		names = append(names, m.name)
	}
	for _, m := range logMutants() {
		names = append(names, m.name)
	}
	for _, name := range names {
		if !strings.Contains(string(out), "--- FAIL: TestLaws/"+strings.ReplaceAll(name, " ", "_")+" (") {
			t.Errorf("a store whose law %q is broken was not found", name)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

// logs are logs in memory by their realms.
type logs struct {
	mu sync.Mutex
	of map[string]*memstore.Log
}

func (l *logs) open(realm string) *memstore.Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[realm] == nil {
		l.of[realm] = memstore.NewLog(nil)
	}
	return l.of[realm].Another()
}

// notes are what the handles of a broken store share.
type notes struct {
	mu      sync.Mutex
	records map[session.Key]*session.Record
	owners  map[string]string
}

func newNotes() *notes {
	return &notes{records: map[session.Key]*session.Record{}, owners: map[string]string{}}
}
