package authserver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/alerts"
)

// scraped is what Prometheus reads: values by series, and types by metric.
type scraped struct {
	series map[string]float64
	types  map[string]string
	text   string
}

// scrape reads /metrics as Prometheus does.
func (k *kit) scrape() scraped {
	k.t.Helper()
	rec := httptest.NewRecorder()
	k.admin.ServeHTTP(rec, httptest.NewRequestWithContext(k.t.Context(), http.MethodGet, "/metrics", nil))
	if rec.Code != http.StatusOK {
		k.t.Fatalf("/metrics: %d", rec.Code)
	}
	s := scraped{map[string]float64{}, map[string]string{}, rec.Body.String()}
	for line := range strings.Lines(s.text) {
		line = strings.TrimSpace(line)
		if kind, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(kind, " ")
			s.types[name] = kind
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			k.t.Fatalf("%s: %v", line, err)
		}
		s.series[line[:at]] = value
	}
	return s
}

// metricOf splits a series into its metric and its labels; parts of a histogram belong
// to it.
func (s scraped) metricOf(series string) (name string, labels map[string]string) {
	name, rest, _ := strings.Cut(series, "{")
	labels = map[string]string{}
	for _, match := range regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(rest, -1) {
		labels[match[1]] = match[2]
	}
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if whole, ok := strings.CutSuffix(name, part); ok && s.types[whole] == "histogram" {
			delete(labels, "le")
			return whole, labels
		}
	}
	return name, labels
}

func readTable(t testing.TB) *alerts.Document {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	d, err := alerts.Read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// undocumented says what is in /metrics and not in the document: metrics, types, labels
// and values.
func undocumented(d *alerts.Document, s scraped) []string {
	open := map[string]*regexp.Regexp{
		"key": regexp.MustCompile(`^[0-9a-f]{8}$`), "version": regexp.MustCompile(`^test$`), "goversion": regexp.MustCompile(`^go`),
	}
	var wrong []string
	for series := range s.series {
		name, labels := s.metricOf(series)
		m, ok := d.Metrics[name]
		if !ok {
			if !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
				wrong = append(wrong, name+" is not in the document")
			}
			continue
		}
		if s.types[name] != m.Type || len(labels) != len(m.Labels) {
			wrong = append(wrong, fmt.Sprintf("%s is a %s with the labels %v, documented as a %s with %v", name, s.types[name], labels, m.Type, m.Labels))
		}
		for label, value := range labels {
			known := slices.Contains(d.Values(name, label), value)
			if pattern := open[label]; pattern != nil && len(d.Values(name, label)) == 0 {
				known = pattern.MatchString(value)
			}
			if !slices.Contains(m.Labels, label) || !known {
				wrong = append(wrong, fmt.Sprintf("%s: the value %q of %s is not in the document", name, value, label))
			}
		}
	}
	return wrong
}
