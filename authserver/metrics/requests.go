package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Endpoint is one of the URLs of the public listener: a label, from a closed set.
type Endpoint string

// The endpoints.
const (
	EndpointAuth         Endpoint = "auth"
	EndpointLogin        Endpoint = "login"
	EndpointCallback     Endpoint = "callback"
	EndpointMe           Endpoint = "me"
	EndpointLogo         Endpoint = "logo"
	EndpointJWKS         Endpoint = "jwks"
	EndpointLogout       Endpoint = "logout"
	EndpointSignedOut    Endpoint = "signed_out"
	EndpointFrontChannel Endpoint = "frontchannel_logout"
	EndpointBackChannel  Endpoint = "backchannel_logout"
	EndpointToken        Endpoint = "token"
	EndpointRevoke       Endpoint = "revoke"
	EndpointSession      Endpoint = "session"
	EndpointProgramLogin Endpoint = "program_login"
	EndpointAuthorize    Endpoint = "program_authorize"
	EndpointOther        Endpoint = "other" // nothing that is served, or not with this method
)

func newRequests() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "easyauth_request_duration_seconds", Help: "Time to answer a request of the public listener, by endpoint.",
		// The first two are for the auth endpoint, which asks nobody as a rule; the
		// last for a callback, which waits for the provider and Graph.
		Buckets: []float64{0.00025, 0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 10},
	}, []string{"endpoint"})
}

// Duration takes the times of one endpoint's requests. A nil *Duration takes none.
type Duration struct{ times prometheus.Observer }

// Duration returns what takes an endpoint's times. Ask for it once: to look it up
// for each request would cost more than to count.
func (m *Metrics) Duration(endpoint Endpoint) *Duration {
	if m == nil {
		return nil
	}
	return &Duration{m.requests.WithLabelValues(string(endpoint))}
}

// Since takes the time of a request that began then and ends now.
func (d *Duration) Since(began time.Time) {
	if d != nil {
		d.times.Observe(time.Since(began).Seconds())
	}
}
