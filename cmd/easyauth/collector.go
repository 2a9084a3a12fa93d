package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"time"
)

const (
	leastGrowth = 100 // percent: Go's own GOGC
	mostGrowth  = 400
	// ownRoom is what the process may take beside twice its caches, garbage included, in
	// bytes.
	ownRoom     = 48 << 20
	lookAtHeap  = time.Second
	liveInBytes = "/gc/heap/live:bytes"
)

// growth is by how much the heap may grow before garbage is collected, in percent
// of what is in use (live bytes), when there is room for so many bytes.
//
// By default Go collects when the heap has doubled. What is in use here is small,
// so that would be every few hundred requests, each time at the cost of looking
// through all of it: a sixth of the CPU time of an answer (docs/performance). So garbage
// gathers while there is room. Without any, as with full caches or thousands of
// connections, it is as by default, and never more often.
func growth(live, room uint64) int {
	if live == 0 || room/live > (mostGrowth+100)/100 {
		return mostGrowth
	}
	if room <= 2*live {
		return leastGrowth
	}
	return int(min(100*(room-live)/live, mostGrowth)) //nolint:gosec // at most 400
}

// tuneCollector returns what sets the growth of the heap until its context ends, by
// what is in use at the moment. caches is how many bytes all caches may take. An
// operator's GOGC is left as it is.
func tuneCollector(environ []string, caches int64) func(context.Context) {
	return func(ctx context.Context) {
		for _, pair := range environ {
			if strings.HasPrefix(pair, "GOGC=") {
				return
			}
		}
		room := uint64(ownRoom + 2*caches) //nolint:gosec // not negative
		sample := []metrics.Sample{{Name: liveInBytes}}
		tick := time.NewTicker(lookAtHeap)
		defer tick.Stop()
		for now := 0; ; {
			metrics.Read(sample)
			if percent := growth(sample[0].Value.Uint64(), room); percent != now { // to set it stops everything for a moment
				debug.SetGCPercent(percent)
				now = percent
			}
			select {
			case <-ctx.Done():
				debug.SetGCPercent(leastGrowth)
				return
			case <-tick.C:
			}
		}
	}
}
