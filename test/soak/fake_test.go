package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// fakeVariable makes this test program a server that misbehaves as its value says.
const fakeVariable = "SOAK_FAKE"

// What a fake does wrong.
const (
	sound  = "nothing"
	leaks  = "leaks"
	errs   = "errs"   // answers 500 in the end
	dies   = "dies"   // and ends itself
	listen = "listen" // for ever, to who never ends a header
)

func TestMain(m *testing.M) {
	if fault := os.Getenv(fakeVariable); fault != "" {
		if err := fake(fault); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// fakeServer passes everybody. Its cache is full after some requests.
type fakeServer struct {
	fault string

	mu    sync.Mutex
	asked int
	kept  []any // for ever

	series *prometheus.CounterVec
}

const (
	fakeLimit = 1 << 20
	fakeEntry = 4 << 10
	faultFrom = 300 // requests

	fakeRequests = 2500
)

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked++
	n := f.asked
	if f.fault == leaks {
		f.leak(n, r)
	}
	f.mu.Unlock()
	switch {
	case n > faultFrom && f.fault == errs:
		w.WriteHeader(http.StatusInternalServerError)
	case n > faultFrom && f.fault == dies:
		panic("the end") // net/http would take it for the end of this request
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// leak leaks all that can be. It is called with the lock.
func (f *fakeServer) leak(n int, r *http.Request) {
	f.kept = append(f.kept, append([]byte(r.Header.Get("Cookie")), make([]byte, 16<<10)...))
	if n%20 != 0 {
		return
	}
	f.series.WithLabelValues(strings.Clone(r.Header.Get("Cookie"))).Inc()
	go func() { <-r.Context().Done(); select {} }() // that it never ends is what it is for
	if file, err := os.Open(os.DevNull); err == nil && n < 10_000 {
		f.kept = append(f.kept, file)
	}
}

func (f *fakeServer) bytes() float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == leaks {
		return float64(f.asked * fakeEntry)
	}
	return float64(min(f.asked*fakeEntry, fakeLimit))
}

func (f *fakeServer) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	f.series = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fake_requests_total"}, []string{"client"})
	gauge := func(name string, of func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, ConstLabels: prometheus.Labels{"cache": "tickets"}}, of))
	}
	gauge("easyauth_cache_bytes", f.bytes)
	gauge("easyauth_cache_limit_bytes", func() float64 { return fakeLimit })
	gauge("easyauth_cache_entries", func() float64 { return min(f.bytes(), fakeLimit) / fakeEntry })
	reg.MustRegister(f.series, collectors.NewGoCollector())
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

// fake serves until it is interrupted.
func fake(fault string) error {
	f := &fakeServer{fault: fault}
	admin := f.metrics()
	var ready struct {
		Msg    string `json:"msg"`
		Listen string `json:"listen"`
		Admin  string `json:"admin_listen"`
	}
	for address, handler := range map[*string]http.Handler{&ready.Listen: f, &ready.Admin: admin} {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // to the end of the process
		if err != nil {
			return err
		}
		*address = l.Addr().String()
		s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
		if fault == listen {
			s.ReadHeaderTimeout = time.Hour
		}
		if fault == dies {
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() != nil {
						os.Exit(3)
					}
				}()
				handler.ServeHTTP(w, r)
			})
		}
		go func() { _ = s.Serve(l) }()
	}
	ready.Msg = "ready"
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt)
	<-end
	return nil
}

// soakFake runs a short soak against a fake.
func soakFake(t *testing.T, fault string) (*record, []string, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), program, append(os.Environ(), fakeVariable+"="+fault))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	p := &plan{
		crowd: crowd{keeping: 3, opening: 1, leaving: 1, slow: 2, cutOff: 5 * time.Second},
		kinds: []kind{{name: "ticket", fills: "tickets", weight: 1, want: []int{pass}, make: func(m *maker) *request {
			return m.ask("", "Cookie: "+m.text(200))
		}}},
		limits:   limits{caches: []string{"tickets"}, part: 0.1, bytes: 8 << 20, turnover: 2, series: 8, rest: 8},
		provider: func() providerCalls { return providerCalls{} },
		begun:    time.Now(), every: 50 * time.Millisecond, warmUp: time.Minute, duration: time.Second, requests: fakeRequests, settle: 2 * time.Second,
		say: t.Logf,
	}
	if fault == listen {
		p.duration = time.Minute
	}
	r, l, err := soak(t.Context(), s, p)
	if err != nil {
		return nil, nil, err
	}
	wrong := judge(r, p.limits)
	if err := report(io.Discard, r, l, p, wrong); err != nil {
		t.Error(err)
	}
	return r, wrong, nil
}
