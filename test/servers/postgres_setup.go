package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// makeFolder makes a folder that the server's user can reach. A folder of the
// test's own is no such one: those are for us alone.
func (p *Postgres) makeFolder() {
	p.t.Helper()
	dir, err := os.MkdirTemp("", "easyauth-postgres-")
	if err != nil {
		p.t.Fatal(err)
	}
	p.dir = dir
	if os.Geteuid() != 0 {
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		p.t.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(nobody.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		p.t.Fatal(err)
	}
	p.as = &process.Account{UID: uint32(uid), GID: uint32(gid)}
	p.own(dir)
}

// own gives a file to the user that the server runs as.
func (p *Postgres) own(path string) {
	p.t.Helper()
	if p.as == nil {
		return
	}
	if err := os.Chown(path, int(p.as.UID), int(p.as.GID)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) command(name string, args ...string) process.Command {
	return process.Command{
		Name: name, Program: filepath.Join(p.programs, name), Args: args,
		Dir: p.dir, Env: []string{"LC_ALL=C", "TZ=UTC", "HOME=" + p.dir}, Account: p.as, Kill: true,
	}
}

// start starts the server on its data and waits until it takes commands.
func (p *Postgres) start() {
	p.t.Helper()
	args := []string{"-D", p.data()}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", fmt.Sprintf("port=%d", p.port), "unix_socket_directories=" + p.dir,
		"max_connections=500", "shared_buffers=16MB", "dynamic_shared_memory_type=mmap",
		"fsync=on", "synchronous_commit=on", "autovacuum=off",
	} {
		args = append(args, "-c", setting)
	}
	var err error
	p.process, err = process.Start(p.t.Context(), p.command("postgres", args...))
	if err != nil {
		p.t.Fatal(err)
	}
	err = await(p.t.Context(), p.process, "PostgreSQL serves", func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, p.URL())
		if err != nil {
			return err
		}
		return errors.Join(conn.Ping(ctx), conn.Close(ctx))
	})
	if err != nil {
		p.t.Fatal(err)
	}
}
