package servers

import (
	"context"
	"crypto/rand"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// masterSet is the name under which a Sentinel knows its master.
const masterSet = "easyauth"

// RedisOptions say what to start. The zero value is one server without password
// that keeps nothing on disk.
type RedisOptions struct {
	AOF bool // appendonly yes, appendfsync always: what was answered survives Kill
	TLS bool // nothing but TLS; not with Sentinel

	// With ACLUser that user and Password sign in, and nobody else; with Password
	// alone the default user does.
	ACLUser, Password string
	ACLRules          string // of ACLUser; "" means all: ~* &* +@all

	Cluster  bool // three nodes that share the slots, without replicas
	Sentinel bool // one master, one replica, one Sentinel that replaces the master after 1 s
}

// Redis is what StartRedis started.
type Redis struct {
	t           testing.TB
	o           RedisOptions
	programs    struct{ server, sentinel string }
	certificate *certificate // nil without TLS
	admin       struct{ user, password string }
	nodes       []*node
	sentinel    *node // nil without one
	down        []*node
}

// StartRedis starts Redis and waits until it serves. It is stopped when the test ends.
func StartRedis(t testing.TB, o RedisOptions) *Redis {
	t.Helper()
	if o.Sentinel && (o.Cluster || o.TLS) {
		t.Fatal("start redis: Sentinel goes with neither Cluster nor TLS here")
	}
	if o.ACLUser != "" && o.Password == "" {
		t.Fatal("start redis: ACLUser needs a Password")
	}
	r := &Redis{t: t, o: o}
	r.programs.server = program(t, "redis-server")
	if o.Sentinel {
		r.programs.sentinel = program(t, "redis-sentinel")
	}
	switch {
	case o.ACLUser != "":
		r.admin.user, r.admin.password = "admin-of-the-test", rand.Text()
	case o.Password != "":
		r.admin.user, r.admin.password = "default", o.Password
	}
	if o.TLS {
		r.certificate = newCertificate(t, t.TempDir())
	}
	t.Cleanup(r.stop)
	switch {
	case o.Cluster:
		r.startCluster()
	case o.Sentinel:
		r.startSentinel()
	default:
		r.addNode("redis", claimPorts(t, 1)[0])
		r.start(r.nodes...)
	}
	return r
}

// URL is what a client needs: redis:// or, with TLS, rediss://; the nodes of a
// Cluster that are not the first as addr=, a Sentinel's address with master_set=.
func (r *Redis) URL() string {
	u := url.URL{Scheme: "redis", Host: address(r.nodes[0].port)}
	query := url.Values{}
	if r.o.TLS {
		u.Scheme = "rediss"
	}
	switch {
	case r.o.ACLUser != "":
		u.User = url.UserPassword(r.o.ACLUser, r.o.Password)
	case r.o.Password != "":
		u.User = url.UserPassword("", r.o.Password)
	}
	switch {
	case r.o.Cluster:
		for _, n := range r.nodes[1:] {
			query.Add("addr", address(n.port))
		}
	case r.o.Sentinel:
		u.Host = address(r.sentinel.port)
		query.Set("master_set", masterSet)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// CAFile is the PEM file of the authority that signed the servers' certificate;
// "" without TLS.
func (r *Redis) CAFile() string {
	if r.certificate == nil {
		return ""
	}
	return r.certificate.authority
}

// Kill kills the server with SIGKILL and waits until it is gone: all nodes of a
// Cluster; with a Sentinel the one that is master now, and its replica follows.
func (r *Redis) Kill() {
	r.t.Helper()
	for _, n := range r.serving() {
		if err := kill(n.process); err != nil {
			r.t.Fatal(err)
		}
		r.down = append(r.down, n)
	}
}

// Restart starts what Kill killed, on the same ports and with the same data, and
// waits until it answers. A killed master whose replica has followed it becomes a
// replica; see Master.
func (r *Redis) Restart() {
	r.t.Helper()
	nodes := r.down
	r.down = nil
	r.start(nodes...)
	if r.o.Cluster {
		r.awaitCluster()
	}
}

// Pause halts the servers that Kill would kill: they keep their connections, and
// answer nothing until Resume.
func (r *Redis) Pause() {
	r.t.Helper()
	for _, n := range r.serving() {
		if err := n.process.Signal(syscall.SIGSTOP); err != nil {
			r.t.Fatal(err)
		}
		n.halted = true
	}
}

// Resume lets halted servers go on.
func (r *Redis) Resume() {
	r.t.Helper()
	for _, n := range r.nodes {
		if err := n.process.Signal(syscall.SIGCONT); err != nil {
			r.t.Fatal(err)
		}
		n.halted = false
	}
}

// Do sends one command as an administrator, to the first node, or to the master
// that a Sentinel knows, and returns the answer: a string, an int64, nil, or an
// []any of these. An error that Redis answers with ends the test.
func (r *Redis) Do(words ...string) any {
	r.t.Helper()
	to := r.nodes[0]
	if r.o.Sentinel {
		to = r.master()
	}
	answer, err := r.ask(r.t.Context(), to, words...)
	if err != nil {
		r.t.Fatalf("redis command %s: %v", words[0], err)
	}
	return answer
}

// Master is the address of the master that the Sentinel knows; without one, of
// the first node.
func (r *Redis) Master() string {
	r.t.Helper()
	if r.o.Sentinel {
		return address(r.master().port)
	}
	return address(r.nodes[0].port)
}

// serving returns the nodes that Kill kills.
func (r *Redis) serving() []*node {
	r.t.Helper()
	if r.o.Sentinel {
		return []*node{r.master()}
	}
	return r.nodes
}

// stop ends everything, at the end of the test.
func (r *Redis) stop() {
	nodes := r.nodes
	if r.sentinel != nil {
		nodes = append([]*node{r.sentinel}, nodes...)
	}
	for _, n := range nodes {
		if n.process == nil {
			continue
		}
		if err := kill(n.process); err != nil {
			r.t.Error(err)
		}
	}
}

// ask sends one command to a node on a connection of its own.
func (r *Redis) ask(ctx context.Context, n *node, words ...string) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := r.connect(ctx, n)
	if err != nil {
		return nil, err
	}
	answer, err := c.do(words...)
	_ = c.close() // the answer is here
	return answer, err
}

func (r *Redis) connect(ctx context.Context, n *node) (*connection, error) {
	if n == r.sentinel {
		return connect(ctx, address(n.port), nil, "", "")
	}
	if r.certificate != nil {
		return connect(ctx, address(n.port), r.certificate.client, r.admin.user, r.admin.password)
	}
	return connect(ctx, address(n.port), nil, r.admin.user, r.admin.password)
}

// quoted is a word of a configuration file.
func quoted(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}

func (n *node) file(name string) string { return filepath.Join(n.dir, name) }
