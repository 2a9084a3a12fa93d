package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// load is clients that ask through nginx, one request after the other, until it
// is stopped.
type load struct {
	mu      sync.Mutex
	count   map[string]int // answers by their kind
	stopped chan struct{}
	clients sync.WaitGroup
}

// startLoad lets n copies of a visitor ask for a path.
func startLoad(n int, v *visitor, path string) *load {
	l := &load{count: map[string]int{}, stopped: make(chan struct{})}
	for range n {
		l.clients.Go(func() {
			for {
				select {
				case <-l.stopped:
					return
				default:
				}
				var kind string
				if r, err := v.ask(http.MethodGet, path, page(), ""); err != nil {
					kind = err.Error()
				} else {
					kind = fmt.Sprint(r.status)
				}
				l.mu.Lock()
				l.count[kind]++
				l.mu.Unlock()
			}
		})
	}
	return l
}

// counts returns the answers so far.
func (l *load) counts() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.count)
}

// stop ends the load after the requests that are under way.
func (l *load) stop() map[string]int {
	close(l.stopped)
	l.clients.Wait()
	return l.counts()
}

// only fails unless all answers are of these kinds, and there is one of each.
func only(t *testing.T, what string, counts map[string]int, kinds ...string) {
	t.Helper()
	all := 0
	for _, kind := range kinds {
		if counts[kind] == 0 {
			t.Errorf("%s: no %s among %v", what, kind, counts)
		}
		all += counts[kind]
	}
	for _, n := range counts {
		all -= n
	}
	if all != 0 {
		t.Errorf("%s: %v, want %q alone", what, counts, kinds)
	}
}

// goOn waits until a load has had n more answers.
func goOn(t *testing.T, l *load, kind string, n int) {
	t.Helper()
	want := l.counts()[kind] + n
	waitUntil(t, fmt.Sprintf("%d more answers %s", n, kind), func() bool { return l.counts()[kind] >= want })
}

// SIGTERM: readiness goes first, and for a while all is as before; whoever
// watches readiness sends nothing to a closed door.
func TestAttack24Terminated(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": "20s", "EASYAUTH_READ_REGISTRATION": "false"} // a notice of 5 s
	s := start(t, cfg)
	v, watcher := signedIn(t, s, entra.Adele), newVisitor(t, s, "")
	slow := signedIn(t, s, entra.Bob)
	l := startLoad(4, v, "/api/x")
	defer func() {
		select {
		case <-l.stopped:
		default:
			l.stop()
		}
	}()
	goOn(t, l, "200", 50)

	// A callback in flight, whose trip to the token endpoint outlasts the notice.
	s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: {Delay: 6 * time.Second}}})
	before := s.Entra.Requests(entra.EndpointToken)
	callback := slow.next(slow.get("/easyauth/login?retry=1&rd=/echo"))
	answer := make(chan string, 1)
	go func() {
		r, err := slow.ask(http.MethodGet, callback, page(), "")
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- fmt.Sprint(r.status)
	}()
	waitUntil(t, "the callback to be in flight", func() bool { return s.Entra.Requests(entra.EndpointToken) > before })

	p := s.EasyAuthProcess()
	begun := time.Now()
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "/readyz to be 503", func() bool { status, _ := watcher.readiness(); return status == http.StatusServiceUnavailable })
	goOn(t, l, "200", 20) // still served
	counts := l.stop()    // the balancer has seen it
	only(t, "while it stops", counts, "200")
	select {
	case got := <-answer:
		if got != "302" {
			t.Errorf("the callback in flight: %s", got)
		}
	case <-time.After(patience):
		t.Fatal("the callback is not answered")
	}
	select {
	case <-p.Done():
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if took := time.Since(begun); p.ExitCode() != 0 || took > 20*time.Second {
		t.Errorf("exit code %d after %v", p.ExitCode(), took)
	}
	t.Logf("ended %v after SIGTERM; answers %v", time.Since(begun).Round(time.Millisecond), counts)
	if r := v.get("/api/x"); r.status != http.StatusInternalServerError {
		t.Errorf("without EasyAuth nginx answers %d", r.status)
	}
}

// kill -9 under load: without EasyAuth nobody passes; a new one with the same
// keys knows the tickets.
func TestAttack24Killed(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v, nobody := signedIn(t, s, entra.Adele), newVisitor(t, s, "")
	maximum := signedIn(t, s, entra.Max)
	with, without := startLoad(3, v, "/api/x"), startLoad(1, nobody, "/api/x")
	ended := false
	end := func() (map[string]int, map[string]int) {
		ended = true
		return with.stop(), without.stop()
	}
	defer func() {
		if !ended {
			end()
		}
	}()
	goOn(t, with, "200", 30)
	goOn(t, without, "401", 10)
	if err := s.EasyAuthProcess().Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	<-s.EasyAuthProcess().Done()
	goOn(t, with, "500", 10) // nginx: the check cannot be made
	goOn(t, without, "500", 10)
	if err := s.RestartEasyAuth(t.Context()); err != nil {
		t.Fatal(err)
	}
	goOn(t, with, "200", 30)
	goOn(t, without, "401", 10)
	a, b := end()
	only(t, "with a ticket", a, "200", "500")
	only(t, "without", b, "401", "500")
	if r := maximum.get("/echo"); r.status != http.StatusOK || r.echo(t).Headers.Get("X-Injected-Oid") != entra.MaxOID {
		t.Errorf("a ticket in two cookies afterwards: %d", r.status)
	}
	if r := nobody.get("/echo"); r.status != http.StatusFound {
		t.Errorf("signed out: %d", r.status)
	}
}

// Two replicas with the same keys behave as one: nginx asks them in turn, also
// in the middle of a sign-in. When one dies, nobody notices.
func TestReplicasBehindNginx(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Replicas = 2
	s := start(t, cfg)
	for _, user := range []string{entra.Adele, entra.Bob, entra.Max} {
		v := newVisitor(t, s, user)
		for _, path := range []string{"/deep?x=%7C", "/mail", "/graph"} {
			if r := v.open(path); r.shownURI() != path {
				t.Errorf("%s at %s: %d\n%.300s", user, path, r.status, r.body)
			}
		}
		if r, want := v.open("/admin"), map[bool]int{true: 200, false: 403}[user == entra.Adele]; r.status != want {
			t.Errorf("%s at /admin: %d", user, r.status)
		}
	}
	v := signedIn(t, s, entra.Adele)
	l := startLoad(4, v, "/api/x")
	goOn(t, l, "200", 50)
	if err := s.Replica(1).Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	<-s.Replica(1).Done()
	goOn(t, l, "200", 100)
	if err := s.RestartEasyAuth(t.Context()); err != nil {
		t.Fatal(err)
	}
	goOn(t, l, "200", 50)
	only(t, "while one of two dies and comes back", l.stop(), "200")
	for _, i := range []int{0, 1} {
		if !strings.Contains(s.ReplicaLog(i), `"request_id"`) {
			t.Errorf("replica %d took part in no sign-in: the test proves nothing", i)
		}
	}
}
