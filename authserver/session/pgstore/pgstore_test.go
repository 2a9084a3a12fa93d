package pgstore

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/storetest"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// TestPostgres is everything that one server is enough for: starting it takes seconds.
func TestPostgres(t *testing.T) {
	pg := servers.StartPostgres(t)
	for _, suite := range []struct {
		name string
		run  func(t *testing.T, pg *servers.Postgres)
	}{
		{"conformance", conformance},
		{"records", recordsSuite},
		{"schema", schemaSuite},
		{"roles", rolesSuite},
		{"sweep", sweepSuite},
		{"watch", watchSuite},
	} {
		t.Run(suite.name, func(t *testing.T) { suite.run(t, pg) })
	}
}

// TestOutages has a server of its own: after a kill -9 PostgreSQL goes through all
// files of all databases.
func TestOutages(t *testing.T) { outagesSuite(t, servers.StartPostgres(t)) }

func conformance(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	storetest.Run(t, func(t *testing.T, realm string) session.Store {
		s, _ := store(t, at, realm)
		return s
	})
}
