package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// standins is the program that stands in for others, under their names. It does not change once TestMain has
// run. It is built without the race detector: a page calls it some forty times.
var standins string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "easyauth-docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	standins = filepath.Join(dir, "standin")
	build := exec.CommandContext(context.Background(), "go", "build", "-race=false", "-o", standins, "./standin/run")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the stand-ins: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}
