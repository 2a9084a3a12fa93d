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
		live, room uint64
		want       int
	}{
		{0, 90 * mb, 400},
		{3 * mb, 90 * mb, 400},
		{18 * mb, 90 * mb, 400}, // and with garbage all of the room
		{30 * mb, 90 * mb, 200},
		{40 * mb, 90 * mb, 125},
		{45 * mb, 90 * mb, 100},
		{46 * mb, 90 * mb, 100},
		{900 * mb, 90 * mb, 100}, // never more often than Go does by itself
		{1 << 50, 90 * mb, 100},
	} {
		if got := growth(tt.live, tt.room); got != tt.want {
			t.Errorf("%d bytes in use, room for %d: %d %%, want %d", tt.live, tt.room, got, tt.want)
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
		{"nothing set", []string{"PATH=/bin", "XGOGC=100", "GOMEMLIMIT=1GiB"}, mostGrowth},
		{"GOGC", []string{"GOGC=77"}, 77},
		{"GOGC off", []string{"GOGC=off"}, 77},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := debug.SetGCPercent(77)
			defer debug.SetGCPercent(before)
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { defer close(ended); tuneCollector(tt.environ, 1<<40)(ctx) }()
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
