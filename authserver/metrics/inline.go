package metrics

import "github.com/prometheus/client_golang/prometheus"

// InlineFailure is why the inline proxy could not hand a request on: a label, from a closed set.
type InlineFailure string

// The failures.
const (
	InlineUnreachable InlineFailure = "unreachable" // no connection to the application
	InlineTimeout     InlineFailure = "timeout"     // it did not answer in time
	InlineBroken      InlineFailure = "broken"      // its answer cannot be read, or there was none
	InlineCut         InlineFailure = "cut"         // its answer ended before its end
	InlineTooLarge    InlineFailure = "too_large"   // the request was larger than it may be
	InlineBadBody     InlineFailure = "bad_body"    // the body of the request cannot be read
	InlineClientSlow  InlineFailure = "client_slow" // the client paused for too long in its request or an answer
	InlineClientGone  InlineFailure = "client_gone" // the client left before there was an answer
)

func inlineFailures() []InlineFailure {
	return []InlineFailure{InlineUnreachable, InlineTimeout, InlineBroken, InlineCut, InlineTooLarge, InlineBadBody, InlineClientSlow, InlineClientGone}
}

// InlineFailures counts what the inline proxy could not hand on.
type InlineFailures struct {
	by map[InlineFailure]prometheus.Counter
}

func newInline() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_inline_failures_total", Help: "Requests that easyauth proxy could not hand on to an application and back, by reason (unreachable, timeout, broken, cut, too_large, bad_body, client_slow, client_gone).",
	}, []string{"reason"})
}

// InlineFailures returns the counters of a process that is the proxy itself, and shows them.
func (m *Metrics) InlineFailures() *InlineFailures {
	if m == nil {
		return nil
	}
	f := &InlineFailures{by: map[InlineFailure]prometheus.Counter{}}
	for _, reason := range inlineFailures() {
		f.by[reason] = m.inline.WithLabelValues(string(reason))
	}
	return f
}

// Count counts one. A nil *InlineFailures counts nothing.
func (f *InlineFailures) Count(reason InlineFailure) {
	if f != nil {
		f.by[reason].Inc()
	}
}
