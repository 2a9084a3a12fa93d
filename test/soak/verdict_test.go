package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

const megabyte = 1 << 20

// made is a run of 200 samples that is as it should be. edit changes sample n.
func made(edit func(n int, s *sample)) *record {
	const samples, warm = 200, 50
	r := &record{
		before: sample{rss: 24 * megabyte, anon: 8 * megabyte, live: 4 * megabyte, goroutines: 18, files: 14, series: 60},
		warm:   warm, elapsed: 200 * time.Second, fresh: map[string]int64{"tickets": 50_000, "queries": 30_000, "limits": 30_000},
		provider: providerCalls{keys: 4, coolDown: time.Minute, unknown: 5000, redeemed: 90, codes: 100, names: 3, pause: 10 * time.Minute, onlookers: 50},
	}
	for n := range samples {
		filling := min(float64(n)/warm, 1)
		s := sample{
			at: time.Duration(n) * time.Second, rss: (30 + 20*filling) * megabyte, anon: (10 + 20*filling) * megabyte, live: (5 + 10*filling) * megabyte,
			goroutines: 70, files: 66, series: 90,
			caches: map[string]cacheSize{
				"tickets": {bytes: filling * megabyte, limit: megabyte, entries: filling * 1000},
				"queries": {bytes: float64(n%37) / 37 * megabyte, limit: megabyte, entries: float64(n % 37 * 20)}, // begins anew when it is full
				"limits":  {bytes: 9, limit: megabyte, entries: float64(n % 90)},
			},
		}
		if edit != nil {
			edit(n, &s)
		}
		r.samples = append(r.samples, s)
	}
	r.after = r.samples[samples-1]
	r.after.goroutines, r.after.files = 20, 16
	return r
}

func madeLimits() limits {
	return limits{caches: []string{"tickets", "queries"}, passing: []string{"limits"}, part: 0.08, bytes: 4 * megabyte, ceiling: 100 * megabyte, turnover: 10, series: 8, rest: 8}
}

func TestGrowth(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name string
		edit func(n int, s *sample)
		want string // part of the only complaint; "": there is none
	}{
		{"flat", nil, ""},
		{"noise", func(_ int, s *sample) {
			s.rss += noise.Float64() * 10 * megabyte
			s.anon, s.live = s.anon+noise.Float64()*10*megabyte, s.live+noise.Float64()*10*megabyte
		}, ""},
		{"a saw tooth, as the collector makes it", func(n int, s *sample) { s.anon += float64(n%11) * 4 * megabyte }, ""},
		{"a saw tooth that climbs", func(n int, s *sample) { s.anon += (float64(n%11)*4 + float64(n)*0.15) * megabyte }, "the memory of the process grew"},
		{"garbage of any size", func(_ int, s *sample) { s.anon += noise.Float64() * noise.Float64() * 40 * megabyte }, ""},
		{"garbage of any size, and a leak", func(n int, s *sample) { s.anon += (noise.Float64()*noise.Float64()*40 + float64(n)*0.15) * megabyte }, "the memory of the process grew"},
		{"a heap that grows steadily", func(n int, s *sample) { s.live += float64(n) * 0.08 * megabyte }, "the heap in use grew"},
		{"the same, more slowly: below the allowance", func(n int, s *sample) { s.live += float64(n) * 0.05 * megabyte }, ""},
		{"memory that grows steadily", func(n int, s *sample) { s.anon += float64(n) * 0.1 * megabyte }, "the memory of the process grew"},
		{"the same, half as fast: below the allowance", func(n int, s *sample) { s.anon += float64(n) * 0.05 * megabyte }, ""},
		{"memory that grows and then stays", func(n int, s *sample) { s.anon += min(float64(n), 70) * 0.1 * megabyte }, ""},
		{"a step late", func(n int, s *sample) {
			if n > 150 {
				s.anon += 8 * megabyte
			}
		}, "the memory of the process grew"},
		{"a step late that ends", func(n int, s *sample) {
			if n > 150 && n < 170 {
				s.anon += 8 * megabyte
			}
		}, ""},
		{"only while caches fill", func(n int, s *sample) { s.anon += max(50-float64(n), 0) * megabyte }, ""},
		{"goroutines", func(n int, s *sample) { s.goroutines += float64(n) }, "the number of goroutines grew"},
		{"a few goroutines", func(n int, s *sample) { s.goroutines += float64(n) * 0.1 }, ""},
		{"files", func(n int, s *sample) { s.files += float64(n) }, "the number of open files grew"},
		{"above the ceiling, once", func(n int, s *sample) {
			if n == 120 {
				s.rss = 100*megabyte + 1
			}
		}, "after 2m0s the server took 100.0 MB"},
		{"at the ceiling", func(n int, s *sample) {
			if n == 120 {
				s.rss = 100 * megabyte
			}
		}, ""},
		{"a cache above its limit, once", func(n int, s *sample) {
			if n == 20 {
				s.caches["tickets"] = cacheSize{bytes: megabyte + 1, limit: megabyte, entries: 1}
			}
		}, `the cache "tickets" held`},
		{"another cache above its limit", func(_ int, s *sample) { s.caches["members"] = cacheSize{bytes: 1} }, `the cache "members" held`},
		{"another cache, empty", func(_ int, s *sample) { s.caches["members"] = cacheSize{} }, ""},
		{"a cache without metrics", func(_ int, s *sample) { delete(s.caches, "queries") }, `nothing of the cache "queries"`},
		{"a cache that was never full", func(_ int, s *sample) {
			s.caches["queries"] = cacheSize{bytes: 0.89 * megabyte, limit: megabyte, entries: 1}
		}, `the cache "queries" was never full`},
		{"a cache that holds all there is", func(_ int, s *sample) {
			s.caches["queries"] = cacheSize{bytes: megabyte, limit: megabyte, entries: 3001}
		}, `the cache "queries" was offered only 10.0 times what it holds`},
		{"a cache that lets go", func(_ int, s *sample) { s.caches["limits"] = cacheSize{bytes: 1, limit: megabyte, entries: 2000} }, ""},
		{"a cache that keeps what should leave", func(_ int, s *sample) {
			s.caches["limits"] = cacheSize{bytes: 1, limit: megabyte, entries: 3001}
		}, `the cache "limits" was offered only 10.0 times the most that it held`},
		{"a cache that lets go, without metrics", func(_ int, s *sample) { delete(s.caches, "limits") }, `nothing of the cache "limits"`},
		{"series that clients make", func(n int, s *sample) { s.series += float64(n) }, "140 series"},
		{"series that were rare", func(n int, s *sample) { s.series += float64(n / 20) }, ""},
		{"a client's text in a metric", func(_ int, s *sample) { s.marked = `a{b="` + mark + `c"}` }, "a text of a client"},
	} {
		t.Run(tt.name, func(t *testing.T) { complains(t, judge(made(tt.edit), madeLimits()), tt.want) })
	}
}

func TestEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(r *record)
		want string
	}{
		{"as it should be", func(*record) {}, ""},
		{"some goroutines are left", func(r *record) { r.after.goroutines = 26 }, ""},
		{"many goroutines are left", func(r *record) { r.after.goroutines = 27 }, "9 goroutines are left"},
		{"some files are left", func(r *record) { r.after.files = 22 }, ""},
		{"many files are left", func(r *record) { r.after.files = 23 }, "9 open files are left"},
		{"a cache is above its limit at the end", func(r *record) {
			r.after.caches = map[string]cacheSize{"tickets": {bytes: 2, limit: 1}}
		}, `the cache "tickets" held`},
		{"too few samples", func(r *record) { r.warm = len(r.samples) - fewest + 1 }, "only 9 samples"},
		{"never warm", func(r *record) { r.warm = len(r.samples) }, "only 0 samples"},
		{"one fetch of keys a cool-down", func(r *record) { r.elapsed, r.provider.keys = 180*time.Second, 4 }, ""},
		{"one more", func(r *record) { r.elapsed, r.provider.keys = 179*time.Second, 4 }, "keys were fetched 4 times"},
		{"no fetch for unknown keys", func(r *record) { r.provider.keys = 1 }, "did not get that far"},
		{"no fetch in so short a time", func(r *record) { r.elapsed, r.provider.keys = 2*time.Minute, 1 }, ""},
		{"no fetch, and no unknown keys", func(r *record) { r.provider.keys, r.provider.unknown = 1, 0 }, ""},
		{"more codes than were sent", func(r *record) { r.provider.redeemed = 101 }, "101 codes"},
		{"names of groups, by each client once", func(r *record) { r.provider.names = 50 }, ""},
		{"names of groups, again and again", func(r *record) { r.provider.names = 51 }, "names of groups 51 times"},
		{"something else", func(r *record) { r.provider.others = 1 }, "that nobody needed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := made(nil)
			tt.edit(r)
			complains(t, judge(r, madeLimits()), tt.want)
		})
	}
}

func complains(t *testing.T, wrong []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(wrong) > 0:
		t.Errorf("complaints: %q", wrong)
	case want != "" && (len(wrong) != 1 || !strings.Contains(wrong[0], want)):
		t.Errorf("complaints: %q; want one with %q", wrong, want)
	}
}

func TestFilled(t *testing.T) {
	for name, tt := range map[string]struct {
		bytes []float64 // of a limit of 100
		want  bool
	}{
		"empty":                              {[]float64{0, 0}, false},
		"nearly full":                        {[]float64{0, 50, 89}, false},
		"full":                               {[]float64{0, 50, 90}, true},
		"full once":                          {[]float64{0, 95, 10}, true},
		"began anew between two samples":     {[]float64{0, 60, 34}, true},
		"a few expired":                      {[]float64{0, 60, 35, 61, 36}, false},
		"began anew, and grew again at once": {[]float64{10, 80, 30, 80}, true},
	} {
		r := &record{}
		for _, b := range tt.bytes {
			r.samples = append(r.samples, sample{caches: map[string]cacheSize{"c": {bytes: b, limit: 100}}})
		}
		if got := r.filled("c"); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
		if r.filled("another") {
			t.Errorf("%s: another cache is full", name)
		}
	}
}

// Every cache that must be filled has a kind of request that fills it, and what
// must be new each time is.
func TestKinds(t *testing.T) {
	idp, stop, err := emulate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	mint, err := newMint(make([]byte, 32), idp)
	if err != nil {
		t.Fatal(err)
	}
	m := newMaker(mint, 1)
	filled := map[string]bool{}
	names := map[string]bool{}
	for _, k := range kinds() {
		if k.weight <= 0 || len(k.want) == 0 || names[k.name] {
			t.Errorf("%s: no weight, no status, or there twice", k.name)
		}
		names[k.name], filled[k.fills], filled[k.passes] = true, true, true
		seen := map[string]bool{}
		for range 40 {
			seen[string(k.make(m).append(nil))] = true
		}
		if len(seen) < 39 {
			t.Errorf("%s: %d of 40 requests differ", k.name, len(seen))
		}
	}
	for _, name := range append(filledCaches(), passingCaches()...) {
		if !filled[name] {
			t.Errorf("nothing fills the cache %s", name)
		}
	}
	if !slices.ContainsFunc(m.tickets, func(c carried) bool { return len(c) == 2 }) {
		t.Error("no ticket needs two cookies")
	}
}
