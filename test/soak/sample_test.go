package main

import "testing"

func TestReadMetrics(t *testing.T) {
	var s sample
	s.read([]byte(`# HELP go_goroutines Number of goroutines that currently exist.
# TYPE go_goroutines gauge
go_goroutines 21
go_memstats_heap_inuse_bytes 3.5e+06
go_memstats_next_gc_bytes 1.5e+07
go_gc_gogc_percent 400
easyauth_cache_bytes{cache="tickets"} 1000
easyauth_cache_limit_bytes{cache="tickets"} 2000
easyauth_cache_entries{cache="tickets"} 3
easyauth_cache_entries{cache="queries"} 4
easyauth_cache_requests_total{cache="bearer",result="miss"} 5
easyauth_decisions_total{outcome="allow",reason="a blank in it"} 6
`))
	if s.goroutines != 21 || s.heap != 3.5e6 || s.live != 3e6 || s.series != 10 || s.marked != "" {
		t.Errorf("%+v", s)
	}
	if want := (cacheSize{bytes: 1000, limit: 2000, entries: 3}); s.caches["tickets"] != want || s.caches["queries"].entries != 4 || len(s.caches) != 2 {
		t.Errorf("%+v", s.caches)
	}
	s = sample{}
	s.read([]byte("easyauth_decisions_total{host=\"" + mark + "x.example\"} 1\n"))
	if s.marked == "" {
		t.Error("a client's text was not found")
	}
}

func TestKilobytes(t *testing.T) {
	status := []byte("Name:\tx\nVmRSS:\t   2048 kB\nRssAnon:\t    1024 kB\nOdd:\tkB\n")
	for name, want := range map[string]float64{"VmRSS:": 2 * megabyte, "RssAnon:": megabyte, "Odd:": 0, "RssFile:": 0} {
		if got := kilobytes(status, name); got != want {
			t.Errorf("%s %v, want %v", name, got, want)
		}
	}
}
