package servers

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// node is one Redis server, or a Sentinel.
type node struct {
	name    string
	program string
	port    int
	dir     string // its configuration and its data
	process *process.Process
	halted  bool
}

// addNode makes a node with its configuration; more are lines of that.
func (r *Redis) addNode(name string, port int, more ...string) *node {
	r.t.Helper()
	lines := []string{"bind 127.0.0.1", `save ""`, "rdbcompression no", "repl-diskless-sync-delay 0"}
	if r.certificate == nil {
		lines = append(lines, fmt.Sprintf("port %d", port))
	} else {
		lines = append(lines, "port 0", fmt.Sprintf("tls-port %d", port), "tls-auth-clients no",
			"tls-cert-file "+quoted(r.certificate.chain), "tls-key-file "+quoted(r.certificate.key),
			"tls-ca-cert-file "+quoted(r.certificate.authority))
	}
	if r.o.AOF {
		lines = append(lines, "appendonly yes", "appendfsync always")
	}
	switch {
	case r.o.ACLUser != "":
		rules := r.o.ACLRules
		if rules == "" {
			rules = "~* &* +@all"
		}
		lines = append(lines, "user default off",
			"user "+r.admin.user+" on "+quoted(">"+r.admin.password)+" ~* &* +@all",
			"user "+r.o.ACLUser+" on "+quoted(">"+r.o.Password)+" "+rules,
			"masteruser "+r.admin.user, "masterauth "+quoted(r.admin.password))
	case r.o.Password != "":
		lines = append(lines, "requirepass "+quoted(r.o.Password), "masterauth "+quoted(r.o.Password))
	}
	n := newNode(r.t, name, r.programs.server, port, append(lines, more...))
	r.nodes = append(r.nodes, n)
	return n
}

// newNode makes a node's folder with its configuration.
func newNode(t testing.TB, name, program string, port int, lines []string) *node {
	t.Helper()
	n := &node{name: fmt.Sprintf("%s on port %d", name, port), program: program, port: port, dir: filepath.Join(t.TempDir(), name)}
	if err := os.Mkdir(n.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	lines = append([]string{"daemonize no", "dir " + quoted(n.dir)}, lines...)
	if err := os.WriteFile(n.file("redis.conf"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return n
}

// start starts nodes and waits until each answers.
func (r *Redis) start(nodes ...*node) {
	r.t.Helper()
	for _, n := range nodes {
		var err error
		n.process, err = process.Start(r.t.Context(), process.Command{Name: n.name, Program: n.program, Args: []string{n.file("redis.conf")}, Dir: n.dir, Env: []string{"LC_ALL=C"}, Kill: true})
		if err != nil {
			r.t.Fatal(err)
		}
		n.halted = false
	}
	for _, n := range nodes {
		r.await(n, n.name+" answers", func(ctx context.Context) error {
			_, err := r.ask(ctx, n, "PING") // an error while it loads its data
			return err
		})
	}
}

func (r *Redis) await(n *node, what string, ask func(context.Context) error) {
	r.t.Helper()
	if err := await(r.t.Context(), n.process, what, ask); err != nil {
		r.t.Fatal(err)
	}
}

// startCluster starts three nodes, tells them of each other and gives each a third
// of the slots.
func (r *Redis) startCluster() {
	r.t.Helper()
	const size, slots = 3, 16384
	ports := claimPorts(r.t, 2*size)
	for i := range size {
		more := []string{"cluster-enabled yes", fmt.Sprintf("cluster-port %d", ports[size+i]), "cluster-node-timeout 2000"}
		if r.o.TLS {
			more = append(more, "tls-cluster yes")
		}
		r.addNode(fmt.Sprintf("cluster-%d", i+1), ports[i], more...)
	}
	r.start(r.nodes...)
	for i, n := range r.nodes {
		r.must(n, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		r.must(n, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/size), strconv.Itoa((i+1)*slots/size-1))
		if i > 0 {
			r.must(n, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(ports[0]), strconv.Itoa(ports[size]))
		}
	}
	r.awaitCluster()
}

// awaitCluster waits until every node serves and knows who has which slots.
func (r *Redis) awaitCluster() {
	r.t.Helper()
	for _, n := range r.nodes {
		r.await(n, n.name+" serves", func(ctx context.Context) error {
			info, err := r.ask(ctx, n, "CLUSTER", "INFO")
			if err != nil {
				return err
			}
			for _, want := range []string{"cluster_state:ok", "cluster_slots_ok:16384", fmt.Sprintf("cluster_known_nodes:%d", len(r.nodes))} {
				if !strings.Contains(fmt.Sprint(info), want+"\r\n") {
					return fmt.Errorf("not yet %s", want)
				}
			}
			return nil
		})
	}
}

// startSentinel starts a master, its replica and a Sentinel.
func (r *Redis) startSentinel() {
	r.t.Helper()
	ports := claimPorts(r.t, 3)
	master := r.addNode("master", ports[0])
	r.start(master)
	replica := r.addNode("replica", ports[1], fmt.Sprintf("replicaof 127.0.0.1 %d", ports[0]))
	r.start(replica)
	r.await(replica, "the replica follows", func(ctx context.Context) error {
		info, err := r.ask(ctx, replica, "INFO", "replication")
		if err == nil && !strings.Contains(fmt.Sprint(info), "master_link_status:up") {
			err = fmt.Errorf("no link to the master yet")
		}
		return err
	})
	lines := []string{
		"bind 127.0.0.1", fmt.Sprintf("port %d", ports[2]),
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 1", masterSet, ports[0]),
		"sentinel down-after-milliseconds " + masterSet + " 1000",
		"sentinel failover-timeout " + masterSet + " 5000",
	}
	if r.admin.user != "" {
		lines = append(lines, "sentinel auth-user "+masterSet+" "+r.admin.user,
			"sentinel auth-pass "+masterSet+" "+quoted(r.admin.password))
	}
	r.sentinel = newNode(r.t, "sentinel", r.programs.sentinel, ports[2], lines)
	r.start(r.sentinel)
	r.await(r.sentinel, "the sentinel knows the replica", func(ctx context.Context) error {
		known, err := r.ask(ctx, r.sentinel, "SENTINEL", "REPLICAS", masterSet)
		if err == nil && len(texts(known)) == 0 {
			err = fmt.Errorf("it knows none")
		}
		return err
	})
}

// master returns the node that the Sentinel calls master.
func (r *Redis) master() *node {
	r.t.Helper()
	host := texts(r.must(r.sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterSet))
	for _, n := range r.nodes {
		if len(host) == 2 && net.JoinHostPort(host[0], host[1]) == address(n.port) {
			return n
		}
	}
	r.t.Fatalf("the sentinel's master %q is none of ours", host)
	return nil
}

// AwaitFailover waits until the Sentinel has another master than the one with
// this address, see Master, and that one takes writes.
func (r *Redis) AwaitFailover(from string) {
	r.t.Helper()
	r.await(r.sentinel, "the replica is master", func(ctx context.Context) error {
		m := r.master()
		if address(m.port) == from {
			return fmt.Errorf("still the old one")
		}
		role, err := r.ask(ctx, m, "ROLE")
		if err == nil && (len(texts(role)) == 0 || texts(role)[0] != "master") {
			err = fmt.Errorf("the new one is a replica still")
		}
		return err
	})
}

func (r *Redis) must(n *node, words ...string) any {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	answer, err := r.ask(ctx, n, words...)
	if err != nil {
		r.t.Fatalf("%s: %s: %v", n.name, words, err)
	}
	return answer
}
