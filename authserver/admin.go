package authserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/pprof"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// AdminConfig of an Admin.
type AdminConfig struct {
	Version  string
	Gatherer prometheus.Gatherer // required

	// Degraded names what does not work at the moment ("idp: …"); nil means that
	// nothing can. It never makes the server unready: an IdP that is down would
	// otherwise take every application down.
	Degraded func() []string

	PProf bool // serve /debug/pprof
}

// Admin answers the administrators' listener: probes, metrics, version. It never
// stands on the public one.
type Admin struct {
	mux      *http.ServeMux
	degraded func() []string
	ready    atomic.Bool
	stopping atomic.Bool
}

// NewAdmin returns the handler of the administrators' listener. It is unready
// until Ready is called.
func NewAdmin(cfg AdminConfig) (*Admin, error) {
	if cfg.Gatherer == nil {
		return nil, errors.New("make the admin handler: no gatherer")
	}
	a := &Admin{mux: http.NewServeMux(), degraded: cfg.Degraded}
	a.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeStatus(w, http.StatusOK, status{Status: "ok"}) })
	a.mux.HandleFunc("GET /readyz", a.readyz)
	a.mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{}))
	a.mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		writeStatus(w, http.StatusOK, status{Status: "ok", Version: cfg.Version})
	})
	if cfg.PProf {
		a.mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		a.mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		a.mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		a.mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return a, nil
}

// Ready says that the public listener is up.
func (a *Admin) Ready() { a.ready.Store(true) }

// Stopping says that no new requests should come: /readyz is 503 from now on.
func (a *Admin) Stopping() { a.stopping.Store(true) }

// ServeHTTP implements http.Handler.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

type status struct {
	Status   string   `json:"status"`
	Version  string   `json:"version,omitempty"`
	Degraded []string `json:"degraded,omitempty"`
}

func (a *Admin) readyz(w http.ResponseWriter, _ *http.Request) {
	switch {
	case a.stopping.Load():
		writeStatus(w, http.StatusServiceUnavailable, status{Status: "stopping"})
		return
	case !a.ready.Load():
		writeStatus(w, http.StatusServiceUnavailable, status{Status: "starting"})
		return
	}
	s := status{Status: "ready"}
	if a.degraded != nil {
		s.Degraded = a.degraded()
	}
	writeStatus(w, http.StatusOK, s)
}

func writeStatus(w http.ResponseWriter, code int, s status) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(s) // the probe has gone: nobody to tell
}
