package metrics

import "github.com/prometheus/client_golang/prometheus"

// AssertionResult is what became of a signed identity: a label, from a closed set.
type AssertionResult string

// The results.
const (
	AssertionOK         AssertionResult = "ok"
	AssertionIncomplete AssertionResult = "incomplete"  // something was left out of it
	AssertionTooLong    AssertionResult = "too_long"    // there is none: it would not fit
	AssertionNoAudience AssertionResult = "no_audience" // there is none: nobody says for whom
	AssertionFailed     AssertionResult = "failed"      // there is none: it could not be made
)

func newAssertions() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_assertions_total", Help: "Requests that may pass, by what became of the signed identity (ok, incomplete, too_long, no_audience, failed).",
	}, []string{"result"})
}

// Asserted counts signed identities.
type Asserted struct {
	by map[AssertionResult]prometheus.Counter
}

// Assertions returns the counters of a server that signs, and shows them.
func (m *Metrics) Assertions() *Asserted {
	if m == nil {
		return nil
	}
	a := &Asserted{by: map[AssertionResult]prometheus.Counter{}}
	for _, r := range []AssertionResult{AssertionOK, AssertionIncomplete, AssertionTooLong, AssertionNoAudience, AssertionFailed} {
		a.by[r] = m.assertions.WithLabelValues(string(r))
	}
	return a
}

// Count counts one. A nil *Asserted counts nothing.
func (a *Asserted) Count(r AssertionResult) {
	if a != nil {
		a.by[r].Inc()
	}
}
