package matrix

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Row is what was seen of a proxy.
type Row struct {
	Name  string
	Cells map[Column]string
	Notes map[Column]string
}

// outcome is what a try saw: the text of its cell, or what does not work.
type outcome struct{ cell, missing string }

func saw(format string, args ...any) outcome { return outcome{cell: fmt.Sprintf(format, args...)} }

func lacks(format string, args ...any) outcome { return outcome{missing: fmt.Sprintf(format, args...)} }

// try is one column. What must never happen it reports as an error; what merely does not work is its outcome.
type try struct {
	column Column
	run    func(t *testing.T, s *stand) outcome
}

// tries are all columns. The last one ends EasyAuth.
func tries() []try {
	return []try{
		{Refused, tryRefused},
		{SignedIn, trySignedIn},
		{DeepLink, tryDeepLink},
		{RoleRefused, tryRoleRefused},
		{StepUp, tryStepUp},
		{XHR, tryXHR},
		{Bearer, tryBearer},
		{Post, tryPost},
		{WebSocket, tryWebSocket},
		{SignOut, trySignOut},
		{Spoofing, trySpoofing},
		{AuthDown, tryAuthDown},
	}
}

// Run does all tries with each of the proxies, and returns a row for each. A row whose tries did not all succeed is
// left out: the test has failed.
func Run(t *testing.T, proxies ...Proxy) []Row {
	t.Helper()
	program := build(t)
	rows := make([]*Row, len(proxies))
	t.Run("proxies", func(t *testing.T) { // returns when the parallel ones have ended
		for i, p := range proxies {
			t.Run(p.Name, func(t *testing.T) {
				t.Parallel()
				row := p.tried(t, program)
				if !t.Failed() && len(row.Cells) == len(Columns()) { // -run may have left some out
					rows[i] = row
				}
			})
		}
	})
	var done []Row
	for _, row := range rows {
		if row != nil {
			done = append(done, *row)
		}
	}
	return done
}

// tried does all tries with one proxy.
func (p Proxy) tried(t *testing.T, program string) *Row {
	t.Helper()
	row := &Row{Name: p.Name, Cells: map[Column]string{}, Notes: map[Column]string{}}
	s := begin(t, program, p, false)
	for _, try := range tries() {
		t.Run(string(try.column), func(t *testing.T) {
			result, reason := try.run(t, s), p.Lacks[try.column]
			switch {
			case result.missing != "" && reason == "":
				t.Error(result.missing)
			case result.missing == "" && reason != "" && !t.Failed():
				t.Errorf("works (%s), and is said not to: %s", result.cell, reason)
			case reason != "":
				row.Cells[try.column], row.Notes[try.column] = "no", reason
			default:
				row.Cells[try.column] = result.cell
				if note := p.Notes[try.column]; note != "" {
					row.Notes[try.column] = note
				}
			}
		})
	}
	t.Run("header spoofing would succeed", func(t *testing.T) {
		bare := begin(t, program, p, true)
		spoofingWouldSucceed(t, bare)
		upgradesWouldArrive(t, bare)
	})
	return row
}

// root is the repository.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// build compiles EasyAuth as it is in the repository.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "easyauth")
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "build", "-o", program, "./cmd/easyauth")
	cmd.Dir = root()
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build EasyAuth: %v\n%s", err, text)
	}
	return program
}
