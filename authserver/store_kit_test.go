package authserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

var errDown = errors.New("down")

// faultyStore counts what reaches a store, and fails as the test says.
type faultyStore struct {
	session.Store

	mu    sync.Mutex
	calls map[string]int
	fault func(op string) error // may panic
}

func (f *faultyStore) call(op string) error {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[op]++
	fault := f.fault
	f.mu.Unlock()
	if fault != nil {
		return fault(op)
	}
	return nil
}

// set makes every call do this first; nil: nothing.
func (f *faultyStore) set(fault func(op string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// fails makes these operations fail; none: mends all.
func (f *faultyStore) fails(ops ...string) {
	f.set(func(op string) error {
		for _, o := range ops {
			if o == op || o == "all" {
				return errDown
			}
		}
		return nil
	})
}

func (f *faultyStore) count(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op != "" {
		return f.calls[op]
	}
	n := 0
	for _, calls := range f.calls {
		n += calls
	}
	return n
}

func (f *faultyStore) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	if err := f.call("create"); err != nil {
		return err
	}
	return f.Store.Create(ctx, r, replaces...)
}

func (f *faultyStore) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	if err := f.call("get"); err != nil {
		return nil, err
	}
	return f.Store.Get(ctx, key)
}

func (f *faultyStore) Update(ctx context.Context, r *session.Record, was uint64) error {
	if err := f.call("update"); err != nil {
		return err
	}
	return f.Store.Update(ctx, r, was)
}

func (f *faultyStore) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	if err := f.call("touch"); err != nil {
		return err
	}
	return f.Store.Touch(ctx, key, seen, expires)
}

func (f *faultyStore) Delete(ctx context.Context, keys ...session.Key) (int, error) {
	if err := f.call("delete"); err != nil {
		return 0, err
	}
	return f.Store.Delete(ctx, keys...)
}

func (f *faultyStore) List(ctx context.Context, q session.Query) ([]*session.Record, string, error) {
	if err := f.call("list"); err != nil {
		return nil, "", err
	}
	return f.Store.List(ctx, q)
}

func (f *faultyStore) Acquire(ctx context.Context, lease, owner string, ttl time.Duration) (bool, error) {
	if err := f.call("acquire"); err != nil {
		return false, err
	}
	return f.Store.Acquire(ctx, lease, owner, ttl)
}

func (f *faultyStore) Once(ctx context.Context, name string, until time.Time) (bool, error) {
	if err := f.call("once"); err != nil {
		return false, err
	}
	return f.Store.Once(ctx, name, until)
}

// click is a GET by a person on a page of the same origin.
func click() http.Header {
	return http.Header{"Accept": {"text/html"}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-User": {"?1"}}
}

// post sends a form from a page of this site: same-origin, cross-site …
func (b *browser) post(target, site string, form url.Values) *response {
	b.k.t.Helper()
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"}}
	if site != "" {
		h["Sec-Fetch-Site"] = []string{site}
	}
	var body io.Reader = strings.NewReader(form.Encode())
	return b.do(http.MethodPost, target, h, body)
}

// signedIn signs a user in at a replica and checks that the session is good.
func (k *kit) signedIn(user string) *browser {
	k.t.Helper()
	b := k.browser(user)
	if resp := b.open(page, ""); resp.StatusCode != http.StatusAccepted {
		k.t.Fatalf("%s: %d\n%s\n%s", user, resp.StatusCode, resp.body, k.log)
	}
	return b
}

// passes fails the test unless both replicas answer 202, or, with want false, 401.
func (p *pair) passes(t testing.TB, what string, b *browser, want bool) {
	t.Helper()
	status := http.StatusUnauthorized
	if want {
		status = http.StatusAccepted
	}
	at := b.k
	defer b.at(at)
	for name, k := range map[string]*kit{"a": p.a, "b": p.b} {
		// What the other replica changed is heard in a moment.
		code := 0
		for range 200 {
			if code = b.at(k).check(page, "").StatusCode; code == status {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		if code != status {
			t.Errorf("%s, on replica %s: %d (%s), want %d", what, name, code, k.lastReason(), status)
		}
	}
}

// sessionCookie reports whether an answer sets, or removes, the session's cookie.
func (r *response) sessionCookie(k *kit) (set, removed bool) {
	for _, c := range r.Cookies() {
		if c.Name == k.cookies.Ticket.Name {
			set, removed = set || c.MaxAge >= 0, removed || c.MaxAge < 0
		}
	}
	return set, removed
}

// issueQuietly makes a ticket of nobody in particular.
func (k *kit) issueQuietly() string {
	return k.issue(access.Identity{Tenant: emulator.DefaultTenantID, Object: "00000000-0000-4000-8000-000000000001"})
}
