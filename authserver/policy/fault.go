package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing that is wrong with a text of policies or a table of cases.
type Fault struct {
	Line    int    // from 1
	Where   string // such as policies.admins.allow[0].all[1]; may be empty
	Problem string // what is wrong or expected; values in it are cut to 40 bytes
}

// String is one line without control characters.
func (f Fault) String() string {
	if f.Where == "" {
		return fmt.Sprintf("line %d: %s", f.Line, f.Problem)
	}
	return fmt.Sprintf("line %d: %s: %s", f.Line, f.Where, f.Problem)
}

// Faults is everything that is wrong, by lines; at most 100, the last of which then
// says so.
type Faults []Fault

// Error gives one line a fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

const (
	maxFaults = 100
	maxShown  = 40 // bytes of a value in a fault
)

// faults collects what is wrong.
type faults struct{ list Faults }

func (f *faults) add(at *yaml.Node, where, format string, args ...any) {
	f.list = append(f.list, Fault{Line: max(at.Line, 1), Where: where, Problem: fmt.Sprintf(format, args...)})
}

// err is nil if nothing is wrong.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	out := slices.Clone(f.list)
	slices.SortStableFunc(out, func(a, b Fault) int { return a.Line - b.Line })
	if more := len(out) - maxFaults; more > 0 {
		out = append(out[:maxFaults-1], Fault{Line: out[maxFaults-1].Line, Problem: fmt.Sprintf("%d more faults from here on", more+1)})
	}
	return out
}

// shown makes a text of the file safe to show.
func shown(text string) string {
	cut := ""
	if len(text) > maxShown {
		text, cut = text[:maxShown], "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text) + cut
}
