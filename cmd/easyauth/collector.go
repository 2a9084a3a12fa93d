package main

import (
	"runtime/debug"
	"strings"
)

const (
	// growth is by how much the heap may grow before garbage is collected, in percent
	// of what is in use.
	growth = 400
	// ownMemory is what the process needs beside its caches, with room for garbage, in
	// bytes.
	ownMemory = 48 << 20
)

// tuneCollector lets garbage grow while there is room for it. By default Go collects
// when the heap has doubled. What is in use here is small, so that would be every
// few hundred requests, each time at the cost of looking through all of it: a
// tenth of the CPU time of an answer (docs/performance). Beyond twice what the caches may
// hold, and some, Go collects as often as it must: a process with full caches takes
// no more memory than by default.
//
// An operator's GOGC and GOMEMLIMIT are left as they are.
func tuneCollector(environ []string, caches int64) {
	var percent, limit bool
	for _, pair := range environ {
		percent = percent || strings.HasPrefix(pair, "GOGC=")
		limit = limit || strings.HasPrefix(pair, "GOMEMLIMIT=")
	}
	if percent {
		return
	}
	debug.SetGCPercent(growth)
	if !limit {
		debug.SetMemoryLimit(ownMemory + 2*caches)
	}
}
