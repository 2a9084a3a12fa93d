package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// keyIDs are what the program prints of a file of keys, in their order.
func keyIDs(text string) (ids []string) {
	for _, found := range regexp.MustCompile(`(?m)^([0-9a-f]{8})  \d`).FindAllStringSubmatch(text, -1) {
		ids = append(ids, found[1])
	}
	return ids
}

// The keys are replaced while people sign in and open pages: nobody notices, and
// the metric says which key is in use.
func TestStoreKeysRotated(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		file := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString([]byte(stand.Key))+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := start(t, k.replicas(map[string]string{"EASYAUTH_KEYS": "", "EASYAUTH_KEYS_FILE": file}))
		keygen := func(args ...string) []string {
			t.Helper()
			out, err := s.Command(t.Context(), append([]string{"keygen"}, args...)...)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for i := range 2 {
				if err := s.Replica(i).Signal(syscall.SIGHUP); err != nil {
					t.Fatal(err)
				}
			}
			ids := keyIDs(out)
			for i := range 2 { // they say so, with the ids in the file's order
				waitUntil(t, "the keys to be read", func() bool { return readKeys(s.ReplicaLog(i), ids) })
			}
			return ids
		}
		old := signedIn(t, s, entra.Bob)
		c := startCrowd(t, s, 3, 1)
		c.goOn("sessions", 4, sessions)

		two := keygen("--rotate", file)
		if len(two) != 2 {
			t.Fatalf("after the first step there are keys %q", two)
		}
		first, second := two[0], two[1]
		opened := func(i int, id string) float64 {
			return old.metric(i, `easyauth_tickets_opened_total{key="`+id+`"}`)
		}
		c.goOn("sessions", 4, sessions)
		for i := range 2 {
			if n := opened(i, second); n != 0 || opened(i, first) == 0 {
				t.Errorf("replica %d: the next key was used %v times, the first %v", i, n, opened(i, first))
			}
		}
		keygen("--rotate", file, "--now")
		c.goOn("sessions", 4, sessions)
		c.goOn("sign-outs", 1, signOuts)
		c.goOn("passes", 20, passes)
		for i := range 2 {
			waitUntil(t, "both keys to be used", func() bool { return opened(i, first) > 0 && opened(i, second) > 0 })
		}
		attr(t, "opened-with-the-old-key", opened(0, first)+opened(1, first))
		attr(t, "opened-with-the-new-key", opened(0, second)+opened(1, second))
		c.stop()
		c.verify(signedIn(t, s, userOf(0).ID))
		c.close()
		c.report(0, 0)

		// Without the old key its sessions are gone, and only those.
		late := signedIn(t, s, entra.Bob)
		keygen("--drop", first, file)
		for i := range 2 {
			if r := old.at(i, old.ticket()); r.status != http.StatusUnauthorized {
				t.Errorf("replica %d: a session under a key that is gone: %d", i, r.status)
			}
			if r := late.at(i, late.ticket()); r.status != http.StatusAccepted {
				t.Errorf("replica %d: a session under the new key: %d", i, r.status)
			}
		}
	})
}

// readKeys reports whether the last line about keys in a log names these, in order.
func readKeys(log string, ids []string) bool {
	var last []string
	for line := range strings.Lines(log) {
		var told struct {
			Seals       string
			Opens, Next []string
		}
		if strings.Contains(line, "the keys have changed") && json.Unmarshal([]byte(line), &told) == nil {
			last = slices.Concat([]string{told.Seals}, told.Opens, told.Next)
		}
	}
	return slices.Equal(last, ids)
}
