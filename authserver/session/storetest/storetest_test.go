package storetest_test

import (
	"sync"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	"github.com/easyauth-sidecar/easyauth/authserver/session/storetest"
)

func TestStore(t *testing.T) {
	first := memstore.New("", nil)
	storetest.Run(t, func(_ *testing.T, realm string) session.Store { return first.Another(realm) })
}

func TestLog(t *testing.T) {
	var mu sync.Mutex
	first := map[string]*memstore.Log{}
	storetest.RunLog(t, func(_ *testing.T, realm string) session.RevocationLog {
		mu.Lock()
		defer mu.Unlock()
		if first[realm] == nil {
			first[realm] = memstore.NewLog(nil)
		}
		return first[realm].Another()
	})
}
