package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

func TestRedisAnswers(t *testing.T) {
	tests := []struct {
		name string
		o    RedisOptions
		url  string // how it begins
	}{
		{"alone", RedisOptions{}, "redis://127.0.0.1:"},
		{"with TLS", RedisOptions{TLS: true}, "rediss://127.0.0.1:"},
		{"with a password", RedisOptions{Password: `a"b\c d`}, "redis://:a%22b%5Cc%20d@127.0.0.1:"},
		{"with a user", RedisOptions{ACLUser: "easyauth", Password: "secret"}, "redis://easyauth:secret@127.0.0.1:"},
		{"a cluster", RedisOptions{Cluster: true}, "redis://127.0.0.1:"},
		{"a cluster with TLS and a user", RedisOptions{Cluster: true, TLS: true, ACLUser: "easyauth", Password: "secret"}, "rediss://easyauth:secret@127.0.0.1:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := StartRedis(t, tt.o)
			if !strings.HasPrefix(r.URL(), tt.url) {
				t.Errorf("URL %s, want %s…", r.URL(), tt.url)
			}
			if got := r.Do("SET", "b", "value"); got != "OK" { // in a third of the slots that is the first node's
				t.Errorf("SET answers %v", got)
			}
			if has := r.CAFile() != ""; has != tt.o.TLS {
				t.Errorf("an authority's file: %v, want %v", has, tt.o.TLS)
			}
		})
	}
}

// Who does not sign in as the URL says is refused, and so is a command that the rules lack.
func TestRedisRefuses(t *testing.T) {
	r := StartRedis(t, RedisOptions{ACLUser: "easyauth", Password: "secret", ACLRules: "~allowed:* +set"})
	tests := []struct {
		name, user, password string
		words                []string
		refused              bool
	}{
		{"what the rules allow", "easyauth", "secret", []string{"SET", "allowed:a", "1"}, false},
		{"another key", "easyauth", "secret", []string{"SET", "a", "1"}, true},
		{"another command", "easyauth", "secret", []string{"GET", "allowed:a"}, true},
		{"another password", "easyauth", "other", []string{"SET", "allowed:a", "1"}, true},
		{"nobody", "", "", []string{"SET", "allowed:a", "1"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c, err := connect(ctx, address(r.nodes[0].port), nil, tt.user, tt.password)
			if err == nil {
				_, err = c.do(tt.words...)
				_ = c.close()
			}
			var refused redisError
			if errors.As(err, &refused) != tt.refused || (err != nil && refused == "") {
				t.Errorf("got %v, refused must be %v", err, tt.refused)
			}
		})
	}
}

func TestRedisKillAndRestart(t *testing.T) {
	for _, aof := range []bool{true, false} {
		t.Run(fmt.Sprintf("aof %v", aof), func(t *testing.T) {
			r := StartRedis(t, RedisOptions{AOF: aof})
			before := r.URL()
			r.Do("SET", "key", "kept")
			r.Kill()
			if answers(t, r) {
				t.Error("a killed server answers")
			}
			r.Restart()
			var want any
			if aof {
				want = "kept"
			}
			if got := r.Do("GET", "key"); got != want {
				t.Errorf("after the restart the key holds %v, want %v", got, want)
			}
			if r.URL() != before {
				t.Errorf("after the restart it is at %s, before at %s", r.URL(), before)
			}
		})
	}
}

func TestRedisClusterKillAndRestart(t *testing.T) {
	r := StartRedis(t, RedisOptions{Cluster: true, AOF: true})
	u, err := url.Parse(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	if more := len(u.Query()["addr"]); more != 2 {
		t.Errorf("the URL names %d more nodes, want 2", more)
	}
	r.must(r.nodes[r.owner("key")], "SET", "key", "kept")
	r.Kill()
	r.Restart()
	if got := r.must(r.nodes[r.owner("key")], "GET", "key"); got != "kept" {
		t.Errorf("after the restart the key holds %v", got)
	}
	if !bytes.Contains(r.Dump(), []byte("kept")) {
		t.Error("a dump lacks what one node has")
	}
}

// owner is the index of the node that has a key.
func (r *Redis) owner(key string) int {
	slot, ok := r.Do("CLUSTER", "KEYSLOT", key).(int64)
	if !ok {
		r.t.Fatal("no slot")
	}
	return int(slot * int64(len(r.nodes)) / 16384)
}

func TestRedisSentinelFollows(t *testing.T) {
	r := StartRedis(t, RedisOptions{Sentinel: true, AOF: true, ACLUser: "easyauth", Password: "secret"})
	if !strings.Contains(r.URL(), "master_set="+masterSet) {
		t.Errorf("URL %s names no master set", r.URL())
	}
	first := r.Master()
	r.Do("SET", "key", "kept")
	r.Do("WAIT", "1", "10000")
	r.Kill()
	r.AwaitFailover(first)
	if got := r.Do("GET", "key"); got != "kept" {
		t.Errorf("the new master has %v", got)
	}
	r.Restart()
	r.Do("SET", "key", "again")
	if r.Master() == first {
		t.Error("the old master came back as master")
	}
}

func TestRedisPause(t *testing.T) {
	r := StartRedis(t, RedisOptions{})
	r.Pause()
	if answers(t, r) {
		t.Error("a halted server answers")
	}
	r.Resume()
	if got := r.Do("PING"); got != "PONG" {
		t.Errorf("PING answers %v", got)
	}
	r.Pause() // and ends all the same
}

// answers reports whether the first node answers within a short time.
func answers(t *testing.T, r *Redis) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := r.ask(ctx, r.nodes[0], "PING")
	return err == nil
}

func TestRedisDump(t *testing.T) {
	for _, aof := range []bool{true, false} {
		r := StartRedis(t, RedisOptions{AOF: aof})
		long := strings.Repeat("abcd", 1000)
		r.Do("SET", "text", long)
		r.Do("HSET", "hash", "field-of-hash", "value\x00\xff of hash")
		r.Do("SADD", "set", "member-of-set")
		r.Do("ZADD", "zset", "1234567", "member-of-zset")
		r.Do("RPUSH", "list", "member-of-list")
		r.Do("XADD", "stream", "*", "field-of-stream", "value-of-stream")
		r.Do("SET", "deleted", "what-was-deleted")
		r.Do("DEL", "deleted")
		dump := r.Dump()
		for _, want := range []string{
			"text", long, "field-of-hash", "value\x00\xff of hash", "member-of-set", "member-of-zset", "1234567",
			"member-of-list", "field-of-stream", "value-of-stream",
		} {
			if !bytes.Contains(dump, []byte(want)) {
				t.Errorf("aof %v: the dump lacks %.40q", aof, want)
			}
		}
		if got := bytes.Contains(dump, []byte("what-was-deleted")); got != aof {
			t.Errorf("aof %v: the dump holds what the files have: %v", aof, got)
		}
		if got := bytes.Count(dump, []byte("member-of-list")); got < 2 {
			t.Errorf("aof %v: a member is %d times in the dump, want it from the client and from the file", aof, got)
		}
	}
}

// Nothing of a server stays when its test is over.
func TestRedisStops(t *testing.T) {
	var pid int
	var dir string
	t.Run("server", func(t *testing.T) {
		r := StartRedis(t, RedisOptions{})
		pid, dir = r.nodes[0].process.PID(), r.nodes[0].dir
	})
	if ended, err := gone(pid); !ended || err != nil {
		t.Errorf("the process runs still (%v)", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is there still: %v", err)
	}
}
