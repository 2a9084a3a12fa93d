package chart

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files and the table of docs/chart.md anew")

// What the chart renders for each shape, as a whole: so that a change is seen, and read, before it is released.
func asKept(t *testing.T, r rendering) {
	text := withoutFiles(t, r.text)
	golden(t, filepath.Join("testdata", "golden", r.name+".yaml"), text)
	if again := withoutFiles(t, render(t, r.values)); again != text {
		t.Error("rendered again it differs: without a cluster nothing may be random")
	}
}

// golden compares a text with a file, or writes it there.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, got := strings.Split(read(t, file), "\n"), strings.Split(text, "\n")
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			t.Fatalf("line %d of %s differs (look at the change, then: go test ./test/chart -update)\nfile: %q\nnow:  %q", i+1, file, at(want, i), at(got, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}

// withoutFiles leaves out the alerts and the dashboard, which are files with tests of their own.
func withoutFiles(t *testing.T, text string) string {
	t.Helper()
	for file, indent := range map[string]string{"alerts.yaml": "  ", "dashboard.json": "    "} {
		var b strings.Builder
		for line := range strings.Lines(read(t, filepath.Join(folder, "files", file))) {
			b.WriteString(indent + line)
		}
		whole := strings.TrimRight(b.String(), " \n")
		text = strings.ReplaceAll(text, whole, indent+"# "+file)
	}
	return text
}
