package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Ports come in blocks from below the range that systems take for outgoing
// connections, so that a server that was killed finds its own again. The blocks
// are those of package stand.
const (
	lowestPort  = 15000
	portBlock   = 16
	portBlocks  = 1000
	blockChoice = 200 // blocks to try
)

// claimPorts finds n ports for this test alone. It listens on the first one of a
// block until the test ends: nobody who claims in the same way then takes one of
// the others, although they stay free until a server is started.
func claimPorts(t testing.TB, n int) []int {
	t.Helper()
	if n >= portBlock {
		t.Fatalf("find free ports: %d are too many", n)
	}
	var last error
	for range blockChoice {
		first := lowestPort + portBlock*rand.IntN(portBlocks)
		claim, err := listen(t.Context(), first)
		if err != nil {
			last = err
			continue
		}
		ports, err := freePorts(t.Context(), first+1, n)
		if err == nil {
			t.Cleanup(func() { _ = claim.Close() }) // nothing was written to it
			return ports
		}
		last = errors.Join(err, claim.Close())
	}
	t.Fatalf("find free ports: %v", last)
	return nil
}

// freePorts returns the n ports from first on, if nobody listens on any.
func freePorts(ctx context.Context, first, n int) ([]int, error) {
	var ports []int
	for port := first; port < first+n; port++ {
		l, err := listen(ctx, port)
		if err != nil {
			return nil, err
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", address(port))
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
