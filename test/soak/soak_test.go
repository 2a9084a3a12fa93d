package main

import (
	"strings"
	"testing"
	"time"
)

// TestSoak is the whole thing, small.
func TestSoak(t *testing.T) {
	t.Parallel()
	program, err := build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, p, stop, err := easyauth(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	for i := range p.kinds {
		if p.kinds[i].fills == "assertions" { // 8 MB, which no setting makes less
			p.kinds[i].weight *= 4
		}
	}
	p.crowd = crowd{keeping: 6, opening: 2, leaving: 1, slow: 4, cutOff: time.Minute}
	p.every, p.duration, p.say = 200*time.Millisecond, 6*time.Second, t.Logf
	// In so short a time garbage is collected once or twice, and its first heap is the smallest.
	p.limits.part, p.limits.bytes, p.limits.turnover = 0.2, 32<<20, 1.5
	r, l, err := soak(t.Context(), s, p)
	if err != nil {
		t.Fatal(err)
	}
	wrong := judge(r, p.limits)
	var text strings.Builder
	if err := report(&text, r, l, p, wrong); err != nil {
		t.Fatal(err)
	}
	t.Log(text.String())
	for _, w := range wrong {
		t.Error(w)
	}
}

func TestSoundServer(t *testing.T) {
	t.Parallel()
	r, wrong, err := soakFake(t, sound)
	if err != nil {
		t.Fatal(err)
	}
	complains(t, wrong, "")
	if r.after.sent < fakeRequests {
		t.Errorf("%d requests", r.after.sent)
	}
}

func TestLeakIsFound(t *testing.T) {
	t.Parallel()
	_, wrong, err := soakFake(t, leaks)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(wrong, "\n")
	for _, want := range []string{
		"the memory of the process grew", "the heap in use grew", "the number of goroutines grew", "the number of open files grew",
		"goroutines are left", "open files are left", `the cache "tickets" held`, "a label is not from a closed set", "a text of a client",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no complaint that %s:\n%s", want, all)
		}
	}
}

func TestRunEndsAtOnce(t *testing.T) {
	for fault, want := range map[string]string{
		errs:   "answered 500, and right is [202]. This was sent:\nGET /easyauth/auth HTTP/1.1\nHost: app.test\n",
		dies:   "the server ended: exit status 3",
		listen: "still listens to a client that has not ended its header",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			_, _, err := soakFake(t, fault)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v; want %q", err, want)
			}
		})
	}
}
