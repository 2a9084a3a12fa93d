package annotations

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Severity says how bad a finding is.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // it will not work
	Danger  Severity = "danger"  // it lets somebody in, or lets a client say who they are
	Warning Severity = "warning" // it may be meant so, or fails for some
)

// Finding is one thing that is wrong. Everything in it comes from the manifests and may be shown.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Line     int      `json:"line"`   // 0: there are no lines, in a cluster
	Object   string   `json:"object"` // Ingress app/shop
	Text     string   `json:"text"`   // what is wrong: one sentence
	Help     string   `json:"help"`   // what to do
}

// String is one line for a person or a program that reads compilers' output, and the help below it.
func (f Finding) String() string {
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return fmt.Sprintf("%s: %s: %s [%s] (%s)\n    %s", where, f.Severity, f.Text, f.ID, f.Object, f.Help)
}

// place is where something stands.
type place struct {
	file   string
	line   int
	object string
}

// at is a line of an Ingress; 0 is where it begins.
func (i *Ingress) at(line int) place {
	if line == 0 {
		line = i.Line
	}
	return place{i.File, line, "Ingress " + i.Title()}
}

func (c *ConfigMap) at(v Value) place {
	line := v.Line
	if line == 0 {
		line = c.Line
	}
	return place{c.File, line, "ConfigMap " + c.Title()}
}

// add records a finding, each once.
func (c *checker) add(id string, at place, format string, args ...any) {
	kind := c.kinds[id]
	f := Finding{
		ID: id, Severity: kind.Severity, File: at.file, Line: at.line, Object: at.object,
		Text: Printable(fmt.Sprintf(format, args...)), Help: kind.Do,
	}
	if kind.ID == "" { // a finding must never be lost for a slip of ours
		f.Severity, f.Help = Danger, "See docs/proxies/check.md."
	}
	if !c.seen[f] {
		c.seen[f] = true
		c.found = append(c.found, f)
	}
}

func sorted(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Text, b.Text))
	})
	return list
}

// Printable is a text of a manifest as a terminal may show it: on one line, and with a ? for every letter
// that cannot be seen.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// shown bounds a text of a manifest that goes into a sentence.
func shown(text string) string {
	const most = 120
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return Printable(text)
}
