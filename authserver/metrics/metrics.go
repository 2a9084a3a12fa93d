// Package metrics counts what happens. No label holds a user, a path or a host
// of a client: all labels come from closed sets. The methods of a nil *Metrics
// count nothing. It knows nothing of requests, sessions or providers: it is told.
//
// What can happen and would be an alarm is there with the value 0 from the start:
// to Prometheus a counter that appears with a 1 has not risen.
package metrics

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Metrics is every counter of one server. Make one with New.
type Metrics struct {
	decisions     *prometheus.CounterVec
	allowed       prometheus.Counter // the everyday one of decisions
	signins       *prometheus.CounterVec
	configErrors  *prometheus.CounterVec
	overflow      prometheus.Counter
	largeAnswers  *prometheus.CounterVec
	requests      *prometheus.HistogramVec
	sessions      sessions
	remote        remote
	configuration *configuration // the same for all of Stage
	looked        *prometheus.CounterVec
	assertions    *prometheus.CounterVec
	tokens        *prometheus.CounterVec
	inline        *prometheus.CounterVec

	parts *parts // what this Metrics was told of
	shown *shown // what the world is told, the same for all of Stage
}

// LargeAnswer is the size of a header block in bytes that nginx's default
// proxy_buffer_size (4k) may not hold.
const LargeAnswer = 4000

// The kinds of ConfigError. The first two are reasons of decisions too.
const (
	badQuery       = string(access.ReasonBadQuery)
	badOriginalURL = string(access.ReasonBadOriginalURL)
	policyUnknown  = string(access.ReasonPolicyUnknown)
	proxySecret    = string(access.ReasonProxySecret)
	hostNotServed  = string(access.ReasonHostNotServed)
)

// New registers the counters, the Go runtime's and the process's with reg.
func New(reg prometheus.Registerer, version string) *Metrics {
	m := &Metrics{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "easyauth_decisions_total", Help: "Answers of the auth endpoint, by outcome and reason.",
		}, []string{"outcome", "reason"}),
		signins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "easyauth_signins_total", Help: "Ended steps of a sign-in or sign-out, by step and result (ok and the like, or the reason of the refusal).",
		}, []string{"step", "result"}),
		configErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "easyauth_configuration_errors_total", Help: "Requests refused because of the proxy's configuration: bad_query, policy_unknown (auth-url), bad_original_url (X-Original-URL and the like), host_not_served (HOSTS), proxy_secret (PROXY_SECRET_FILE).",
		}, []string{"kind"}),
		overflow: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "easyauth_header_overflow_total", Help: "Answers whose identity headers did not fit and were left empty in part.",
		}),
		largeAnswers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "easyauth_large_answers_total", Help: "Answers with more than 4,000 bytes of headers: nginx needs a proxy_buffer_size above its default.",
		}, []string{"endpoint"}),
		requests: newRequests(),
		parts:    newParts(),

		configuration: &configuration{refused: map[string]bool{}},
	}
	m.shown = newShown(m.parts)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "easyauth_build_info", Help: "Always 1; the version is in the labels.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.looked, m.assertions, m.tokens, m.inline = newLooked(), newAssertions(), newTokens(), newInline()
	reg.MustRegister(m.decisions, m.signins, m.configErrors, m.overflow, m.largeAnswers, m.requests, m.looked, m.assertions, m.tokens, m.inline, m.shown, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.allowed = m.decisions.WithLabelValues(access.Allow.String(), access.ReasonOK.String())
	m.preset()
	m.sessions.register(reg)
	m.remote.register(reg)
	m.configuration.register(reg)
	return m
}

// Decision counts one answer of the auth endpoint.
func (m *Metrics) Decision(d access.Decision) {
	switch {
	case m == nil:
	case d.Outcome == access.Allow && d.Reason == access.ReasonOK:
		m.allowed.Inc()
	default:
		m.decisions.WithLabelValues(d.Outcome.String(), d.Reason.String()).Inc()
	}
}

// SignIn counts the end of one step ("login", "callback", "logout", …).
func (m *Metrics) SignIn(step, result string) {
	if m != nil {
		m.signins.WithLabelValues(step, result).Inc()
	}
}

// ConfigError counts a request that the proxy's configuration made unusable.
func (m *Metrics) ConfigError(kind string) {
	if m != nil {
		m.configErrors.WithLabelValues(kind).Inc()
	}
}

// HeaderOverflow counts an answer whose identity headers did not all fit.
func (m *Metrics) HeaderOverflow() {
	if m != nil {
		m.overflow.Inc()
	}
}

// Answer counts an answer of an endpoint if its header block is larger
// than LargeAnswer.
func (m *Metrics) Answer(endpoint Endpoint, headerBytes int) {
	if m != nil && headerBytes > LargeAnswer {
		m.largeAnswers.WithLabelValues(string(endpoint)).Inc()
	}
}
