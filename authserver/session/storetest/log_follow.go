package storetest

import (
	"context"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

func appendAndFollow(d *diary) {
	a, b := d.log(), d.log()
	if list, _ := d.follow(a, ""); len(list) != 0 {
		d.Errorf("an empty log has %d revocations", len(list))
	}
	list := revocations(7, hour)
	d.add(a, list[0])
	d.add(b, list[1])
	d.add(a, list[2:6]...)
	d.add(b, list[6])
	for _, l := range []session.RevocationLog{a, b, d.log()} {
		got, _ := d.all(l, "")
		d.same("from the beginning", got, list)
		got, _ = d.all(l, "")
		d.same("once more", got, list)
	}
	if err := a.Ping(d.ctx()); err != nil {
		d.Errorf("ping: %v", err)
	}
}

func everyScope(d *diary) {
	a, b := d.log(), d.log()
	now := time.UnixMilli(time.Now().UnixMilli())
	list := []session.Revocation{
		{Scope: session.OneTicket, Handle: newHandle(), Issued: now, Until: now.Add(hour)},
		{Scope: session.OneUser, Handle: newHandle(), Issued: now.Add(-hour), Until: now.Add(time.Minute)},
		{Scope: session.OneSID, Handle: newHandle(), Issued: now.Add(time.Millisecond), Until: now.Add(2 * hour)},
		{Scope: session.AllTickets, Issued: now.Add(-time.Millisecond), Until: now.Add(24 * hour)},
	}
	// The same again, for nothing is merged; and handles of every byte.
	list = append(list, list[0], list[3])
	next := byte(0)
	for range 256 / len(session.Handle{}) {
		r := revocation(hour)
		for i := range r.Handle {
			r.Handle[i] = next
			next++
		}
		list = append(list, r)
	}
	d.add(a, list...)
	got, _ := d.all(b, "")
	d.same("every scope", got, list)

	exact := revocation(hour)
	exact.Issued = exact.Issued.Add(1234567 * time.Nanosecond).In(time.FixedZone("", 9*3600))
	_, place := d.all(b, "")
	d.add(a, exact)
	got, _ = d.all(b, place)
	if len(got) != 1 || got[0].Issued.Sub(exact.Issued).Abs() > time.Millisecond {
		d.Errorf("issued %v comes as %v", exact.Issued, got)
	}
}

func appendNothing(d *diary) {
	a := d.log()
	d.add(a)
	if list, _ := d.follow(a, ""); len(list) != 0 {
		d.Errorf("nothing was appended, and %d revocations are there", len(list))
	}
	r := revocation(hour)
	d.add(a, r)
	d.add(a)
	got, _ := d.all(a, "")
	d.same("one", got, []session.Revocation{r})
}

// A place is good on every handle, for as often as one likes, and one of an empty
// log misses nothing that comes.
func places(d *diary) {
	a, b := d.log(), d.log()
	_, empty := d.follow(a, "")
	list := revocations(20, hour)
	at := []string{empty}
	for i := range list {
		d.add(a, list[i])
		got, place := d.all(b, at[i])
		d.same("the next one", got, list[i:i+1])
		at = append(at, place)
	}
	for i, place := range at {
		for _, l := range []session.RevocationLog{a, b} {
			got, end := d.all(l, place)
			d.same("after a place", got, list[i:])
			if again, _ := d.follow(l, end); len(again) != 0 {
				d.Errorf("after the end there are %d revocations", len(again))
			}
		}
	}
	// A place stays good when nothing has come for a while.
	end := at[len(at)-1]
	for range 3 {
		var got []session.Revocation
		if got, end = d.followFor(a, end, 20*time.Millisecond); len(got) != 0 {
			d.Errorf("%d revocations that nobody appended", len(got))
		}
	}
	next := revocation(hour)
	d.add(b, next)
	got, _ := d.all(a, end)
	d.same("after a while", got, []session.Revocation{next})
}

// Many append and many follow: each follower hears all, in the order of all others.
func manyFollowers(d *diary) {
	const writers, each, followers = 6, 30, 4
	var mu sync.Mutex
	want := map[session.Handle]bool{}
	var all sync.WaitGroup
	for range writers {
		l := d.log()
		all.Go(func() {
			for range each {
				r := revocation(hour)
				if err := l.Append(d.ctx(), r); err != nil {
					d.Errorf("append: %v", err)
				}
				mu.Lock()
				want[r.Handle] = true
				mu.Unlock()
			}
		})
	}
	heard := make([][]session.Revocation, followers)
	for i := range followers {
		l := d.log()
		all.Go(func() {
			place := ""
			for end := time.Now().Add(patience); len(heard[i]) < writers*each && time.Now().Before(end); {
				list, next, err := l.Follow(d.ctx(), place, time.Second)
				if err != nil {
					d.Errorf("follow: %v", err)
					return
				}
				heard[i], place = append(heard[i], list...), next
			}
		})
	}
	all.Wait()
	if len(want) != writers*each || len(heard[0]) != writers*each {
		d.Fatalf("%d were appended and %d heard, want %d", len(want), len(heard[0]), writers*each)
	}
	for _, r := range heard[0] {
		delete(want, r.Handle)
	}
	if len(want) > 0 {
		d.Errorf("%d were not heard", len(want))
	}
	for _, list := range heard[1:] {
		d.same("another follower", list, heard[0])
	}
}

func manyEntries(d *diary) {
	a, b := d.log(), d.log()
	list := revocations(10_500, hour)
	for from := 0; from < len(list); from += 500 {
		d.add(a, list[from:from+500]...)
	}
	first, place := d.follow(b, "") // which wants 10,000 at most
	rest, _ := d.all(b, place)
	d.same("in several steps", append(first, rest...), list)
}

// When Append has returned the next Follow has it.
func heardAtOnce(d *diary) {
	a, b := d.log(), d.log()
	_, place := d.follow(b, "")
	for range 50 {
		r := revocation(hour)
		d.add(a, r)
		var got []session.Revocation
		got, place = d.follow(b, place)
		d.same("what was just appended", got, []session.Revocation{r})
	}
}

func waits(d *diary) {
	a := d.log()
	for _, filled := range []bool{false, true} {
		if filled {
			d.add(a, revocation(hour))
		}
		_, place := d.all(a, "")
		// 0 and less than a millisecond are a wait too, and not one without end.
		for _, wait := range []time.Duration{-time.Second, 0, time.Microsecond, 900 * time.Microsecond, 5 * time.Millisecond, 300 * time.Millisecond} {
			begun := time.Now()
			list, next, err := a.Follow(d.ctx(), place, wait)
			took := time.Since(begun)
			if err != nil || len(list) != 0 {
				d.Errorf("follow for %v with nothing to hear: %d revocations, %v", wait, len(list), err)
				continue
			}
			if took > wait+patience/4 {
				d.Errorf("follow for %v took %v", wait, took)
			}
			place = next
		}
		begun := time.Now()
		d.followFor(a, place, 300*time.Millisecond)
		if took := time.Since(begun); took < 100*time.Millisecond {
			d.Errorf("follow for 300ms took %v: whoever follows would never rest", took)
		}
	}
}

func wakes(d *diary) {
	a, b := d.log(), d.log()
	for _, filled := range []bool{false, true} {
		if filled {
			d.add(a, revocation(hour))
		}
		_, place := d.all(b, "")
		r := revocation(hour)
		appended := make(chan error, 1)
		go func() {
			time.Sleep(50 * time.Millisecond) // so that the follower waits already
			appended <- a.Append(d.ctx(), r)
		}()
		begun := time.Now()
		var got []session.Revocation
		for len(got) == 0 && time.Since(begun) < patience {
			got, place = d.followFor(b, place, patience*3/4)
		}
		if took := time.Since(begun); took > patience/2 {
			d.Errorf("what comes while a follower waits is heard after %v", took)
		}
		d.same("what came", got, []session.Revocation{r})
		if err := <-appended; err != nil {
			d.Errorf("append: %v", err)
		}
	}
}

func waitsEnd(d *diary) {
	a, b := d.log(), d.log()
	ctx, cancel := context.WithTimeout(d.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, _, err := a.Follow(ctx, "", patience)
	unanswered(d.T, "a wait whose context ends", err)
	if took := time.Since(begun); took > patience/2 {
		d.Errorf("a wait of 50ms took %v", took)
	}
	r := revocation(hour)
	d.add(b, r)
	got, _ := d.all(a, "")
	d.same("after a wait that was cut short", got, []session.Revocation{r})
}
