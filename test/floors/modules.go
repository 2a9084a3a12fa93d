package floors

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// requirements is what go.mod says, as go mod edit -json prints it.
type requirements struct {
	Require []struct{ Path string }
	Replace []struct{ Old, New struct{ Path string } }
}

func readRequirements(ctx context.Context, dir string) (requirements, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "edit", "-json")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return requirements{}, fmt.Errorf("read go.mod: %w", err)
	}
	var r requirements
	if err := json.Unmarshal(out, &r); err != nil {
		return requirements{}, fmt.Errorf("read go.mod's JSON: %w", err)
	}
	return r, nil
}

// modulesArePublic wants everything in go.mod and go.sum to be there for everybody who clones the
// repository: nothing replaced, no module on a private host.
func modulesArePublic(r requirements, sums string) []string {
	var complaints []string
	for _, replaced := range r.Replace {
		complaints = append(complaints, fmt.Sprintf("go.mod replaces %s by %s", replaced.Old.Path, replaced.New.Path))
	}
	for _, required := range r.Require {
		if !publicHost(host(required.Path)) {
			complaints = append(complaints, fmt.Sprintf("go.mod requires %s, which is on no public host", required.Path))
		}
	}
	for line := range strings.Lines(sums) {
		module, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if module != "" && !publicHost(host(module)) {
			complaints = append(complaints, fmt.Sprintf("go.sum names %s, which is on no public host", module))
		}
	}
	return slices.Compact(complaints)
}

// host is a module path's first element.
func host(modulePath string) string {
	name, _, _ := strings.Cut(modulePath, "/")
	return strings.ToLower(name)
}

// publicHost reports whether a name can be one of the public internet: labels with dots between, no
// address, no port, no name that is reserved or customary for private networks.
func publicHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	if !regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$`).MatchString(name) {
		return false
	}
	private := []string{
		"alt", "arpa", "corp", "example", "home", "internal", "intra", "intranet", "invalid", "lan", "local",
		"localdomain", "localhost", "onion", "private", "test",
	}
	return !slices.Contains(private, name[strings.LastIndexByte(name, '.')+1:])
}
