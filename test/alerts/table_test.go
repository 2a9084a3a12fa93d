package alerts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repository is a file of the repository.
func repository(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func documented(t *testing.T) *Document {
	t.Helper()
	d, err := Read(repository(t, "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const aTable = "## All metrics\n\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n" +
	"| `a_total` | counter | `kind`, `key` | Some `words`. |\n| `b_seconds` | histogram | | Others. |\n\n" +
	"### `kind` of `a_total`\n\n| Value | Meaning |\n|---|---|\n| `one` | `this` |\n| `two` | |\n"

func TestRead(t *testing.T) {
	d, err := Read(aTable)
	if err != nil {
		t.Fatal(err)
	}
	if a := d.Metrics["a_total"]; len(d.Metrics) != 2 || a.Type != "counter" || !slices.Equal(a.Labels, []string{"kind", "key"}) {
		t.Errorf("%+v", d.Metrics)
	}
	if got := d.Values("a_total", "kind"); !slices.Equal(got, []string{"one", "two"}) || d.Values("a_total", "key") != nil {
		t.Errorf("values %q, %q", got, d.Values("a_total", "key"))
	}
	for _, tt := range []struct{ name, old, changed, want string }{
		{"a metric twice", "`b_seconds`", "`a_total`", "a_total is there twice"},
		{"an unknown type", "histogram", "summary", "b_seconds is no"},
		{"a cell too few", "| Others. |", "|", "has not four cells"},
		{"a value twice", "`two`", "`one`", "the value one twice"},
		{"a label that the metric has not", "### `kind`", "### `sort`", "a_total has no label sort"},
		{"a metric that is not there", "of `a_total`", "of `c_total`", "c_total has no label kind"},
		{"no table", aTable, "# Some metrics", "no table of metrics"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(strings.ReplaceAll(aTable, tt.old, tt.changed))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestComplaints(t *testing.T) {
	d, err := Read(aTable)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, expr, want string }{
		{"a metric", `a_total`, ""},
		{"a rate by a label", `sum by (job, kind) (rate(a_total{kind="one"}[5m])) > 0.5`, ""},
		{"a histogram", `histogram_quantile(0.9, sum by (le) (rate(b_seconds_bucket[5m]))) and on (instance) up == 0`, ""},
		{"values by pattern", `a_total{kind=~"one|t.+"}`, ""},
		{"a variable", `a_total{kind="$kind",namespace=~"$namespace"}`, ""},
		{"an open label", `a_total{key="0a1b2c3d"}`, ""},
		{"an unknown metric", `rate(d_total[5m])`, "d_total is no metric"},
		{"a histogram as it is", `b_seconds > 1`, "b_seconds is no metric"},
		{"a part of a counter", `a_total_bucket`, "a_total_bucket is no metric"},
		{"an unknown label", `a_total{sort="one"}`, "no label sort"},
		{"grouped by an unknown label", `sum by (sort) (a_total)`, "no metric here has a label sort"},
		{"joined on an unknown label", `a_total and on (sort) a_total`, "no metric here has a label sort"},
		{"a value that is never there", `a_total{kind="three"}`, "kind of a_total is never three"},
		{"one of several values", `a_total{kind!~"one|three"}`, "kind of a_total is never three"},
		{"a broken pattern", `a_total{kind=~"one|("}`, "is never ("},
		{"no metric", `1 > 0`, "it asks for no metric"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(d.Complaints(tt.expr), "; ")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
