package main

import (
	"fmt"
	"slices"
	"time"
)

// limits say how much a server may take, and how much it may differ.
type limits struct {
	caches  []string // that there must be, and that the load must fill
	passing []string // that there must be, and that it cannot fill: what is in them leaves after a moment

	// Growth: the last fifth of the samples may exceed the second fifth by this part of
	// it and these bytes.
	part  float64
	bytes float64

	ceiling  float64 // bytes of memory at any time
	turnover float64 // how many times as much as each cache holds it must have been offered

	series float64 // more of them than when the caches were full
	rest   float64 // goroutines and files that may be left when all clients have gone
}

// offered are the caches that the load offers something new.
func (l limits) offered() []string { return slices.Concat(l.caches, l.passing) }

// record is what was seen of one run.
type record struct {
	before  sample   // ready, and nobody has asked yet
	samples []sample // under load
	warm    int      // the first of them for which all caches had been full, and every kind of request had come
	after   sample   // all clients have gone

	fresh   map[string]int64 // by cache, how many new things it was offered
	elapsed time.Duration    // since the server was started

	provider providerCalls
}

// providerCalls are the requests that the identity provider saw.
type providerCalls struct {
	keys     int
	coolDown time.Duration // between two fetches of keys
	unknown  int64         // tokens that were sent and named an unknown key

	redeemed int   // codes that it was asked to redeem
	codes    int64 // that were sent to callbacks which may be redeemed

	names     int           // requests for the names of groups
	pause     time.Duration // after one that was refused
	onlookers int           // clients that may have come at the same moment, and asked as well
	others    int           // everything else but discovery
}

// judge returns what is wrong with a run; nothing if the server is bounded.
func judge(r *record, l limits) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	wrong = append(wrong, judgeCaches(r, l)...)
	for _, s := range r.samples {
		if l.ceiling > 0 && s.rss > l.ceiling {
			complain("after %s the server took %s of memory; what it was configured with allows %s", short(s.at), mb(s.rss), mb(l.ceiling))
			break
		}
	}
	measured := r.samples[min(r.warm, len(r.samples)):]
	if len(measured) < fewest {
		return append(wrong, fmt.Sprintf("only %d samples were taken with all caches full: the run was too short to tell anything", len(measured)))
	}
	for _, g := range growths(measured) {
		if g.late > g.early+l.part*g.early+g.allowance(l) {
			complain("%s grew: %s was %s early and %s late", g.what, g.by, g.show(g.early), g.show(g.late))
		}
	}
	wrong = append(wrong, judgeSeries(r, l)...)
	if left := r.after.goroutines - r.before.goroutines; left > l.rest {
		complain("%.0f goroutines are left when all clients have gone (%.0f before, %.0f after)", left, r.before.goroutines, r.after.goroutines)
	}
	if left := r.after.files - r.before.files; left > l.rest {
		complain("%.0f open files are left when all clients have gone (%.0f before, %.0f after)", left, r.before.files, r.after.files)
	}
	return append(wrong, judgeProvider(r)...)
}

// fewest samples from which something can be told: two in each fifth.
const fewest = 10

// growth compares two parts of a run.
type growth struct {
	what        string
	by          string // which of a part's samples stands for it
	early, late float64
	count       bool // of things; else bytes
}

// otherGrowth is how many more goroutines or files than before there may be under
// the same load: how many requests are under way at once is chance.
const otherGrowth = 24

func (g growth) allowance(l limits) float64 {
	if g.count {
		return otherGrowth
	}
	return l.bytes
}

func (g growth) show(v float64) string {
	if g.count {
		return fmt.Sprintf("%.0f", v)
	}
	return mb(v)
}

// growths compares the last fifth with the second one; not the first fifth, because
// the runtime takes a while to settle.
//
// Garbage, which may be four times what is in use, is not growth. Of the heap that
// counts which the last collection found in use, and of the process, whose memory goes
// up and down with the garbage, a sample that is low.
func growths(measured []sample) []growth {
	fifth := len(measured) / 5
	early, late := measured[fifth:2*fifth], measured[len(measured)-fifth:]
	g := func(what string, part int, count bool, of func(sample) float64) growth {
		by := "the median"
		if part != 50 {
			by = fmt.Sprintf("the %dth percentile", part)
		}
		return growth{what: what, by: by, count: count, early: percentile(early, part, of), late: percentile(late, part, of)}
	}
	return []growth{
		g("the memory of the process", 20, false, func(s sample) float64 { return s.anon }),
		g("the heap in use", 50, false, func(s sample) float64 { return s.live }),
		g("the number of goroutines", 50, true, func(s sample) float64 { return s.goroutines }),
		g("the number of open files", 50, true, func(s sample) float64 { return s.files }),
	}
}

