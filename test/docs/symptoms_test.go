package docs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// symptoms are the parts of a document below its headings of the third level; those of Entra ID's numbers, and what
// stands before the first part, are none.
func symptoms(d document) []document {
	var found []document
	part := document{}
	flush := func() {
		if part.name != "" {
			found = append(found, parse(part.name, part.text))
		}
		part = document{}
	}
	numbers, code := false, false
	for line := range strings.Lines(d.text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		switch {
		case code:
			part.text += line
		case strings.HasPrefix(line, "## "):
			flush()
			numbers = strings.HasPrefix(line, "## Numbers of ")
		case strings.HasPrefix(line, "### ") && !numbers:
			flush()
			part.name = strings.TrimSpace(line[4:])
		default:
			part.text += line
		}
	}
	flush()
	return found
}

// symptomsAreShown wants every symptom to quote a line that is printed, or to name a metric.
func symptomsAreShown(d document) []string {
	var complaints []string
	for _, s := range symptoms(d) {
		line := slices.ContainsFunc(s.fence, func(b block) bool { return b.language == "json" || b.language == "text" })
		metric := slices.ContainsFunc(s.spans, func(c span) bool { return strings.HasPrefix(c.text, "easyauth_") })
		if !line && !metric {
			complaints = append(complaints, fmt.Sprintf("%s: %s: no line and no metric shows it", d.name, s.name))
		}
	}
	return complaints
}

func TestSymptomsAreShown(t *testing.T) {
	d := page(t, troubleshooting)
	report(t, symptomsAreShown(d))
	if n := len(symptoms(d)); n < 20 {
		t.Errorf("only %d symptoms", n)
	}
	for _, row := range []struct{ name, text, want string }{
		{"by a line of ours", "### It fails\n\n```json\n{\"msg\":\"x\"}\n```\n", ""},
		{"by a line of nginx", "### It fails\n\n```text\nno\n```\n", ""},
		{"by a metric", "### It fails\n\nLook at `easyauth_decisions_total`.\n", ""},
		{"by nothing", "### It fails\n\nRestart it.\n", "It fails"},
		{"by a command", "### It fails\n\n```sh\n### easyauth_x\n```\n", "It fails"},
		{"by the next one's line", "### It fails\n\n### It is slow\n\n```text\nno\n```\n", "It fails"},
		{"by the line of the part before", "```text\nno\n```\n### It fails\n", "It fails"},
		{"by the line of the next group", "### It fails\n## More\n```text\nno\n```\n", "It fails"},
		{"numbers have rows", "## Numbers of X\n### The person\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) { wantSome(t, symptomsAreShown(parse("docs/a.md", row.text)), row.want) })
	}
}
