package authserver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// memberGraph is Microsoft Graph for AppMembers: everybody is in the groups of in.
type memberGraph struct {
	mu       sync.Mutex
	in       []string
	tokenErr error
	err      error
	more     []string      // named though nobody asked
	block    chan struct{} // not nil: an answer waits for it
	asked    []string      // "tenant token user ids"
	begun    chan struct{} // not nil: told of each question
	tenant   string
}

func (g *memberGraph) GraphAppToken(_ context.Context, tenant string) (secret.String, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tenant = tenant
	if g.tokenErr != nil {
		return secret.String{}, g.tokenErr
	}
	return secret.New("app-token"), nil
}

func (g *memberGraph) CheckMemberGroups(ctx context.Context, token secret.String, user string, ids []string) ([]string, error) {
	g.mu.Lock()
	g.asked = append(g.asked, strings.Join([]string{g.tenant, token.Reveal(), user, strings.Join(ids, "+")}, " "))
	block, begun := g.block, g.begun
	g.mu.Unlock()
	if begun != nil {
		begun <- struct{}{}
	}
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return nil, g.err
	}
	of := slices.Clone(g.more)
	for _, id := range ids {
		if slices.Contains(g.in, id) {
			of = append(of, id)
		}
	}
	return of, nil
}

func (g *memberGraph) questions() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.asked)
}

// appMembers is an AppMembers on a clock that the test sets.
func appMembers(g *memberGraph) (*authserver.AppMembers, *kit) {
	clock := &kit{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	return authserver.NewAppMembers(g, g, clock.clock), clock
}

func adele() *access.Identity {
	return &access.Identity{Tenant: emulator.DefaultTenantID, Object: emulator.AdeleOID}
}

// Each group is asked for once per token, with the client's own token of the
// user's tenant.
func TestMembersAskedOnce(t *testing.T) {
	g := &memberGraph{in: groupIDs(1, 2)}
	m, clock := appMembers(g)
	expires := clock.now.Add(time.Hour)
	ask := func(token byte, numbers ...int) []string {
		t.Helper()
		of, err := m.Members(t.Context(), [32]byte{token}, expires, adele(), groupIDs(numbers...))
		if err != nil {
			t.Fatal(err)
		}
		return of
	}
	for i, tt := range []struct {
		token     byte
		ask, want []int
		questions int
	}{
		{1, []int{1, 3}, []int{1}, 1},
		{1, []int{1, 3}, []int{1}, 1},
		{1, []int{3}, nil, 1},
		{1, []int{3, 1}, []int{1}, 1},
		{1, []int{1, 2}, []int{1, 2}, 2}, // 2 was not asked for yet
		{2, []int{1}, []int{1}, 3},       // another token may be another person's
		{1, []int{1, 2, 3}, []int{1, 2}, 3},
	} {
		if got := ask(tt.token, tt.ask...); !slices.Equal(got, groupIDs(tt.want...)) || g.questions() != tt.questions {
			t.Errorf("step %d: %q after %d questions, want %d", i+1, got, g.questions(), tt.questions)
		}
	}
	if want := emulator.DefaultTenantID + " app-token " + emulator.AdeleOID + " " + strings.Join(groupIDs(1, 3), "+"); g.asked[0] != want {
		t.Errorf("asked %q, want %q", g.asked[0], want)
	}
	clock.advance(time.Hour) // the token's end
	if ask(1, 1); g.questions() != 4 {
		t.Errorf("%d questions after the token's end", g.questions())
	}
}

// After a failure nobody is asked for half a minute, for this token; what was
// learned before is still known.
func TestMembersFailures(t *testing.T) {
	g := &memberGraph{in: groupIDs(1, 2)}
	m, clock := appMembers(g)
	expires := clock.now.Add(time.Hour)
	ask := func(token byte, n int) error {
		_, err := m.Members(t.Context(), [32]byte{token}, expires, adele(), groupIDs(n))
		return err
	}
	if err := ask(1, 1); err != nil {
		t.Fatal(err)
	}
	g.err = errors.New("graph is down")
	if err := ask(1, 2); !errors.Is(err, g.err) {
		t.Errorf("%v", err)
	}
	clock.advance(29 * time.Second)
	if err := ask(1, 2); err == nil || g.questions() != 2 {
		t.Errorf("%v after %d questions", err, g.questions())
	}
	if err := ask(1, 1); err != nil {
		t.Errorf("what is known: %v", err)
	}
	if err := ask(2, 1); !errors.Is(err, g.err) || g.questions() != 3 {
		t.Errorf("another token: %v after %d questions", err, g.questions())
	}
	g.err = nil
	if err := ask(1, 2); err == nil {
		t.Error("asked too soon")
	}
	clock.advance(time.Second)
	if err := ask(1, 2); err != nil || g.questions() != 4 {
		t.Errorf("after 30 s: %v after %d questions", err, g.questions())
	}

	g.tokenErr = errors.New("no token")
	if err := ask(3, 1); !errors.Is(err, g.tokenErr) || g.questions() != 4 {
		t.Errorf("without a token: %v after %d questions", err, g.questions())
	}
}

// What cannot be asked for is never a yes, nor is what nobody asked for.
func TestMembersRefuses(t *testing.T) {
	g := &memberGraph{in: append(groupIDs(1), "Sales"), more: groupIDs(9)}
	m, clock := appMembers(g)
	expires := clock.now.Add(time.Hour)
	for name, groups := range map[string][]string{
		"a name": {"Sales"}, "upper case": {strings.ToUpper(emulator.GroupID(1))}, "nothing": {""},
	} {
		if of, err := m.Members(t.Context(), [32]byte{1}, expires, adele(), groups); err != nil || of != nil || g.questions() != 0 {
			t.Errorf("%s: %q, %v", name, of, err)
		}
	}
	if of, err := m.Members(t.Context(), [32]byte{2}, expires, adele(), append(groupIDs(1), "Sales")); err != nil || len(of) != 1 {
		t.Errorf("a name beside an id: %q, %v", of, err)
	}
	if _, err := m.Members(t.Context(), [32]byte{1}, expires, adele(), groupIDs(1)); err != nil {
		t.Errorf("an id: %v", err)
	}
	g.more = nil
	if of, err := m.Members(t.Context(), [32]byte{1}, expires, adele(), groupIDs(9)); err != nil || len(of) != 0 {
		t.Errorf("a group that an earlier answer named unasked: %q, %v", of, err)
	}
}

// Many requests with one token make one question; whoever cannot wait does not.
func TestMembersTogether(t *testing.T) {
	g := &memberGraph{in: groupIDs(1), block: make(chan struct{}), begun: make(chan struct{}, 1)}
	m, clock := appMembers(g)
	expires := clock.now.Add(time.Hour)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			of, err := m.Members(t.Context(), [32]byte{1}, expires, adele(), groupIDs(1))
			if err != nil || !slices.Equal(of, groupIDs(1)) {
				t.Errorf("%q, %v", of, err)
			}
		})
	}
	<-g.begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Members(ctx, [32]byte{1}, expires, adele(), groupIDs(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("one that cannot wait: %v", err)
	}
	close(g.block)
	wg.Wait()
	if g.questions() != 1 {
		t.Errorf("%d questions", g.questions())
	}
}

