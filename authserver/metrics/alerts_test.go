package metrics_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// gathered is the value of every counter, and the count of every histogram, by its series with sorted labels.
func gathered(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			series := func(name string) string { return name + "{" + strings.Join(labels, ",") + "}" }
			if h := m.GetHistogram(); h != nil {
				all[series(family.GetName()+"_bucket")], all[series(family.GetName()+"_count")] = float64(h.GetSampleCount()), float64(h.GetSampleCount())
				continue
			}
			all[series(family.GetName())] = m.GetCounter().GetValue()
		}
	}
	return all
}

// selector is one of the alerts: a name, and what it wants of labels.
type selector struct {
	name     string
	matchers [][3]string // label, operator, value
}

// rising are the selectors whose rise an alert waits for, or the dashboard shows.
func rising(t *testing.T) []selector {
	t.Helper()
	var all []selector
	for file, least := range map[string]int{"alerts.yaml": 20, "dashboard.json": 30} {
		b, err := os.ReadFile("../../charts/easyauth/files/" + file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(b), `\"`, `"`)
		found := regexp.MustCompile(`\b(?:increase|rate)\((\w+)(?:\{([^}]*)\})?\[`).FindAllStringSubmatch(text, -1)
		if len(found) < least || len(found) != strings.Count(text, "rate(")+strings.Count(text, "increase(") {
			t.Fatalf("%s: only %d selectors are understood", file, len(found))
		}
		for _, match := range found {
			s := selector{name: match[1]}
			for _, m := range regexp.MustCompile(`(\w+)(=~|!~|!=|=)"([^"$]*)"`).FindAllStringSubmatch(match[2], -1) {
				s.matchers = append(s.matchers, [3]string{m[1], m[2], m[3]})
			}
			all = append(all, s)
		}
	}
	return all
}

// wanted are the sets of labels of which a series must be there for each: every value that the alert names.
func (s selector) wanted() [][]string {
	sets := [][]string{nil}
	for _, m := range s.matchers {
		if m[1] != "=" && m[1] != "=~" {
			continue
		}
		var longer [][]string
		for _, value := range strings.Split(m[2], "|") {
			for _, set := range sets {
				longer = append(longer, append(slices.Clone(set), m[0]+`="`+value+`"`))
			}
		}
		sets = longer
	}
	return sets
}

// running has told of all that a server with every feature tells of when it starts.
func running() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	m.Duration(metrics.EndpointAuth)
	for _, target := range []metrics.Target{
		metrics.TargetDiscovery, metrics.TargetKeys, metrics.TargetToken, metrics.TargetGraphQueries, metrics.TargetGraphGroups,
		metrics.TargetGraphNames, metrics.TargetGraphApp, metrics.TargetGraphLogo,
	} {
		m.Remote(target)
	}
	m.Stores("get", "append")
	m.LookUps(metrics.CacheTickets)
	m.Assertions()
	m.InlineFailures()
	m.Keys(func() []metrics.Key { return []metrics.Key{{ID: "0a1b2c3d", State: metrics.KeySealing}} })
	return reg
}

// To Prometheus a counter that appears with a 1 has not risen: what an alert waits for, or the dashboard shows, is there
// with a 0 from the start. With every feature these are some hundred series.
func TestAlertsSeeTheFirst(t *testing.T) {
	series := gathered(t, running())
	for _, s := range rising(t) {
		for _, labels := range s.wanted() {
			if !there(series, s.name, labels) {
				t.Errorf("%s%v is not there before it happens", s.name, labels)
			}
		}
	}
	if there(series, "easyauth_decisions_total", []string{`reason="never"`}) || there(series, "easyauth_decisions", nil) {
		t.Error("everything is there")
	}
	ours := 0
	for name, value := range series {
		if strings.HasPrefix(name, "easyauth_") {
			ours++
		}
		if value != 0 && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s is %v at the start", name, value)
		}
	}
	t.Logf("%d counters and histograms at the start", ours)
	if ours < 100 || ours > 300 {
		t.Errorf("%d counters and histograms at the start", ours)
	}
}

// there reports whether a series of this name has all these labels, whose values may be patterns.
func there(series map[string]float64, name string, labels []string) bool {
	for s := range series {
		has := strings.HasPrefix(s, name+"{")
		for _, label := range labels {
			has = has && regexp.MustCompile(`[{,]`+label+`[,}]`).MatchString(s)
		}
		if has {
			return true
		}
	}
	return false
}

// EasyAuthSigninsRefused adds up all refusals of a callback: each that the document knows of is there, but those that
// belong to other steps.
func TestRefusedCallbacksAreThere(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "### `result` of `easyauth_signins_total`\n")
	table, _, _ = strings.Cut(table, "\n### ")
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(table, -1)
	if len(rows) < 40 {
		t.Fatalf("%d results", len(rows))
	}
	ofOthers := []string{"redirected", "checked_again", "asked", "ended", "ended_already", "nothing", "login_required", "bearer_refused", "loop", "cross_origin", "logout_refused", "policy_refused", "sign_in", "asked_again", "allowed"}
	series := gathered(t, running())
	for _, row := range rows {
		labels := []string{`result="` + row[1] + `"`, `step="callback"`}
		if got := there(series, "easyauth_signins_total", labels); got == slices.Contains(ofOthers, row[1]) {
			t.Errorf("%v is there: %v", labels, got)
		}
	}
}
