package stand

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// Process is a program that we started.
type Process = process.Process

const patience = 30 * time.Second // for a program to be ready

// startProcess starts a program with this environment, PATH and HOME.
func startProcess(ctx context.Context, name string, env []string, program string, args ...string) (*Process, error) {
	return process.Start(ctx, process.Command{Name: name, Program: program, Args: args, Env: append([]string{"HOME=" + os.Getenv("HOME")}, env...)})
}

// waitHTTP waits until url answers with a status below 500.
func waitHTTP(ctx context.Context, p *Process, url string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.Await(ctx, url+" answers", func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close() // only the status matters
		if resp.StatusCode >= http.StatusInternalServerError {
			return errors.New(resp.Status)
		}
		return nil
	})
}

// waitTCP waits until something listens at addr.
func waitTCP(ctx context.Context, p *Process, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.Await(ctx, "it listens on "+addr, func(ctx context.Context) error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Build compiles EasyAuth and the sample application into dir. It must run
// inside the module.
func Build(ctx context.Context, dir string) (*Binaries, error) {
	const module = "github.com/easyauth-sidecar/easyauth/"
	b := &Binaries{EasyAuth: filepath.Join(dir, "easyauth"), Sample: filepath.Join(dir, "sample")}
	for out, pkg := range map[string]string{b.EasyAuth: "cmd/easyauth", b.Sample: "examples/sample"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", out, module+pkg)
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", pkg, err, text)
		}
	}
	return b, nil
}