// What one token is asked about has a bound.
func TestMembersBound(t *testing.T) {
	g := &memberGraph{in: groupIDs(1)}
	m, clock := appMembers(g)
	expires := clock.now.Add(time.Hour)
	for n := range 3000 {
		of, err := m.Members(t.Context(), [32]byte{1}, expires, adele(), groupIDs(n+1))
		if err != nil || (len(of) > 0) != (n == 0) {
			t.Fatalf("group %d: %q, %v", n+1, of, err)
		}
	}
	before := g.questions()
	if of, err := m.Members(t.Context(), [32]byte{1}, expires, adele(), groupIDs(1)); err != nil || len(of) != 1 || g.questions() != before+1 {
		t.Errorf("forgotten and asked again: %q, %v after %d more questions", of, err, g.questions()-before)
	}
	// And so has the number of tokens: the first is forgotten.
	for n := range 12000 {
		if _, err := m.Members(t.Context(), [32]byte{byte(n), byte(n >> 8), 1}, expires, adele(), groupIDs(1)); err != nil {
			t.Fatal(err)
		}
	}
	before = g.questions()
	if _, err := m.Members(t.Context(), [32]byte{0, 0, 1}, expires, adele(), groupIDs(1)); err != nil || g.questions() != before+1 {
		t.Errorf("the first of 12,000 tokens is still known, or: %v", err)
	}
}

// Errors tell no token.
func TestMembersErrors(t *testing.T) {
	g := &memberGraph{err: fmt.Errorf("check member groups: %w", context.DeadlineExceeded)}
	m, clock := appMembers(g)
	_, err := m.Members(t.Context(), [32]byte{1}, clock.now.Add(time.Hour), adele(), groupIDs(1))
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "app-token") {
		t.Errorf("%v", err)
	}
}
