// Command build builds the proxies that are not built yet, and prints where they are.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/easyauth-sidecar/easyauth/test/proxies"
)

func main() {
	for _, name := range []string{proxies.Caddy, proxies.Traefik} {
		file, err := proxies.Program(context.Background(), name, os.Stderr)
		if err != nil {
			fmt.Fprintln(os.Stderr, "build:", err)
			os.Exit(1)
		}
		fmt.Println(file)
	}
}
