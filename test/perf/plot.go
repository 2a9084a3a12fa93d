package main

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

//go:embed plot.css
var plotStyle string

// Measures of the plot, in SVG units.
const (
	plotWidth   = 960
	plotLeft    = 360 // of the axis; the names are before it
	plotRight   = 880
	plotTop     = 120
	plotRow     = 34
	plotTickGap = 36
	plotBottom  = 62 // below the last row

	whiskerLow, whiskerHigh = 0.05, 0.95
)

// plot is docs/performance/results.svg: for each scenario the ratios of its rounds
// as a box (quartiles and median) with whiskers (nine rounds of ten), and its target.
type plot struct {
	low, high float64 // of the axis, which is logarithmic
	results   []result
	b         strings.Builder
}

func (r report) plot() string {
	p := &plot{low: 0.8, high: 2, results: r.results}
	for _, res := range r.results {
		p.low, p.high = min(p.low, quantile(res.ratios(), whiskerLow)), max(p.high, quantile(res.ratios(), whiskerHigh), res.target)
	}
	p.low, p.high = p.low/1.05, p.high*1.05
	height := plotTop + plotRow*len(r.results) + plotBottom
	fmt.Fprintf(&p.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="title desc">`+"\n", plotWidth, height)
	p.b.WriteString("<title id=\"title\">CPU time per request of EasyAuth, by that of a bare handler</title>\n" +
		"<desc id=\"desc\">A box for each question: the quartiles and the median of the ratio over all rounds. The same numbers are in the tables of results.md.</desc>\n")
	p.b.WriteString("<style>\n" + plotStyle + "</style>\n")
	fmt.Fprintf(&p.b, `<rect class="back" width="%d" height="%d" rx="8"/>`+"\n", plotWidth, height)
	p.text(24, 34, "title", "CPU time per request of EasyAuth, by that of a bare net/http + chi handler")
	p.text(24, 56, "note", "Less is better; 1 is as cheap as the bare handler. Box: quartiles and median of the rounds; whiskers: nine rounds of ten.")
	p.text(24, 74, "note", "kept: connections are used again; new: one for each request.")
	p.text(plotWidth-24, plotTop-18, "value", "median")
	p.axis(height)
	for i, res := range r.results {
		p.row(plotTop+plotRow*i+plotRow/2, res)
	}
	p.b.WriteString("</svg>\n")
	return p.b.String()
}

// x is where a ratio is on the axis.
func (p *plot) x(ratio float64) float64 {
	share := math.Log(ratio/p.low) / math.Log(p.high/p.low)
	return plotLeft + share*(plotRight-plotLeft)
}

func (p *plot) axis(height int) {
	bottom := height - plotBottom + 6
	last := 0.0
	for _, tick := range []float64{0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32} {
		if tick < p.low || tick > p.high || (tick != 1 && p.x(tick)-last < plotTickGap) {
			continue
		}
		last = p.x(tick)
		class := "grid"
		if tick == 1 {
			class = "one"
		}
		p.line(class, p.x(tick), plotTop-10, p.x(tick), float64(bottom))
		p.text(p.x(tick), float64(bottom)+17, "tick", fmt.Sprint(tick))
	}
	p.text((plotLeft+plotRight)/2, float64(bottom)+40, "tick", "ratio of CPU time per request (logarithmic)")
	p.line("target", 26, float64(bottom)+29, 26, float64(bottom)+43)
	p.text(36, float64(bottom)+40, "note", "target; a red box misses it")
}

func (p *plot) row(y int, res result) {
	at := float64(y)
	name := res.what
	if !res.control {
		name += map[bool]string{true: " (kept)", false: " (new)"}[res.reuse]
	}
	p.text(plotLeft-14, at+4, "name", name)
	q := func(share float64) float64 { return p.x(quantile(res.ratios(), share)) }
	p.line("whisker", q(whiskerLow), at, q(whiskerHigh), at)
	class := "box"
	if !res.met() {
		class = "box over"
	}
	fmt.Fprintf(&p.b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="14" rx="2"/>`+"\n", class, q(0.25), at-7, max(q(0.75)-q(0.25), 2))
	p.line("median", q(0.5), at-7, q(0.5), at+7)
	if res.target > 0 {
		p.line("target", p.x(res.target), at-12, p.x(res.target), at+12)
	}
	p.text(plotWidth-24, at+4, "value", ratio(median(res.ratios())))
}

func (p *plot) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&p.b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

func (p *plot) text(x, y float64, class, text string) {
	fmt.Fprintf(&p.b, `<text class="%s" x="%.1f" y="%.1f">`, class, x, y)
	_ = xml.EscapeText(&p.b, []byte(text)) // a Builder takes everything
	p.b.WriteString("</text>\n")
}
