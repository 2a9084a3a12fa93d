package matrix

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// document is where the table stands, between these marks. The notes stand between others.
const (
	document   = "docs/proxies/matrix.md"
	tableBegin = "<!-- table: written by go test ./test/matrix -update -->"
	tableEnd   = "<!-- end of the table -->"
	notesBegin = "<!-- notes: written with the table -->"
	notesEnd   = "<!-- end of the notes -->"
)

// Tell compares rows with those of the document. With update it writes them there instead; other rows stay.
func Tell(t *testing.T, rows []Row, update bool) {
	t.Helper()
	file := filepath.Join(root(), filepath.FromSlash(document))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	told, err := merged(string(text), rows)
	switch {
	case err != nil:
		t.Fatal(err)
	case update && told != string(text):
		if err := os.WriteFile(file, []byte(told), 0o644); err != nil {
			t.Fatal(err)
		}
	case told != string(text):
		t.Errorf("%s differs from what was seen; -update writes it:\n%s", document, difference(string(text), told))
	}
}

// merged is the document with these rows and their notes.
func merged(text string, rows []Row) (string, error) {
	table, err := section(text, tableBegin, tableEnd)
	if err != nil {
		return "", err
	}
	notes, err := section(text, notesBegin, notesEnd)
	if err != nil {
		return "", err
	}
	lines := map[string]string{}
	for line := range strings.Lines(table) {
		if name := rowName(line); slices.Contains(Proxies(), name) {
			lines[name] = strings.TrimSuffix(line, "\n")
		}
	}
	var kept []string
	for line := range strings.Lines(notes) {
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			kept = append(kept, line)
		}
	}
	for _, row := range rows {
		if !slices.Contains(Proxies(), row.Name) {
			return "", fmt.Errorf("%q is no row of the table", row.Name)
		}
		if lines[row.Name], err = row.line(); err != nil {
			return "", err
		}
		kept = slices.DeleteFunc(kept, func(note string) bool { return strings.HasPrefix(note, notePrefix(row.Name)) })
		for _, c := range Columns() {
			if note := row.Notes[c]; note != "" {
				kept = append(kept, fmt.Sprintf("%s%s: %s", notePrefix(row.Name), c, note))
			}
		}
	}
	slices.SortStableFunc(kept, func(a, b string) int { return place(a) - place(b) })
	return replaced(replaced(text, tableBegin, tableEnd, written(lines)), notesBegin, notesEnd, strings.Join(append(kept, ""), "\n")), nil
}

func notePrefix(name string) string { return "- *" + name + "*, " }

// place is the number of the proxy that a note is about.
func place(note string) int {
	return slices.IndexFunc(Proxies(), func(name string) bool { return strings.HasPrefix(note, notePrefix(name)) })
}

func rowName(line string) string {
	cells := strings.Split(line, "|")
	if len(cells) < 2 {
		return ""
	}
	return strings.TrimSpace(cells[1])
}

// line is a row of the table. A cell with a note has a star.
func (r Row) line() (string, error) {
	cells := []string{"", r.Name}
	for _, c := range Columns() {
		text := r.Cells[c]
		if text == "" {
			return "", fmt.Errorf("%s has nothing to say about %s", r.Name, c)
		}
		if r.Notes[c] != "" {
			text += " \\*"
		}
		cells = append(cells, text)
	}
	return strings.TrimSpace(strings.Join(cells, " | ")) + " |", nil
}

// written is the whole table.
func written(lines map[string]string) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, c := range Columns() {
		b.WriteString(" " + string(c) + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(Columns())) + "\n")
	for _, name := range Proxies() {
		if line := lines[name]; line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// section is what stands between two marks.
func section(text, begin, end string) (string, error) {
	_, rest, found := strings.Cut(text, begin+"\n")
	inner, _, ended := strings.Cut(rest, end)
	if !found || !ended || strings.Count(text, begin) != 1 || strings.Count(text, end) != 1 {
		return "", fmt.Errorf("%s must hold %q and %q once", document, begin, end)
	}
	return inner, nil
}

func replaced(text, begin, end, inner string) string {
	before, rest, _ := strings.Cut(text, begin+"\n")
	_, after, _ := strings.Cut(rest, end)
	return before + begin + "\n" + inner + end + after
}

// difference are the lines that only one of two texts has.
func difference(was, is string) string {
	var b strings.Builder
	for _, side := range []struct{ mark, text, other string }{{"document: ", was, is}, {"seen:     ", is, was}} {
		for line := range strings.Lines(side.text) {
			if !slices.Contains(slices.Collect(strings.Lines(side.other)), line) {
				b.WriteString(side.mark + line)
			}
		}
	}
	return b.String()
}

// Whole tells what the document lacks: a row, or the text of a cell. A cell that says no, and one with a star, must
// have a note.
func Whole(text string) ([]string, error) {
	table, err := section(text, tableBegin, tableEnd)
	if err != nil {
		return nil, err
	}
	notes, err := section(text, notesBegin, notesEnd)
	if err != nil {
		return nil, err
	}
	rows := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		rows[strings.TrimSpace(cells[0])] = cells[1:]
	}
	var complaints []string
	for _, name := range Proxies() {
		cells := rows[name]
		for i, c := range Columns() {
			text := ""
			if i < len(cells) {
				text = strings.TrimSpace(cells[i])
			}
			explained := strings.Contains(notes, fmt.Sprintf("%s%s: ", notePrefix(name), c))
			switch starred := strings.HasSuffix(text, "\\*"); {
			case text == "":
				complaints = append(complaints, fmt.Sprintf("%s, %s: empty", name, c))
			case starred != explained, strings.HasPrefix(text, "no ") && !explained && text != "no answer":
				complaints = append(complaints, fmt.Sprintf("%s, %s: %q, and explained: %v", name, c, text, explained))
			}
		}
	}
	return complaints, nil
}
