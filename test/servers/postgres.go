package servers

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// The one user and the one database of a server.
const (
	postgresUser     = "easyauth"
	postgresDatabase = "postgres"
)

// Postgres is what StartPostgres started.
type Postgres struct {
	t        testing.TB
	programs string // the folder they are in
	as       *process.Account
	dir      string // ours alone
	port     int
	password string
	process  *process.Process
}

// StartPostgres makes a database cluster, starts PostgreSQL on it and waits until
// it serves. What it has committed is on disk (fsync is on). It is stopped, and its
// folder removed, when the test ends. As root it runs as the user nobody, because
// PostgreSQL refuses to be root.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	p := &Postgres{t: t, programs: postgresPrograms(t), port: claimPorts(t, 1)[0], password: rand.Text()}
	p.makeFolder()
	t.Cleanup(p.stop)
	secret := filepath.Join(p.dir, "password")
	if err := os.WriteFile(secret, []byte(p.password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.own(secret)
	// The files of a fresh cluster need not reach the disk: only what is written later must.
	_, err := run(t.Context(), p.command("initdb", "--pgdata="+p.data(), "--username="+postgresUser, "--pwfile="+secret,
		"--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"))
	if err != nil {
		t.Fatal(err)
	}
	p.start()
	return p
}

// URL is what a client needs: its user may do everything.
func (p *Postgres) URL() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(postgresUser, p.password),
		Host: address(p.port), Path: "/" + postgresDatabase, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Kill kills the server and all its processes with SIGKILL, and waits until they
// are gone.
func (p *Postgres) Kill() {
	p.t.Helper()
	if err := p.kill(); err != nil {
		p.t.Fatal(err)
	}
}

// Restart starts a killed server on the same port and with the same data, and
// waits until it serves.
func (p *Postgres) Restart() {
	p.t.Helper()
	if !p.process.Ended() {
		p.t.Fatal("restart PostgreSQL: it runs")
	}
	p.start()
}

// Pause halts the server and all its processes: connections stay, and nothing is
// answered until Resume.
func (p *Postgres) Pause() {
	p.t.Helper()
	if _, err := p.halt(); err != nil {
		p.t.Fatal(err)
	}
}

// Resume lets a halted server go on.
func (p *Postgres) Resume() {
	p.t.Helper()
	found, err := children(p.process.PID())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, pid := range append(found, p.process.PID()) {
		if err := signal(pid, syscall.SIGCONT); err != nil {
			p.t.Fatal(err)
		}
	}
}

// Dump returns everything that a thief of the server would have: all rows of all
// tables as SQL, and then each binary value in it once more as it is.
func (p *Postgres) Dump() []byte {
	p.t.Helper()
	dump := p.command("pg_dump", "--data-only", "--inserts", "--dbname="+p.URL())
	out, err := run(p.t.Context(), dump)
	if err != nil {
		p.t.Fatal(err)
	}
	b := bytes.NewBuffer(out)
	for _, found := range regexp.MustCompile(`\\x([0-9a-f]+)`).FindAllSubmatch(out, -1) {
		var value []byte
		if _, err := fmt.Sscanf(string(found[1]), "%x", &value); err != nil {
			p.t.Fatalf("read pg_dump's text: %v", err)
		}
		b.WriteByte('\n')
		b.Write(value)
	}
	return b.Bytes()
}
