package translate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Note is one line of the report.
type Note struct {
	File    string // "": about the target as a whole
	Line    int
	Object  string // namespace/name
	Subject string // an annotation, a host with a path; "" for the object itself
	Text    string
	Refused bool // the object was not written, for this
}

// String writes a note as compilers do, with the file and the line in front: one line, whatever names and keys hold.
func (n Note) String() string { return plain(n.line()) }

// plain replaces what would end the line, or be an order to a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

func (n Note) line() string {
	text := n.Text
	if n.Subject != "" {
		text = n.Subject + ": " + text
	}
	if n.Refused {
		text = "refused: " + text
	}
	if n.File == "" {
		return text
	}
	return fmt.Sprintf("%s:%d: %s: %s", n.File, n.Line, n.Object, text)
}

// report sorts the notes. Those of refused objects stay: they say why, and what else would be lost.
func (p *plan) report() []Note {
	notes := slices.Clone(p.notes)
	for _, list := range p.refused {
		notes = append(notes, list...)
	}
	slices.SortStableFunc(notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(p.files[a.File], p.files[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Text, b.Text))
	})
	for _, text := range p.general {
		notes = append(notes, Note{Text: text})
	}
	return notes
}
