package examples

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSampleReadme(t *testing.T) {
	t.Parallel()
	const readme = "sample/README.md"
	port := freePort(t)
	begin(t, "sample", repository(t), nil, "bash", "-c", commands(t, readme, "The commands", 1, "127.0.0.1:8081", local(port))).listens(t, port)
	out := succeeds(t, t.TempDir(), nil, commands(t, readme, "What one sees", 1, "127.0.0.1:8081", local(port)))
	if want := promised(t, readme, "What one sees", 1); out != want {
		t.Errorf("the commands print\n%q, and are said to print\n%q", out, want)
	}
}

// The sample's image copies one file: it must compile alone, without a module.
func TestSampleIsOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.go"), read(t, "sample/main.go"))
	succeeds(t, dir, []string{"GOFLAGS=", "CGO_ENABLED=0", "GOPROXY=off"}, "go build -trimpath -o sample main.go")
	if _, err := os.Stat(filepath.Join(dir, "sample")); err != nil {
		t.Error(err)
	}
}
