package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Target is whom we ask over the network for what: a label, from a closed set.
type Target string

// The targets.
const (
	TargetDiscovery    Target = "discovery"          // the provider's discovery document
	TargetKeys         Target = "keys"               // its signing keys
	TargetToken        Target = "token"              // its token endpoint
	TargetGraphQueries Target = "graph_queries"      // Microsoft Graph: the queries of a sign-in, in one batch
	TargetGraphGroups  Target = "graph_groups"       // the groups of a person or an application
	TargetGraphNames   Target = "graph_group_names"  // what groups are called
	TargetGraphApp     Target = "graph_registration" // what the application's registration says
	TargetGraphLogo    Target = "graph_logo"         // its logo
)

// Result is what became of asking: a label, from a closed set.
type Result string

// The results.
const (
	ResultOK            Result = "ok"
	ResultRefused       Result = "refused"        // of a token: the provider says no to this sign-in or session
	ResultClientRefused Result = "client_refused" // of a token: it says no to our own secret, certificate or registration
	ResultThrottled     Result = "throttled"      // 429
	ResultHTTP4xx       Result = "http_4xx"       // another status from 400 on
	ResultHTTP5xx       Result = "http_5xx"
	ResultTimeout       Result = "timeout"
	ResultUnreachable   Result = "unreachable" // no connection, or one that broke
	ResultUntrusted     Result = "untrusted"   // its certificate does not hold
	ResultTooLarge      Result = "too_large"   // the answer
	ResultBadAnswer     Result = "bad_answer"  // it is not what was asked for
	ResultCancelled     Result = "cancelled"   // whoever waited has gone
	ResultNotSent       Result = "not_sent"    // for want of a credential or token of ours
)

func results() []Result {
	return []Result{
		ResultOK, ResultRefused, ResultClientRefused, ResultThrottled, ResultHTTP4xx, ResultHTTP5xx, ResultTimeout, ResultUnreachable,
		ResultUntrusted, ResultTooLarge, ResultBadAnswer, ResultCancelled, ResultNotSent,
	}
}

// remote counts what is asked over the network.
type remote struct {
	requests *prometheus.CounterVec
	times    *prometheus.HistogramVec
	queries  *prometheus.CounterVec
}

func (r *remote) register(reg prometheus.Registerer) {
	r.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_remote_requests_total", Help: "What the identity provider and Microsoft Graph were asked, by target and result.",
	}, []string{"target", "result"})
	r.times = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "easyauth_remote_request_duration_seconds", Help: "Time until the identity provider or Microsoft Graph had answered, by target.",
		Buckets: []float64{0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
	}, []string{"target"})
	r.queries = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_graph_queries_total", Help: "The queries of batches that Microsoft Graph answered, by the result of each.",
	}, []string{"result"})
	for _, result := range []Result{ResultOK, ResultThrottled, ResultHTTP4xx, ResultHTTP5xx, ResultTooLarge, ResultBadAnswer} {
		r.queries.WithLabelValues(string(result))
	}
	reg.MustRegister(r.requests, r.times, r.queries)
}

// Remote counts what is asked of one target. A nil *Remote counts nothing.
type Remote struct {
	times   prometheus.Observer
	results map[Result]prometheus.Counter
}

// Remote returns the counter of a target. From then on all its results are shown.
func (m *Metrics) Remote(target Target) *Remote {
	if m == nil {
		return nil
	}
	r := &Remote{times: m.remote.times.WithLabelValues(string(target)), results: map[Result]prometheus.Counter{}}
	for _, result := range results() {
		if (result == ResultRefused || result == ResultClientRefused) && target != TargetToken {
			continue
		}
		r.results[result] = m.remote.requests.WithLabelValues(string(target), string(result))
	}
	return r
}

// Asking is a question that is under way.
type Asking struct {
	of    *Remote
	began time.Time
}

// Begin notes that a question is sent now.
func (r *Remote) Begin() Asking { return Asking{r, time.Now()} }

// End counts the question, whose answer is complete now. A result that the target
// cannot have is counted as ResultBadAnswer.
func (a Asking) End(result Result) {
	if a.of == nil {
		return
	}
	counter := a.of.results[result]
	if counter == nil {
		counter = a.of.results[ResultBadAnswer]
	}
	counter.Inc()
	a.of.times.Observe(time.Since(a.began).Seconds())
}

// GraphQuery counts one query of a batch that Microsoft Graph answered.
func (m *Metrics) GraphQuery(result Result) {
	if m != nil {
		m.remote.queries.WithLabelValues(string(result)).Inc()
	}
}

// OfStatus is the result of an answer that has an HTTP status, 0 to 999, and
// nothing else wrong with it: below 300 ResultOK.
func OfStatus(status int) Result {
	switch {
	case status >= 200 && status < 300:
		return ResultOK
	case status == 429:
		return ResultThrottled
	case status >= 500 && status < 600:
		return ResultHTTP5xx
	case status >= 400 && status < 500:
		return ResultHTTP4xx
	}
	return ResultBadAnswer
}
