package config

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing that is wrong: the variable, as the operator spelled it,
// and what is expected of it. The value is never in it; of a variable that names
// a file, the path is.
type Fault struct {
	Name, Expected string
	Place          string // where it is set, when that is not the environment
}

// Faults is everything that is wrong, sorted by name.
type Faults []Fault

// Error returns one line per fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = placed(fault.Name, fault.Place) + ": " + fault.Expected
	}
	return strings.Join(lines, "\n")
}

func placed(name, place string) string {
	if place == "" {
		return name
	}
	return name + " (" + place + ")"
}

// Warning is a line for the operator about a configuration that is accepted. It
// begins with the variable's name and holds no value.
type Warning string

// expected is the error of a variable's own check: what is expected, without
// the value. Nothing else that envconfig reports may be shown.
type expected string

func (e expected) Error() string { return string(e) }

func expect(format string, args ...any) error { return expected(fmt.Sprintf(format, args...)) }

// report collects what Load finds.
type report struct {
	faults   Faults
	warnings []Warning
	spelled  map[string]string // EASYAUTH_ name → the variable of others that set it
	given    map[string]bool   // names of the variables that are set, by an alias too
	places   map[string]string // EASYAUTH_ name → where in the configuration file it is set
	partial  bool              // the configuration file could not be read: what is missing may be there

	policies  string     // the configuration file, if it has policies
	upstreams *yaml.Node // of the configuration file; nil: it has none

	files map[string][sha256.Size]byte // see source
}

// note remembers what is in the file that a variable names, if others do not follow it.
func (r *report) note(name string, content []byte) {
	if slices.Contains(followed(), name) {
		return
	}
	if r.files == nil {
		r.files = make(map[string][sha256.Size]byte)
	}
	r.files[name] = sha256.Sum256(content)
}

// gave reports whether a variable is set, well or badly, so that its value is
// not its default.
func (r *report) gave(name string) bool { return r.given[name] }

// fault adds a fault of the variable with this EASYAUTH_ name.
func (r *report) fault(name, format string, args ...any) {
	r.faults = append(r.faults, Fault{r.spelling(name), fmt.Sprintf(format, args...), r.places[name]})
}

// need adds a fault of a variable unless it has one already: it may be absent,
// or look out of place, only because of that, or because of a file that could not be
// read.
func (r *report) need(name, format string, args ...any) {
	if !r.has(name) && (!r.partial || !strings.HasPrefix(format, "is required")) {
		r.fault(name, format, args...)
	}
}

// has reports whether one of these variables has a fault.
func (r *report) has(names ...string) bool {
	return slices.ContainsFunc(r.faults, func(f Fault) bool {
		return slices.ContainsFunc(names, func(name string) bool { return f.Name == r.spelling(name) })
	})
}

func (r *report) warn(name, format string, args ...any) {
	r.warnings = append(r.warnings, Warning(placed(r.spelling(name), r.places[name])+" "+fmt.Sprintf(format, args...)))
}

func (r *report) spelling(name string) string {
	if alias, ok := r.spelled[name]; ok {
		return alias
	}
	return name
}

func (r *report) sort() {
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Compare(a.Name, b.Name) })
	slices.Sort(r.warnings)
}
