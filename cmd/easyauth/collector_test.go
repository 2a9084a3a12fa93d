package main

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

func TestGrowth(t *testing.T) {
	const mb = 1 << 20
	for _, tt := range []struct {
		live uint64
		want int
	}{
		{0, 400},
		{3 * mb, 400},
		{19 * mb, 400}, // and with garbage nearly all of the room
		{24 * mb, 300},
		{32 * mb, 200},
		{48 * mb, 100},
		{49 * mb, 100},
		{900 * mb, 100}, // never more often than Go does by itself
		{1 << 60, 100},
	} {
		if got := growth(tt.live); got != tt.want {
			t.Errorf("%d bytes in use: %d %%, want %d", tt.live, got, tt.want)
		}
	}
}

// It is set while it runs, unless GOGC is.
func TestCollectorIsTuned(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		want    int
	}{
		{"nothing set", []string{"PATH=/bin", "XGOGC=100", "GOMEMLIMIT=1GiB"}, 400},
		{"GOGC", []string{"GOGC=77"}, 77},
		{"GOGC off", []string{"GOGC=off"}, 77},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := debug.SetGCPercent(77)
			defer debug.SetGCPercent(before)
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { defer close(ended); tuneCollector(tt.environ)(ctx) }()
				synctest.Wait()
				if got := debug.SetGCPercent(77); got != tt.want {
					t.Errorf("%d %%, want %d", got, tt.want)
				}
				stop()
				<-ended
			})
		})
	}
}
