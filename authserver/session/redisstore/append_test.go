package redisstore

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// commands are what a server runs, those of scripts too, while do does something.
func commands(t *testing.T, server *servers.Redis, do func()) (list []string) {
	t.Helper()
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // only read from
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "MONITOR\r\n"); err != nil {
		t.Fatal(err)
	}
	monitor := bufio.NewReader(conn)
	next := func() string {
		line, err := monitor.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(line)
	}
	if line := next(); line != "+OK" {
		t.Fatal(line)
	}
	do()
	const end = "that was all"
	server.Do("ECHO", end)
	for line := next(); !strings.Contains(line, `"ECHO" "`+end+`"`); line = next() {
		list = append(list, line)
	}
	return list
}

// An append is as cheap beside thousands of live entries as beside none: it looks at
// the first of them alone.
func TestAppendLooksAtOneEntry(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	many := make([]session.Revocation, 3*appended)
	for n := range many {
		many[n] = one(time.Hour)
	}
	appendTo(t, l, many...)
	const appends = 5
	reads := 0
	for _, line := range commands(t, server, func() {
		for range appends {
			appendTo(t, l, one(time.Hour))
		}
	}) {
		_, command, lua := strings.Cut(line, "lua] ")
		if !lua {
			continue
		}
		name, _, _ := strings.Cut(strings.Trim(command, `"`), `"`)
		switch name {
		case "XRANGE":
			if reads++; !strings.HasSuffix(command, `"COUNT" "1"`) {
				t.Errorf("reads more than one entry: %s", command)
			}
		case "XADD", "TIME", "PTTL", "PEXPIREAT":
		default:
			t.Errorf("an append does something else: %s", command)
		}
	}
	if reads != appends {
		t.Errorf("%d appends read %d times", appends, reads)
	}
}

// What has expired at the beginning goes, some of it with each append; what has not
// stays, and keeps what is behind it.
func TestAppendRemovesTheExpired(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	live, behind := one(time.Hour), one(-time.Minute)
	var list []session.Revocation
	for range 450 {
		list = append(list, one(-time.Minute))
	}
	appendTo(t, l, append(list, live, behind)...)
	want := []session.Revocation{live, behind}
	for _, left := range []int{250, 50, 0, 0} {
		got, _ := follow(t, l, "")
		if len(got) != left+len(want) {
			t.Fatalf("%d entries are left, want %d that have expired and %d others", len(got), left, len(want))
		}
		if err := sameList(got[left:], want); err != nil {
			t.Error(err)
		}
		another := one(time.Hour)
		appendTo(t, l, another)
		want = append(want, another)
	}
}
