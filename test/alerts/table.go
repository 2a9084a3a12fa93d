// Package alerts holds docs/metrics.md, the alert rules and the dashboard together:
// the document says which metrics, labels and values there are, and is itself compared
// with a running server elsewhere. It knows nothing of how metrics are counted.
package alerts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Metric is a row of the document's table.
type Metric struct {
	Name, Type string
	Labels     []string
}

// Document is what docs/metrics.md says.
type Document struct {
	Metrics map[string]Metric

	values map[string][]string // by metric and label; none: the label is open
}

// Read reads the document. A metric that is there twice, a label that no metric has
// and a value that is listed twice are errors.
func Read(markdown string) (*Document, error) {
	d := &Document{Metrics: map[string]Metric{}, values: map[string][]string{}}
	var section string
	for line := range strings.Lines(markdown) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			section = line
			continue
		}
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.HasPrefix(line, "|") {
			continue
		}
		quoted := codes(cells[1])
		if len(quoted) != 1 { // the head of a table
			continue
		}
		var err error
		switch {
		case strings.HasSuffix(section, "## All metrics"):
			err = d.metric(quoted[0], cells)
		case strings.HasPrefix(section, "### `"):
			err = d.value(codes(section), quoted[0])
		}
		if err != nil {
			return nil, err
		}
	}
	if len(d.Metrics) == 0 {
		return nil, errors.New("the document has no table of metrics")
	}
	return d, nil
}

func (d *Document) metric(name string, cells []string) error {
	if _, twice := d.Metrics[name]; twice || len(cells) != 6 {
		return fmt.Errorf("%s is there twice, or has not four cells", name)
	}
	kind := strings.TrimSpace(cells[2])
	if !slices.Contains([]string{"counter", "gauge", "histogram"}, kind) {
		return fmt.Errorf("%s is no %q", name, kind)
	}
	d.Metrics[name] = Metric{name, kind, codes(cells[3])}
	return nil
}

// value adds a value to the label of a heading, for each of the heading's metrics.
func (d *Document) value(heading []string, value string) error {
	label := heading[0]
	for _, name := range heading[1:] {
		if !slices.Contains(d.Metrics[name].Labels, label) {
			return fmt.Errorf("%s has no label %s", name, label)
		}
		key := name + " " + label
		if slices.Contains(d.values[key], value) {
			return fmt.Errorf("%s of %s has the value %s twice", label, name, value)
		}
		d.values[key] = append(d.values[key], value)
	}
	return nil
}

// Values are those that a label of a metric may have; none: any.
func (d *Document) Values(metric, label string) []string { return d.values[metric+" "+label] }

// codes are the parts of a text between backquotes.
func codes(text string) []string {
	var all []string
	for _, match := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}