// percentile is the value that this part of the samples, in percent, is below.
func percentile(samples []sample, part int, of func(sample) float64) float64 {
	values := make([]float64, 0, len(samples))
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)*part/100]
}

// judgeCaches wants every cache to have been filled, again and again, or to have let go of
// what it held, and never to exceed its limit.
func judgeCaches(r *record, l limits) []string {
	var wrong []string
	last := r.samples[len(r.samples)-1]
	for _, name := range l.caches {
		c, found := last.caches[name]
		turnover := r.turnover(name)
		switch {
		case !found:
			wrong = append(wrong, fmt.Sprintf("the metrics say nothing of the cache %q", name))
		case !r.filled(name):
			wrong = append(wrong, fmt.Sprintf("the cache %q was never full (%s of %s at the end): the run says nothing of it", name, mb(c.bytes), mb(c.limit)))
		case turnover < l.turnover:
			wrong = append(wrong, fmt.Sprintf("the cache %q was offered only %.1f times what it holds: too little to tell that it is bounded", name, turnover))
		}
	}
	for _, name := range l.passing {
		_, found := last.caches[name]
		switch turnover := r.turnover(name); {
		case !found:
			wrong = append(wrong, fmt.Sprintf("the metrics say nothing of the cache %q", name))
		case turnover < l.turnover:
			wrong = append(wrong, fmt.Sprintf("the cache %q was offered only %.1f times the most that it held: what is in it does not leave, or the run was too short to tell", name, turnover))
		}
	}
	over := map[string]bool{}
	for _, s := range append(slices.Clone(r.samples), r.after) {
		for name, c := range s.caches {
			if c.bytes > c.limit && !over[name] {
				over[name] = true
				wrong = append(wrong, fmt.Sprintf("after %s the cache %q held %s; its limit is %s", short(s.at), name, mb(c.bytes), mb(c.limit)))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// full is the part of its limit from which on a cache counts as full: the next
// entry may be too large for what is left.
const full = 0.9

// filled reports whether a cache has been full at some time: it was seen so, or it
// holds much less than before, because one that is full may begin anew.
func (r *record) filled(cache string) bool {
	most := 0.0
	for _, s := range r.samples {
		c := s.caches[cache]
		if c.limit > 0 && (c.bytes >= full*c.limit || c.bytes < most-c.limit/4) {
			return true
		}
		most = max(most, c.bytes)
	}
	return false
}

// turnover is how many times as much as it holds a cache was offered, roughly.
func (r *record) turnover(cache string) float64 {
	most := 1.0
	for _, s := range r.samples {
		most = max(most, s.caches[cache].entries)
	}
	return float64(r.fresh[cache]) / most
}

// judgeSeries wants the labels of metrics to come from closed sets: no new ones
// appear, and none is a client's text.
func judgeSeries(r *record, l limits) []string {
	var wrong []string
	last := r.samples[len(r.samples)-1]
	if warm := r.samples[min(r.warm, len(r.samples)-1)]; last.series > warm.series+l.series {
		wrong = append(wrong, fmt.Sprintf("there were %.0f series of metrics, and are %.0f now: a label is not from a closed set", warm.series, last.series))
	}
	if last.marked != "" {
		wrong = append(wrong, fmt.Sprintf("a metric holds a text of a client: %.200q", last.marked))
	}
	return wrong
}

// judgeProvider wants the identity provider to be left alone.
func judgeProvider(r *record) []string {
	var wrong []string
	p := r.provider
	if p.coolDown > 0 {
		most := 1 + int(r.elapsed/p.coolDown)
		if p.keys > most {
			wrong = append(wrong, fmt.Sprintf("keys were fetched %d times in %s; %d times would be one per %s", p.keys, short(r.elapsed), most, short(p.coolDown)))
		}
		if p.unknown > 0 && r.elapsed > 2*p.coolDown && p.keys < 2 {
			wrong = append(wrong, fmt.Sprintf("%d tokens named an unknown key, and keys were never fetched again: they did not get that far", p.unknown))
		}
	}
	if int64(p.redeemed) > p.codes {
		wrong = append(wrong, fmt.Sprintf("the provider was asked to redeem %d codes, and %d were sent", p.redeemed, p.codes))
	}
	if p.pause > 0 && p.names > p.onlookers*(1+int(r.elapsed/p.pause)) {
		wrong = append(wrong, fmt.Sprintf("the provider was asked for names of groups %d times in %s, and had refused", p.names, short(r.elapsed)))
	}
	if p.others > 0 {
		wrong = append(wrong, fmt.Sprintf("the provider was asked %d times for something that nobody needed", p.others))
	}
	return wrong
}

func mb(bytes float64) string { return fmt.Sprintf("%.1f MB", bytes/(1<<20)) }

func short(d time.Duration) string { return d.Round(time.Second).String() }
