package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// bill writes what a binary was made of, as CycloneDX. test/tools/sbom writes it, which is a module of its own: the
// library for the format is no business of the server's go.mod.
func (r *releaser) bill(ctx context.Context, name, sum string, modules []module) error {
	type component struct {
		Path, Version, Sum string
		Licences           []string
	}
	about := struct {
		Version, SHA256 string
		Time            time.Time
		Modules         []component
	}{Version: r.version, SHA256: sum, Time: r.modified}
	for _, m := range modules {
		about.Modules = append(about.Modules, component{m.Path, m.Version, m.Sum, m.ids()})
	}
	input, err := json.Marshal(about)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", "-C", "test/tools/sbom", "-race=false", ".")
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("write the bill of materials: %w\n%s", err, stderr.Bytes())
	}
	return os.WriteFile(filepath.Join(r.out, name), output, 0o644)
}
