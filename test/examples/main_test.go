// Package examples runs what stands in the folder examples: manifests are decoded, and made into the
// configuration of a real nginx; applications and scripts are started by the commands of their README. So are
// the commands of docs/tokens.md, which need the same parts. It tests EasyAuth only as far as the examples
// promise something; test/e2e does the rest.
package examples

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// root is the repository, seen from this package's folder.
const root = "../.."

// built are the programs that examples need. They do not change once TestMain has run.
var built *stand.Binaries

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "easyauth-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	if built, err = stand.Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
