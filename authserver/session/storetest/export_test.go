package storetest

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// RunOne runs one test of the suite of stores, without subtests.
func RunOne(t *testing.T, name string, open func(t *testing.T, realm string) session.Store) {
	t.Helper()
	for _, tt := range storeTests() {
		if tt.name == name {
			tt.run(newWorld(t, open))
			return
		}
	}
	panic("there is no test of the name " + name)
}

// RunOneLog runs one test of the suite of logs, without subtests.
func RunOneLog(t *testing.T, name string, open func(t *testing.T, realm string) session.RevocationLog) {
	t.Helper()
	for _, tt := range logTests() {
		if tt.name == name {
			tt.run(&diary{T: t, realm: newRealm(), open: open})
			return
		}
	}
	panic("there is no test of the name " + name)
}
