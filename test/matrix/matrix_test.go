package matrix

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// TestMatrix does all tries with the proxies that Debian has, with stand-ins for Envoy, and with EasyAuth's own.
//
//	go test ./test/matrix -update
func TestMatrix(t *testing.T) {
	t.Parallel()
	rows := Run(t, nginx(), haproxy(), caddy(), envoyHTTP(t), envoyGRPC(t), inline())
	Tell(t, rows, *update)
}

var update = flag.Bool("update", false, "write what was seen into docs/proxies/matrix.md")

// Every proxy has its row, those of test/proxies too, and no cell is empty or unexplained.
func TestMatrixIsWhole(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(), filepath.FromSlash(document)))
	if err != nil {
		t.Fatal(err)
	}
	complaints, err := Whole(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range complaints {
		t.Error(c)
	}
}

func TestPathsOfTwoReadings(t *testing.T) {
	t.Parallel()
	RefusesPathsOfTwoReadings(t, nginx(), haproxy(), caddy(), envoyHTTP(t), envoyGRPC(t), inline())
}
