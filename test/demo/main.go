// Command demo runs nginx, an emulated Entra ID, EasyAuth and a sample
// application on http://localhost, until Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

func main() {
	port := flag.Int("port", 8080, "port of http://localhost; a free one when it is taken")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := demo(ctx, *port)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo runs until ctx ends and leaves nothing behind.
func demo(ctx context.Context, port int) (err error) {
	dir, err := os.MkdirTemp("", "easyauth-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Println("Building …")
	binaries, err := stand.Build(ctx, dir)
	if err != nil {
		if ctx.Err() != nil {
			return nil // Ctrl-C
		}
		return err
	}
	if taken(ctx, port) {
		fmt.Printf("Port %d is taken; using a free one.\n", port)
		port = 0
	}
	s, err := stand.Start(ctx, stand.Config{Dir: dir, Binaries: binaries, Port: port})
	if err != nil {
		if ctx.Err() != nil {
			return nil // Ctrl-C
		}
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	fmt.Printf(text, s.URL("", "/"), s.URL("", "/admin"), s.URL("", "/graph"), s.URL("", "/public"), s.URL("", "/easyauth/me"), entra.Password)
	<-ctx.Done()
	fmt.Println("\nStopping …")
	return nil
}

// taken reports whether something else may answer on localhost, by either of
// its addresses.
func taken(ctx context.Context, port int) bool {
	if port == 0 {
		return false
	}
	var d net.Dialer
	if conn, err := d.DialContext(ctx, "tcp", fmt.Sprintf("[::1]:%d", port)); err == nil {
		_ = conn.Close() // nothing was written
		return true
	}
	return !stand.Free(ctx, fmt.Sprintf("127.0.0.1:%d", port))
}

const text = `
EasyAuth stands behind nginx, in front of a sample application. Open:

  %s               needs a sign-in
  %s          needs the role Admin, which only Adele has
  %s          shows data from Microsoft Graph
  %s         is for everybody
  %s    shows who is signed in

Entra ID is an emulator. Pick a user there, or type a name and the password %q:

  adele@contoso.example     Adele Vance, roles Admin and Orders.Write
  bob@contoso.example       Bob Builder, no roles
  grace@contoso.example     Grace Hopper, role Auditor, 250 groups
  max@contoso.example       200 groups, the most that a token holds
  zoe@contoso.example       a name beyond ASCII
  nomail@contoso.example    no email, no name
  mallory@contoso.example   claims that try to smuggle

Ctrl-C stops all of it.
`
