package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

// The generation before ends when its last request was answered, and not earlier.
func TestOldGenerationAnswersToItsEnd(t *testing.T) {
	c := startChanging(t, nil, "EASYAUTH_CLAIM_HEADERS: upn\n")
	old := c.parts.live.enter() // a request that takes a while
	c.change("EASYAUTH_CLAIM_HEADERS: other\n", hasChanged)
	leaves := func() bool { return slices.Contains(c.parts.live.leaving.all(), old) }
	if c.parts.live.now.Load() == old || !leaves() {
		t.Fatal("it was not replaced")
	}
	time.Sleep(5 * lookAgain)
	if !leaves() {
		t.Error("it has ended while it answers")
	}
	old.requests.Add(-1)
	waitFor(t, "it to end", func() bool { return !leaves() })
}

// Changes do not wait for the slowest request of the generations before, until there are
// too many of these; then the latest configuration is the next that is taken.
func TestChangesWhileOldGenerationsAnswer(t *testing.T) {
	set := func(i int) string { return fmt.Sprintf("EASYAUTH_CLAIM_HEADERS: claim%d\n", i) }
	c := startChanging(t, nil, set(0))
	inUse := func() string { return c.parts.live.now.Load().cfg.ClaimHeaders[0] }
	var slow []*generation
	for i := 1; i <= mostLeaving; i++ {
		slow = append(slow, c.parts.live.enter())
		c.change(set(i), hasChanged)
		if want := fmt.Sprintf("claim%d", i); inUse() != want || len(c.parts.live.leaving.all()) != i {
			t.Fatalf("%s is in use, not %s; %d are leaving", inUse(), want, len(c.parts.live.leaving.all()))
		}
	}
	last := inUse()
	slow = append(slow, c.parts.live.enter()) // so that there is room for one more, and not for two
	c.write(set(8))
	c.parts.reload(t.Context())
	waitFor(t, "one that waits", c.parts.live.leaving.waitedFor)
	c.write(set(9))
	time.Sleep(5 * lookAgain)
	if inUse() != last {
		t.Errorf("%s is in use beside %d that are leaving", inUse(), mostLeaving)
	}
	slow[1].requests.Add(-1) // any of them makes room
	waitFor(t, "the latest", func() bool { return inUse() == "claim9" })
	for _, i := range []int{0, 2, 3} {
		slow[i].requests.Add(-1)
	}
	waitFor(t, "all to end", func() bool { return len(c.parts.live.leaving.all()) == 0 })
}

func (l *leaving) waitedFor() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.freed != nil
}

// A process that stops does not wait for what would make room.
func TestRoomEndsWithItsContext(t *testing.T) {
	var l leaving
	if l.room(t.Context()) {
		t.Error("it waited for nothing")
	}
	release := make(chan struct{})
	for range mostLeaving {
		l.add(&generation{}, func() { <-release })
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() { done <- l.room(ctx) }()
	waitFor(t, "one that waits", l.waitedFor)
	cancel()
	if !<-done {
		t.Error("it did not say that it waited")
	}
	close(release)
	l.ended.Wait()
	if l.room(t.Context()) || len(l.all()) > 0 {
		t.Error("there is no room at the end")
	}
}
