package logs

import (
	"regexp"
	"slices"
	"strings"
)

// Row is one row of a table of a document: its cells, as they are written.
type Row []string

// Code are the texts of a cell that are set as code.
func (r Row) Code(cell int) []string {
	var out []string
	for _, m := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(r[cell], -1) {
		out = append(out, m[1])
	}
	return out
}

// Tables returns the rows of all tables of a text whose first heading is first, without
// their headings.
func Tables(text, first string) []Row {
	var rows []Row
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			inside = false
		case strings.HasPrefix(line, "| "+first+" |"):
			inside = true
		case inside && !strings.HasPrefix(line, "|--"):
			var row Row
			for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
				row = append(row, strings.TrimSpace(cell))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// Entry is what docs/logs.md says of one kind of line.
type Entry struct {
	Message string // … stands for any text
	Levels  []string
	Keys    []string

	form *regexp.Regexp
}

// Describes reports whether an entry is about lines with this message.
func (e *Entry) Describes(message string) bool { return e.form.MatchString(message) }

// Entries reads the tables of lines of docs/logs.md.
func Entries(text string) []*Entry {
	var out []*Entry
	for _, row := range Tables(text, "Message") {
		e := &Entry{Message: row.Code(0)[0], Levels: strings.Split(row[1], ", "), Keys: row.Code(2)}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(e.Message), "…", ".*")
		e.form = regexp.MustCompile(`(?s)^` + pattern + `$`)
		out = append(out, e)
	}
	return out
}

// Complaint says how a line is not as docs/logs.md says; "" if it is as one of the rows
// that describe it.
func Complaint(entries []*Entry, message, level string, keys []string) string {
	complaint := "no row describes it"
	for _, e := range entries {
		if !e.Describes(message) {
			continue
		}
		if complaint = e.complaint(level, keys); complaint == "" {
			return ""
		}
	}
	return complaint
}

func (e *Entry) complaint(level string, keys []string) string {
	if level != "" && !slices.Contains(e.Levels, level) {
		return "level " + level + " is not in its row"
	}
	for _, key := range keys {
		if !slices.Contains(e.Keys, key) && key != "request_id" && key != "trace_id" { // of any line that a request causes
			return "key " + key + " is not in its row"
		}
	}
	return ""
}
