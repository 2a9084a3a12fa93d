// Command run stands in for the program under whose name it is called.
package main

import (
	"os"
	"path/filepath"

	"github.com/easyauth-sidecar/easyauth/test/docs/standin"
)

func main() {
	os.Exit(standin.Run(filepath.Base(os.Args[0]), os.Args[1:], os.Stdout, os.Stderr))
}
