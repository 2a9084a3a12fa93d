package floors

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// unlinked are libraries that tests may use and the program must not hold: they would take it beyond its limits of size
// and memory. ingress/extauthz says Envoy's protocol without them.
func unlinked() []string {
	return []string{"google.golang.org/grpc", "github.com/envoyproxy/", "github.com/cncf/xds/"}
}

// linked lists all packages that the program is built from.
func linked(ctx context.Context, dir string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "./cmd/easyauth")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list what the program is built from: %w", err)
	}
	return strings.Fields(string(out)), nil
}

// theProgramHoldsNone complains about packages that begin with what is unlinked.
func theProgramHoldsNone(packages, prefixes []string) []string {
	var complaints []string
	for _, p := range packages {
		for _, prefix := range prefixes {
			if strings.HasPrefix(p, prefix) {
				complaints = append(complaints, fmt.Sprintf("the program holds %s, which is for tests alone", p))
			}
		}
	}
	return complaints
}
