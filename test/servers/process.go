package servers

import (
	"context"
	"syscall"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// patience bounds every wait for a server, and is far beyond what one needs.
const patience = 60 * time.Second

// kill ends a process at once, and waits until it has. Halted ones end too.
func kill(p *process.Process) error { return p.End(syscall.SIGKILL, patience) }

// await asks again and again until ask has no error, the process has ended, or
// patience is over.
func await(ctx context.Context, p *process.Process, what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.Await(ctx, what, ask)
}

// run runs a program to its end, and returns what it wrote.
func run(ctx context.Context, c process.Command) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return process.Run(ctx, c)
}
