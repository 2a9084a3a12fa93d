package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// report is everything that was measured.
type report struct {
	settings
	circumstances

	results  []result
	passages []passage
	steps    []step
}

// markdown is docs/performance/results.md.
func (r report) markdown() string {
	var b strings.Builder
	b.WriteString("# Results\n\n`make bench` writes this file: do not edit it. [What is measured, and how to read it](README.md).\n\n")
	fmt.Fprintf(&b, "%s.\n", r.circumstances)
	if len(r.results) > 0 {
		fmt.Fprintf(&b, "%d rounds, %s of load on each side in a round, %d connections.\n\n", r.rounds, r.duration, wrkConnections)
		b.WriteString("![CPU time of EasyAuth by that of the bare handler, for each question](results.svg)\n")
		r.verdicts(&b)
		r.pairs(&b)
		r.memory(&b)
	}
	r.proxied(&b)
	r.stepTable(&b)
	return b.String()
}

func (r report) verdicts(b *strings.Builder) {
	t := table{head: []string{"question", "connections", "target", "lower quartile", "median", "verdict"}, left: 2}
	for _, res := range r.results {
		if res.target == 0 {
			continue
		}
		verdict := "**met**"
		if !res.met() {
			verdict = "**missed**"
		}
		t.add(res.what, res.connections(), fmt.Sprintf("≤ %.2f", res.target), ratio(lowerQuartile(res.ratios())), ratio(median(res.ratios())), verdict)
	}
	if len(t.rows) > 0 {
		b.WriteString("\n## Targets\n\nEasyAuth's CPU time per request, by the bare handler's.\n\n" + t.String())
	}
}

func (r report) pairs(b *strings.Builder) {
	t := table{head: []string{"question", "connections", "EasyAuth, µs", "bare, µs", "lower quartile", "median", "EasyAuth, requests/s", "bare, requests/s"}, left: 2}
	for _, res := range r.results {
		ours := func(number func(side) float64) float64 {
			return median(column(res.rounds, func(r round) float64 { return number(r.easyauth) }))
		}
		bare := func(number func(side) float64) float64 {
			return median(column(res.rounds, func(r round) float64 { return number(r.bare) }))
		}
		t.add(
			res.what, res.connections(), micros(ours(side.perRequest)), micros(bare(side.perRequest)), ratio(lowerQuartile(res.ratios())),
			ratio(median(res.ratios())), whole(ours(rateOf)), whole(bare(rateOf)),
		)
	}
	b.WriteString("\n## All questions\n\nCPU time per request of each server (medians), and the ratio of the two round by round.\n\n" + t.String())
	fmt.Fprintf(b, "\nTickets not seen before: %s in rotation. A ticket is put into the cache when it comes a second time while the first is\n"+
		"remembered; with those that come twice each is. How many the cache holds at the end is said under Memory.\n"+
		"Bearer tokens not seen before: %s in rotation over a cache of 1 MB, which holds a part of them. In all of these at least\n"+
		"99 %% of the look-ups were misses, by EasyAuth's own count; with those seen before as many were hits. Logged: each\n"+
		"decision is a line, through a pipe that is drained.\n", whole(float64(r.distinctTickets)), whole(float64(r.distinctTokens)))
}

func rateOf(s side) float64 { return s.rate() }

func (r report) memory(b *strings.Builder) {
	t := table{head: []string{"memory of EasyAuth", "MB"}, left: 1}
	t.add("after the start, before the first request", megabytes(r.results[0].before))
	for _, res := range r.results {
		different, comes := min(res.asked, r.distinctTickets), ""
		switch {
		case res.env != nil || res.files != nil || res.inline: // of another configuration
			continue
		case res.presents == ticketsTwice:
			different, comes = min(res.asked/2, r.distinctTickets), ", each twice in a row"
		case res.presents != ticketsUnseen:
			continue
		}
		t.add(fmt.Sprintf("after %s questions, connections %s, with %s different tickets%s; the cache holds %s",
			whole(float64(res.asked)), res.connections(), whole(float64(different)), comes, whole(float64(res.held))), megabytes(res.after))
	}
	b.WriteString("\n## Memory\n\nResident, in 10⁶ bytes.\n\n" + t.String())
}

func (r report) proxied(b *strings.Builder) {
	if len(r.passages) == 0 {
		return
	}
	t := table{head: []string{"location", "requests/s", "nginx, µs", "EasyAuth, µs", "p50, ms", "p99, ms"}, left: 1}
	for _, p := range r.passages {
		of := func(number func(proxied) float64) float64 { return median(column(p.rounds, number)) }
		ours := micros(of(func(r proxied) float64 { return r.easyauth }))
		if !p.asksEasyAuth() {
			ours = "–"
		}
		t.add(
			p.what, whole(of(func(r proxied) float64 { return r.rate() })), micros(of(func(r proxied) float64 { return r.perRequest() })),
			ours, millis(of(func(r proxied) float64 { return float64(r.p50) })), millis(of(func(r proxied) float64 { return float64(r.p99) })),
		)
	}
	b.WriteString("\n## Through nginx\n\nOne worker; the client keeps its connections; a ticket seen before. CPU time per request of nginx's worker and of\n" +
		"EasyAuth; the latency is the client's, under full load (medians of the rounds).\n\n" + t.String())
}

func (r report) stepTable(b *strings.Builder) {
	if len(r.steps) == 0 {
		return
	}
	t := table{head: []string{"package", "benchmark", "ns/op", "B/op", "allocs/op"}, left: 2}
	for _, s := range r.steps {
		t.add(s.pkg, strings.ReplaceAll(s.name, "_", " "), whole(median(s.ns)), whole(median(s.bytes)), whole(median(s.allocs)))
	}
	fmt.Fprintf(b, "\n## Steps\n\nGo benchmarks, one request after the other; medians of %d runs.\n\n%s", stepRuns, t.String())
}

func (s scenario) connections() string {
	if s.reuse {
		return "kept"
	}
	return "new each time"
}

func ratio(v float64) string { return fmt.Sprintf("%.3f", v) }

func micros(v float64) string { return fmt.Sprintf("%.1f", v) }

func millis(ns float64) string { return fmt.Sprintf("%.2f", ns/float64(time.Millisecond)) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }

// whole is a number without decimals, its thousands apart.
func whole(v float64) string {
	digits := fmt.Sprintf("%.0f", math.Abs(v))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// table is a Markdown table.
type table struct {
	head []string
	left int // so many columns are text, the others numbers
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = "---"
		if i >= t.left {
			rule[i] = "---:"
		}
	}
	line(rule)
	for _, row := range t.rows {
		for i, cell := range row {
			row[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		line(row)
	}
	return b.String()
}
