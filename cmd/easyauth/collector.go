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
	// room is how large the heap may get before garbage is collected, in bytes, unless
	// more than half of it is in use.
	room        = 96 << 20
	lookAtHeap  = time.Second
	liveInBytes = "/gc/heap/live:bytes"
)

// growth is by how much the heap may grow before garbage is collected, in percent
// of what is in use (live bytes).
//
// By default Go collects when the heap has doubled. What is in use here is small,
// so that would be every few hundred requests, each time at the cost of looking
// through all of it: a sixth of the CPU time of an answer (docs/performance). So garbage
// gathers while there is room. Without any, as with large caches or thousands of
// connections, it is as by default, and never more often.
func growth(live uint64) int {
	switch {
	case live > room/2:
		return leastGrowth
	case live < room/(mostGrowth/100+1):
		return mostGrowth
	}
	return int(100 * (room - live) / live) //nolint:gosec // at most 400
}

// tuneCollector returns what sets the growth of the heap until its context ends, by
// what is in use at the moment. An operator's GOGC is left as it is.
func tuneCollector(environ []string) func(context.Context) {
	return func(ctx context.Context) {
		for _, pair := range environ {
			if strings.HasPrefix(pair, "GOGC=") {
				return
			}
		}
		sample := []metrics.Sample{{Name: liveInBytes}}
		tick := time.NewTicker(lookAtHeap)
		defer tick.Stop()
		for now := 0; ; {
			metrics.Read(sample)
			if percent := growth(sample[0].Value.Uint64()); percent != now { // to set it stops everything for a moment
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
