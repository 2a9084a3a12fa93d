package stand

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports come in blocks from below the range that systems take for outgoing
// connections, so that a part that was stopped finds its own again.
const (
	lowestPort  = 15000
	portBlock   = 16
	portBlocks  = 1000
	blockChoice = 200 // blocks to try
)

// claimPorts finds n ports for this stand alone. It listens on the first one of
// a block until Stop: no other stand then takes one of the others, although
// they stay free until a part is started.
func (s *Stand) claimPorts(ctx context.Context, n int) ([]int, error) {
	if n >= portBlock {
		return nil, fmt.Errorf("find free ports: %d are too many", n)
	}
	var last error
	for range blockChoice {
		first := lowestPort + portBlock*rand.IntN(portBlocks)
		claim, err := listen(ctx, first)
		if err != nil {
			last = err
			continue
		}
		ports, err := freePorts(ctx, first+1, n)
		if err == nil {
			s.claim = claim
			return ports, nil
		}
		last = errors.Join(err, claim.Close())
	}
	return nil, fmt.Errorf("find free ports: %w", last)
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
	return lc.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
}
