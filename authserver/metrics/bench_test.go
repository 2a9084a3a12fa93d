package metrics_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// What counting costs where the counter is known, and where it is looked up by its
// labels.
func BenchmarkCount(b *testing.B) {
	m := metrics.New(prometheus.NewRegistry(), "v1")
	opened, auth := m.TicketsOpened("0a1b2c3d"), m.Duration(metrics.EndpointAuth)
	for _, bench := range []struct {
		name  string
		count func()
	}{
		{"allow", func() { m.Decision(access.Decision{Outcome: access.Allow, Reason: access.ReasonOK}) }},
		{"another decision", func() { m.Decision(access.Decision{Outcome: access.SignIn, Reason: access.ReasonNoTicket}) }},
		{"ticket, known key", func() { opened.Count() }},
		{"time of a request", func() { auth.Since(time.Now()) }},
		{"ticket, key looked up", func() { m.TicketsOpened("0a1b2c3d").Count() }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.count()
			}
		})
	}
}
