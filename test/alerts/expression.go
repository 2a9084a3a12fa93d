package alerts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// series is one selector of an expression.
type series struct {
	name     string
	matchers [][3]string // label, operator, value
}

// selectors finds the metrics of a PromQL expression, and the labels that it groups
// or joins by. Every name that is followed by a parenthesis is a function or an
// aggregation; words of the language are left out.
func selectors(expr string) (all []series, grouped []string) {
	grouping := regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	for _, match := range grouping.FindAllStringSubmatch(expr, -1) {
		for _, label := range strings.Split(match[1], ",") {
			if label = strings.TrimSpace(label); label != "" {
				grouped = append(grouped, label)
			}
		}
	}
	expr = grouping.ReplaceAllString(expr, " ")
	expr = regexp.MustCompile(`\[[^\]]*\]`).ReplaceAllString(expr, "") // ranges
	matcher := regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	for _, match := range regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{([^}]*)\})?`).FindAllStringSubmatch(expr, -1) {
		if match[2] == "(" || slices.Contains([]string{"and", "or", "unless", "group_left", "group_right", "bool"}, match[1]) {
			continue
		}
		s := series{name: match[1]}
		for _, m := range matcher.FindAllStringSubmatch(match[3], -1) {
			s.matchers = append(s.matchers, [3]string{m[1], m[2], m[3]})
		}
		all = append(all, s)
	}
	return all, grouped
}

// ofPrometheus are the labels that every series gets when it is scraped.
func ofPrometheus() []string { return []string{"namespace", "job", "instance"} }

// Complaints says what an expression asks for that is not in the document: metrics,
// labels, and values that a label never has. Values with a $ are variables of a
// dashboard and may be anything.
func (d *Document) Complaints(expr string) []string {
	var wrong []string
	all, grouped := selectors(expr)
	labels := append(ofPrometheus(), "le")
	if len(all) == 0 {
		wrong = append(wrong, "it asks for no metric")
	}
	for _, s := range all {
		if s.name == "up" {
			continue
		}
		m, ok := d.find(s.name)
		if !ok {
			wrong = append(wrong, s.name+" is no metric of docs/metrics.md")
			continue
		}
		labels = append(labels, m.Labels...)
		for _, matcher := range s.matchers {
			if why := d.matches(m, matcher); why != "" {
				wrong = append(wrong, why)
			}
		}
	}
	for _, label := range grouped {
		if !slices.Contains(labels, label) {
			wrong = append(wrong, "no metric here has a label "+label)
		}
	}
	return wrong
}

// find returns the metric of a series' name.
func (d *Document) find(name string) (Metric, bool) {
	if m, ok := d.Metrics[name]; ok {
		return m, m.Type != "histogram"
	}
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if m, ok := d.Metrics[strings.TrimSuffix(name, part)]; ok && strings.HasSuffix(name, part) && m.Type == "histogram" {
			return m, true
		}
	}
	return Metric{}, false
}

func (d *Document) matches(m Metric, matcher [3]string) string {
	label, operator, wanted := matcher[0], matcher[1], matcher[2]
	if slices.Contains(ofPrometheus(), label) {
		return ""
	}
	if !slices.Contains(m.Labels, label) {
		return fmt.Sprintf("%s has no label %s", m.Name, label)
	}
	values := d.Values(m.Name, label)
	if len(values) == 0 || strings.Contains(wanted, "$") {
		return ""
	}
	parts := []string{wanted}
	if operator == "=~" || operator == "!~" {
		parts = strings.Split(wanted, "|")
	}
	for _, part := range parts {
		pattern, err := regexp.Compile("^(?:" + part + ")$")
		if err != nil || !slices.ContainsFunc(values, pattern.MatchString) {
			return fmt.Sprintf("%s of %s is never %s", label, m.Name, part)
		}
	}
	return ""
}
