// Command easyauth stands beside an ingress and signs people in.
package main

import (
	"context"
	"os"
)

// version is set at link time: -ldflags "-X main.version=v1.2.3".
var version = "dev"

func main() {
	ctx, stop := untilSignal(context.Background())
	code := run(ctx, os.Args[1:], environment{
		environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, version: version,
	})
	stop()
	os.Exit(code)
}
