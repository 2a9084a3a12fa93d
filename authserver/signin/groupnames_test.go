package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// directory tells names, and counts.
type directory struct {
	calls, ids int
	err        error
	tokenErr   error
	slow       bool
	names      map[string]string
}

func (d *directory) GraphAppToken(context.Context, string) (secret.String, error) {
	return secret.New("token"), d.tokenErr
}

func (d *directory) GroupNames(ctx context.Context, token secret.String, ids []string) (map[string]string, error) {
	d.calls++
	d.ids += len(ids)
	if d.slow {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if token.Reveal() != "token" {
		return nil, errors.New("another token")
	}
	return d.names, d.err
}

func groupID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func TestGroupNames(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	d := &directory{names: map[string]string{groupID(1): "Sales", groupID(2): ""}}
	log := &strings.Builder{}
	g := NewGroupNames(d, d, slog.New(slog.NewTextHandler(log, nil)), func() time.Time { return now })
	of := func(tenant string, groups ...string) map[string]string { return g.Of(t.Context(), tenant, groups) }

	if names := of("t"); len(names) != 0 || d.calls != 0 {
		t.Errorf("of nobody: %v, %d calls", names, d.calls)
	}
	if names := of("t", "Sales", "sales\\x", ""); len(names) != 0 || d.calls != 0 {
		t.Errorf("what is no id: %v, %d calls", names, d.calls)
	}
	for range 3 {
		if names := of("t", groupID(1), groupID(2), groupID(3), "Sales"); names[groupID(1)] != "Sales" || names[groupID(2)] != "" || names[groupID(3)] != "" {
			t.Errorf("%v", names)
		}
	}
	if d.calls != 1 || d.ids != 3 {
		t.Errorf("%d calls with %d ids", d.calls, d.ids)
	}
	d.names = map[string]string{groupID(1): "Elsewhere"}
	if names := of("t2", groupID(1)); names[groupID(1)] != "Elsewhere" || d.calls != 2 {
		t.Errorf("another tenant: %v, %d calls", names, d.calls)
	}
	d.names = map[string]string{groupID(1): "Marketing"}
	now = now.Add(time.Hour + time.Second)
	if names := of("t", groupID(1)); names[groupID(1)] != "Marketing" || d.calls != 3 {
		t.Errorf("an hour later: %v, %d calls", names, d.calls)
	}
	if log.String() != "" {
		t.Errorf("logged %s", log)
	}
}

// Where it is not allowed nobody asks again for ten minutes, and what is known is shown.
func TestGroupNamesRefused(t *testing.T) {
	for name, fail := range map[string]func(*directory, error){
		"by Graph":      func(d *directory, err error) { d.err = err },
		"without token": func(d *directory, err error) { d.tokenErr = err },
	} {
		now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		d := &directory{names: map[string]string{groupID(1): "Sales"}}
		log := &strings.Builder{}
		g := NewGroupNames(d, d, slog.New(slog.NewTextHandler(log, nil)), func() time.Time { return now })
		g.Of(t.Context(), "t", []string{groupID(1)})
		fail(d, errors.New("403"))
		for range 5 {
			if names := g.Of(t.Context(), "t", []string{groupID(1), groupID(2)}); names[groupID(1)] != "Sales" || len(names) != 1 {
				t.Errorf("%s: %v", name, names)
			}
			now = now.Add(time.Minute)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || d.calls > 2 {
			t.Errorf("%s: %d lines, %d calls", name, n, d.calls)
		}
		fail(d, nil)
		d.names[groupID(2)] = "Staff"
		if names := g.Of(t.Context(), "t2", []string{groupID(2)}); names[groupID(2)] != "Staff" {
			t.Errorf("%s: another tenant: %v", name, names)
		}
		now = now.Add(6 * time.Minute)
		if names := g.Of(t.Context(), "t", []string{groupID(2)}); names[groupID(2)] != "Staff" {
			t.Errorf("%s: later: %v", name, names)
		}
	}
}

// A page waits for names for two seconds, not longer, and asks for 200 at most.
func TestGroupNamesBounds(t *testing.T) {
	d := &directory{names: map[string]string{}}
	g := NewGroupNames(d, d, slog.New(slog.DiscardHandler), nil)
	var many []string
	for n := range 1000 {
		many = append(many, groupID(n))
	}
	g.Of(t.Context(), "t", many)
	if d.calls != 1 || d.ids != 200 {
		t.Errorf("%d calls with %d ids", d.calls, d.ids)
	}
	var none *GroupNames
	if names := none.Of(t.Context(), "t", many); names == nil || len(names) != 0 {
		t.Errorf("%v", names)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	d.slow = true
	begun := time.Now()
	g.Of(ctx, "t2", many[:1])
	if time.Since(begun) > namesTimeout {
		t.Errorf("waited for %v", time.Since(begun))
	}
}
