package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
)

// report writes a run as Markdown, which can be read as it is too.
func report(out io.Writer, r *record, l *load, p *plan, wrong []string) error {
	var b strings.Builder
	b.WriteString("| | " + strings.Join(headings(), " | ") + " |\n|---|" + strings.Repeat("---:|", len(headings())) + "\n")
	moments := r.moments()
	row := func(what string, of func(sample) string) {
		b.WriteString("| " + what)
		for _, s := range moments {
			b.WriteString(" | " + of(s))
		}
		b.WriteString(" |\n")
	}
	row("time", func(s sample) string { return short(s.at) })
	row("requests", func(s sample) string { return thousands(s.sent) })
	row("memory (RSS)", func(s sample) string { return mb(s.rss) })
	row("memory without files", func(s sample) string { return mb(s.anon) })
	row("Go heap with garbage", func(s sample) string { return mb(s.heap) })
	row("of it in use", func(s sample) string { return mb(s.live) })
	row("goroutines", func(s sample) string { return fmt.Sprintf("%.0f", s.goroutines) })
	row("open files", func(s sample) string { return fmt.Sprintf("%.0f", s.files) })
	row("series of metrics", func(s sample) string { return fmt.Sprintf("%.0f", s.series) })
	for _, name := range slices.Sorted(maps.Keys(r.after.caches)) {
		row("cache "+name, func(s sample) string {
			c := s.caches[name]
			return fmt.Sprintf("%.2f of %s, %s", c.bytes/(1<<20), mb(c.limit), thousands(int64(c.entries)))
		})
	}
	b.WriteString("\n")
	r.sentences(&b, l, p)
	b.WriteString("\n| requests | how many | answer |\n|---|---:|---|\n")
	for i := range l.kinds {
		k := &l.kinds[i]
		fmt.Fprintf(&b, "| %s | %s | %s |\n", k.name, thousands(l.sent[i].Load()), strings.Trim(fmt.Sprint(k.want), "[]"))
	}
	b.WriteString("\n")
	if len(wrong) == 0 {
		b.WriteString("Bounded: nothing grew.\n")
	}
	for _, w := range wrong {
		b.WriteString("Wrong: " + w + ".\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func headings() []string {
	return []string{"at first", "caches full", "a quarter", "half", "three quarters", "the end", "clients gone"}
}

// moments are the samples of the headings.
func (r *record) moments() []sample {
	last := len(r.samples) - 1
	warm := min(r.warm, last)
	at := func(part int) sample { return r.samples[warm+(last-warm)*part/4] }
	return []sample{r.before, at(0), at(1), at(2), at(3), at(4), r.after}
}

// sentences say what no column holds.
func (r *record) sentences(b *strings.Builder, l *load, p *plan) {
	last := r.samples[len(r.samples)-1]
	most := slices.MaxFunc(r.samples, func(a, b sample) int { return int(a.rss - b.rss) })
	fmt.Fprintf(b, "- %s requests in %s (%s a second; an hour has %s at %d a second), on %d processors that the server shares with its clients.\n",
		thousands(last.sent), short(last.at), thousands(int64(float64(last.sent)/last.at.Seconds())), thousands(hour), perSecond, runtime.NumCPU())
	fmt.Fprintf(b, "- %d clients keep their connection and %d do not; %s went before their answer; %s slow ones were cut off.\n",
		p.crowd.keeping, p.crowd.opening, thousands(l.left.Load()), thousands(l.slow.Load()))
	fmt.Fprintf(b, "- Most memory at any time: %s; what was configured allows %s.\n", mb(most.rss), mb(p.limits.ceiling))
	for _, name := range p.limits.caches {
		fmt.Fprintf(b, "- The cache %s was offered %.0f times what it holds.\n", name, r.turnover(name))
	}
	for _, name := range p.limits.passing {
		fmt.Fprintf(b, "- The cache %s was offered %.0f times the most that it held; what is in it leaves after a moment.\n", name, r.turnover(name))
	}
	if measured := r.samples[min(r.warm, len(r.samples)):]; len(measured) >= fewest {
		for _, g := range growths(measured) {
			fmt.Fprintf(b, "- %s of %s: %s early, %s late.\n", capital(strings.TrimPrefix(g.by, "the ")), g.what, g.show(g.early), g.show(g.late))
		}
	}
	fmt.Fprintf(b, "- Keys were fetched %d times for %s tokens of unknown keys; %d of %s made-up codes went to the provider.\n",
		r.provider.keys, thousands(r.provider.unknown), r.provider.redeemed, thousands(r.provider.codes))
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
