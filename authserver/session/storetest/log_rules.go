package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// living wants every one of these in what a new follower hears, in order; what has
// had its time may be there or not.
func (d *diary) living(what string, l session.RevocationLog, want []session.Revocation) {
	d.Helper()
	got, _ := d.all(l, "")
	got = slices.DeleteFunc(got, func(g session.Revocation) bool {
		return !slices.ContainsFunc(want, func(w session.Revocation) bool { return w.Handle == g.Handle })
	})
	d.same(what, got, want)
}

func entriesStay(d *diary) {
	a, b := d.log(), d.log()
	r := revocation(short)
	d.add(a, r)
	for time.Until(r.Until) > slack {
		got, _ := d.all(b, "")
		if time.Until(r.Until) > slack { // also when they were here
			d.same("before its time", got, []session.Revocation{r})
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Entries whose time is over may go. Those that stand before, after and between
// them stay, and so does the place of a follower who had heard them.
func entriesStayInAnyOrder(d *diary) {
	a, b := d.log(), d.log()
	var kept []session.Revocation
	add := func(ttl time.Duration) {
		r := revocation(ttl)
		d.add(a, r)
		if ttl == hour {
			kept = append(kept, r)
		}
	}
	for _, ttl := range []time.Duration{short, hour, short, hour, 100 * time.Millisecond, short} {
		add(ttl)
	}
	over := time.Now().Add(short + 2*slack)
	_, place := d.all(b, "")
	d.living("before they are over", b, kept)
	eventually(d.T, "the short ones are over", func() bool { return time.Now().After(over) })
	d.living("after the short ones are over", b, kept)
	before := len(kept)
	for range 3 {
		add(100 * time.Millisecond)
		add(hour)
		d.living("after more came", b, kept)
	}
	over = time.Now().Add(100*time.Millisecond + 2*slack)
	eventually(d.T, "those are over too", func() bool { return time.Now().After(over) })
	add(hour)
	d.living("in the end", d.log(), kept)
	got, _ := d.all(b, place)
	got = slices.DeleteFunc(got, func(g session.Revocation) bool { return g.Until.Sub(g.Issued) < hour })
	d.same("after the place of before", got, kept[before:])
}

func (d *diary) note(l session.RevocationLog, sid session.Handle, until time.Time) {
	d.Helper()
	if err := l.NoteSID(d.ctx(), sid, until); err != nil {
		d.Fatalf("note a sid: %v", err)
	}
}

func (d *diary) known(l session.RevocationLog, sids ...session.Handle) bool {
	d.Helper()
	known, err := l.KnownSID(d.ctx(), sids...)
	if err != nil {
		d.Fatalf("ask for a sid: %v", err)
	}
	return known
}

func sids(d *diary) {
	a, b := d.log(), d.log()
	one, two, never := newHandle(), newHandle(), newHandle()
	d.note(a, one, time.Now().Add(hour))
	d.note(b, two, time.Now().Add(hour))
	d.note(b, two, time.Now().Add(2*hour))
	tests := []struct {
		name string
		sids []session.Handle
		want bool
	}{
		{"one", []session.Handle{one}, true},
		{"two", []session.Handle{two}, true},
		{"both", []session.Handle{one, two}, true},
		{"one that never was", []session.Handle{never}, false},
		{"several that never were", []session.Handle{never, newHandle(), newHandle()}, false},
		{"one at the end", []session.Handle{never, newHandle(), one}, true},
		{"one at the beginning", []session.Handle{two, never}, true},
		{"none", nil, false},
	}
	for _, tt := range tests {
		for _, l := range []session.RevocationLog{a, b} {
			if got := d.known(l, tt.sids...); got != tt.want {
				d.Errorf("%s: known %v, want %v", tt.name, got, tt.want)
			}
		}
	}
	if list, _ := d.all(a, ""); len(list) != 0 {
		d.Errorf("noting sids has revoked %d", len(list))
	}
}

func sidsForgotten(d *diary) {
	a, b := d.log(), d.log()
	brief, long := newHandle(), newHandle()
	until := time.Now().Add(short)
	d.note(a, brief, until)
	d.note(a, long, time.Now().Add(hour))
	eventually(d.T, "the sid is forgotten", func() bool {
		known := d.known(b, brief)
		if early := time.Until(until); !known && early > slack {
			d.Errorf("it was forgotten %v before its time", early)
		}
		return !known
	})
	if !d.known(b, long) {
		d.Error("another sid was forgotten too")
	}
}

// Two sessions may have the same sid: that the second ends earlier is nothing to the first.
func sidsLongest(d *diary) {
	a, b := d.log(), d.log()
	down, up := newHandle(), newHandle()
	until := time.Now().Add(short)
	d.note(a, down, time.Now().Add(hour))
	d.note(b, down, until)
	d.note(a, up, until)
	d.note(b, up, time.Now().Add(hour))
	eventually(d.T, "the shorter time is over", func() bool { return time.Now().After(until.Add(2 * slack)) })
	if !d.known(a, down) {
		d.Error("a later, shorter time has cut the first one short")
	}
	if !d.known(a, up) {
		d.Error("a later, longer time has not prolonged the first one")
	}
}

func logRealms(d *diary) {
	ours, theirs := d.log(), d.logOf(newRealm())
	r, sid := revocation(hour), newHandle()
	d.add(ours, r)
	d.note(ours, sid, time.Now().Add(hour))
	if list, _ := d.all(theirs, ""); len(list) != 0 {
		d.Errorf("another realm has %d of our revocations", len(list))
	}
	if d.known(theirs, sid) {
		d.Error("another realm knows our sid")
	}
	for _, l := range []session.RevocationLog{ours, theirs} {
		if ok, err := l.Once(d.ctx(), "jti", time.Now().Add(hour)); !ok || err != nil {
			d.Errorf("once in each realm: %v, %v", ok, err)
		}
	}
	list := revocations(3, hour)
	d.add(theirs, list...)
	got, _ := d.all(theirs, "")
	d.same("theirs", got, list)
	got, _ = d.all(ours, "")
	d.same("ours", got, []session.Revocation{r})
}

// everyLogCall makes every call that a context bounds, and returns the errors.
func everyLogCall(ctx context.Context, l session.RevocationLog) map[string]error {
	errs := map[string]error{}
	errs["append"] = l.Append(ctx, revocation(hour))
	_, _, errs["follow"] = l.Follow(ctx, "", 0)
	_, _, errs["follow and wait"] = l.Follow(ctx, "", patience/2)
	errs["note a sid"] = l.NoteSID(ctx, session.Handle{1}, time.Now().Add(hour))
	_, errs["ask for a sid"] = l.KnownSID(ctx, session.Handle{1})
	_, errs["once"] = l.Once(ctx, "name", time.Now().Add(hour))
	errs["ping"] = l.Ping(ctx)
	return errs
}

func (d *diary) nothingWasDone(l session.RevocationLog) {
	d.Helper()
	if list, _ := d.all(l, ""); len(list) != 0 {
		d.Errorf("%d revocations were appended", len(list))
	}
	if d.known(l, session.Handle{1}) {
		d.Error("a sid was noted")
	}
	if ok, err := l.Once(d.ctx(), "name", time.Now().Add(hour)); !ok || err != nil {
		d.Errorf("a name was given: %v, %v", ok, err)
	}
}

func logContexts(d *diary) {
	a, b := d.log(), d.log()
	cancelled, cancel := context.WithCancel(d.Context())
	cancel()
	late, cancelLate := context.WithDeadline(d.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	for name, ctx := range map[string]context.Context{"cancelled": cancelled, "too late": late} {
		for call, err := range everyLogCall(ctx, a) {
			unanswered(d.T, call+", "+name, err)
		}
	}
	d.nothingWasDone(b)
}

func logClosing(d *diary) {
	a, b := d.log(), d.log()
	d.follow(a, "")
	a.Close()
	for call, err := range everyLogCall(d.ctx(), a) {
		unanswered(d.T, call+" on a closed handle", err)
	}
	a.Close() // again
	d.nothingWasDone(b)
	r := revocation(hour)
	d.add(b, r)
	got, _ := d.all(b, "")
	d.same("another handle", got, []session.Revocation{r})
}
