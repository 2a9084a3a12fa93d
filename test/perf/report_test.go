package main

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

// measured is a report with every table.
func measured() report {
	r := report{
		settings:      settings{rounds: 3, duration: time.Second, distinctTickets: 100_000, distinctTokens: 4000},
		circumstances: circumstances{date: "2026-01-02", commit: "abc1234", goVersion: "1.26", kernel: "6.1", cpu: "A CPU <fast> & wide", cores: 2, nginx: "1.22.1", wrk: "4.1.0"},
		steps:         []step{{pkg: "authserver/seal", name: "Open/a|b_c", ns: []float64{1200, 1300, 1400}, bytes: []float64{2688}, allocs: []float64{1}}},
	}
	for i, s := range scenarios() {
		one := withRatios(s, 0.9+float64(i)/10, 1+float64(i)/10, 1.1+float64(i)/10)
		one.before, one.after, one.asked, one.held = 21_000_000, 63_500_000, 250_000, 4_200
		r.results = append(r.results, one)
	}
	for _, c := range checks() {
		p := proxied{side: side{figures{requests: 1000, elapsed: time.Second, p50: time.Millisecond, p99: 3 * time.Millisecond}, 20 * time.Millisecond}, easyauth: 61.25}
		r.passages = append(r.passages, passage{check: c, rounds: []proxied{p, p, p}})
	}
	return r
}

func TestMarkdown(t *testing.T) {
	text := measured().markdown()
	for _, want := range []string{
		"2026-01-02, commit abc1234, Go 1.26, Linux 6.1, A CPU <fast> & wide, 2 cores, nginx 1.22.1, wrk 4.1.0.",
		"| a ticket seen before | kept | ≤ 1.05 | 0.950 | 1.000 | **met** |",
		"| no cookie | kept | ≤ 1.15 | 1.350 | 1.400 | **missed** |",
		"| a ticket seen before | kept | 50.0 | 50.0 | 0.950 | 1.000 | 2,000 | 1,000 |",
		"after the start, before the first request | 21.0 |",
		"\nTickets not seen before: 100,000 in rotation.", "Bearer tokens not seen before: 4,000 in rotation",
		"| after 250,000 questions, connections kept, with 100,000 different tickets; the cache holds 4,200 | 63.5 |",
		"| after 250,000 questions, connections kept, with 100,000 different tickets, each twice in a row; the cache holds 4,200 | 63.5 |",
		"| no auth_request | 1,000 | 20.0 | – | 1.00 | 3.00 |",
		"(nginx's default) | 1,000 | 20.0 | 61.2 | 1.00 | 3.00 |",
		`| authserver/seal | Open/a\|b c | 1,300 | 2,688 | 1 |`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if got := strings.Count(text, "\n| after 250,000 questions"); got != 3 { // over both kinds of connections, and each twice
		t.Errorf("%d rows of memory, want those of EasyAuth's defaults alone", got)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") != strings.HasSuffix(line, "|\n") {
			t.Errorf("a row without its end: %q", line)
		}
	}
}

// Each part can be measured alone; what was not has no table.
func TestMarkdownOfAPart(t *testing.T) {
	whole := measured()
	parts := map[string]report{
		"## All questions": {results: whole.results}, "## Through nginx": {passages: whole.passages}, "## Steps": {steps: whole.steps},
	}
	for heading, r := range parts {
		text := r.markdown()
		for other := range parts {
			if strings.Contains(text, other) != (other == heading) {
				t.Errorf("of %s: %s is there: %v", heading, other, other != heading)
			}
		}
	}
}

func TestPlot(t *testing.T) {
	r := measured()
	text := r.plot()
	boxes, targets := 0, 0
	for in := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range element.Attr {
			if a.Name.Local == "class" && strings.HasPrefix(a.Value, "box") {
				boxes++
			}
			if a.Name.Local == "class" && a.Value == "target" {
				targets++
			}
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Errorf("%s=%q", a.Name.Local, a.Value)
			}
		}
	}
	for _, name := range regexp.MustCompile(`class="name"[^>]*>([^<]*)<`).FindAllStringSubmatch(text, -1) {
		if len(name[1]) > 45 {
			t.Errorf("%q has no room before the axis", name[1])
		}
	}
	if legend := 1; boxes != len(r.results) || targets != 7+legend {
		t.Errorf("%d boxes, %d targets", boxes, targets)
	}
	if found := regexp.MustCompile(`https?://[^"]*`).FindAllString(text, -1); len(found) != 1 {
		t.Errorf("addresses besides the namespace: %q", found)
	}
}
