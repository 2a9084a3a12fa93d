// Package storetest is the suite that every store of sessions and every log of
// revocations passes. It asks for what package session promises of them, and knows
// no implementation: what only one of them can show (what it leaves behind, how it
// fails) is for that one's own tests.
//
// A server may be shared with other tests: each test here has realms of its own.
package storetest

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Run runs the suite. open returns one more handle on the same data each time that
// it is called: another connection, as another replica has it. A realm is 16
// hexadecimal characters; "" is that of the worker, which sweeps all realms and
// takes leases. The suite closes what it opens; open may close it too.
func Run(t *testing.T, open func(t *testing.T, realm string) session.Store) {
	t.Helper()
	t.Run("store", func(t *testing.T) {
		for _, tt := range storeTests() {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				tt.run(newWorld(t, open))
			})
		}
	})
}

// storeTest is one test of the suite.
type storeTest struct {
	name string
	run  func(*world)
}

func storeTests() []storeTest {
	return []storeTest{
		{"create and get", createAndGet},
		{"create refuses", createRefuses},
		{"create a key twice", createTwice},
		{"one of many creates a key", createOnce},
		{"create replaces", createReplaces},
		{"bytes of every kind", everyByte},
		{"as large as can be", largest},
		{"copies", copies},
		{"update", update},
		{"update refuses", updateRefuses},
		{"update another version", updateVersions},
		{"one of many updates", updateOnce},
		{"delete", deleteRecords},
		{"one of many deletes", deleteOnce},
		{"what is gone stays gone", goneStaysGone},
		{"gone for good while others write", goneUnderLoad},
		{"replaced for good while others write", replacedUnderLoad},
		{"list one of many", listSome},
		{"list none", listNone},
		{"list pages", listPages},
		{"list while records go", listWhileDeleting},
		{"listed as soon as it is there", listedFromTheFirst},
		{"listed as long as it is there", listedToTheLast},
		{"listed when creating was cut short", listedAfterCuts},
		{"expiry", expiry},
		{"expiry of one of several", expiryOfOne},
		{"touch", touch},
		{"touch prolongs", touchProlongs},
		{"touch shortens", touchShortens},
		{"touch what is gone", touchGone},
		{"leases", leases},
		{"a lease for one of many", leaseForOne},
		{"a lease ends", leaseEnds},
		{"a lease is renewed", leaseRenewed},
		{"once", once},
		{"once of many", onceOfMany},
		{"once more when its time is over", onceAgain},
		{"watch", watch},
		{"watch what is replaced", watchReplaced},
		{"watch many at a time", watchMany},
		{"watch only what matters", watchOnly},
		{"watch ends", watchEnds},
		{"sweep", sweep},
		{"sweep all realms", sweepAll},
		{"the worker's leases", workerLeases},
		{"realms", realms},
		{"contexts that are over", contexts},
		{"close", closing},
	}
}
