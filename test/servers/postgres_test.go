package servers

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestPostgres(t *testing.T) {
	p := StartPostgres(t)
	value := []byte("bytes \x00\xff of a value")
	execute(t, p, "create table things (id bigserial, name text, value bytea)")
	execute(t, p, "insert into things (name, value) values ($1, $2)", "a name", value)

	t.Run("keeps what it has through a kill", func(t *testing.T) {
		before := p.URL()
		backend := connected(t, p)
		p.Kill()
		if err := ping(t, p); err == nil {
			t.Error("a killed server answers")
		}
		if err := backend.Ping(t.Context()); err == nil {
			t.Error("a process of a killed server answers")
		}
		p.Restart()
		execute(t, p, "insert into things (name) values ('after')")
		if p.URL() != before {
			t.Errorf("after the restart it is at %s, before at %s", p.URL(), before)
		}
		var n int
		if err := connected(t, p).QueryRow(t.Context(), "select count(*) from things").Scan(&n); err != nil || n != 2 {
			t.Errorf("%d rows (%v), want 2", n, err)
		}
	})
	t.Run("is silent while it is halted", func(t *testing.T) {
		backend := connected(t, p)
		p.Pause()
		if err := ping(t, p); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a halted server: %v", err)
		}
		p.Resume()
		if err := backend.Ping(t.Context()); err != nil {
			t.Errorf("a connection from before the halt: %v", err)
		}
	})
	t.Run("dumps its rows", func(t *testing.T) {
		dump := p.Dump()
		for _, want := range [][]byte{[]byte("a name"), value} {
			if !bytes.Contains(dump, want) {
				t.Errorf("the dump lacks %q", want)
			}
		}
	})
	t.Run("wants a password", func(t *testing.T) {
		other := *p
		other.password = "another"
		if err := ping(t, &other); err == nil {
			t.Error("it lets another password in")
		}
		if err := ping(t, p); err != nil {
			t.Errorf("it refuses its own: %v", err)
		}
	})
}

// Nothing of a server stays when its test is over, halted or killed.
func TestPostgresStops(t *testing.T) {
	var pids []int
	var dir string
	t.Run("server", func(t *testing.T) {
		p := StartPostgres(t)
		dir = p.dir
		p.Kill()
		p.Restart()
		postmaster := p.process.PID()
		var err error
		if pids, err = children(postmaster); err != nil || len(pids) == 0 {
			t.Fatalf("children %v, %v", pids, err)
		}
		pids = append(pids, postmaster)
		p.Pause()
	})
	for _, pid := range pids {
		if ended, err := gone(pid); !ended || err != nil {
			t.Errorf("process %d runs still (%v)", pid, err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is there still: %v", err)
	}
}

func connected(t *testing.T, p *Postgres) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func execute(t *testing.T, p *Postgres, sql string, args ...any) {
	t.Helper()
	if _, err := connected(t, p).Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// ping connects and asks, within a short time.
func ping(t *testing.T, p *Postgres) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.URL())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return conn.Ping(ctx)
}
