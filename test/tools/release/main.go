// Command release builds what a release of EasyAuth holds, and nothing that is in it tells when, where or by whom it was
// built: the same commit and version give the same files. docs/releases.md says what they are.
//
//	release -version v1.2.3 [-out bin/release] [-targets linux/amd64,…] [-helm PROGRAM]
//	release notices BINARY
//
// The second form prints the licences of the modules that a binary was built from. Both run in the repository's root,
// with the sources that the binary was built from.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

// released are the systems that a release is for: servers, and laptops for the commands.
const released = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be done
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 2 && args[0] == "notices" {
		modules, err := linked(ctx, args[1])
		if err != nil {
			return err
		}
		return writeNotices(out, modules)
	}
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	version := flags.String("version", "", "`version` of the release, vMAJOR.MINOR.PATCH, with -rc.1 or the like behind it")
	folder := flags.String("out", "bin/release", "`folder` for the files; what is in it goes")
	targets := flags.String("targets", released, "`systems` to build for, separated by commas")
	helm := flags.String("helm", builtHelm(), "Helm's `program`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("do not know what %q is for", flags.Args())
	}
	r := releaser{version: *version, out: *folder, targets: strings.Split(*targets, ","), helm: *helm}
	return r.release(ctx)
}

// builtHelm is where test/tools/install-dependencies puts Helm.
func builtHelm() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "helm"
	}
	return filepath.Join(cache, "easyauth", "helm-v3.22.0")
}
