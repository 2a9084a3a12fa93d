package proxies

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The programs, by the folders of their modules, and the package that each is made of.
const (
	Caddy   = "caddy"
	Traefik = "traefik"
)

func packages() map[string]string {
	return map[string]string{
		Caddy:   "github.com/caddyserver/caddy/v2/cmd/caddy",
		Traefik: "github.com/traefik/traefik/v3/cmd/traefik",
	}
}

// Program returns the file of a proxy. If the cache folder has none that was built of this module by this Go, it is
// built, which is said on log first.
func Program(ctx context.Context, name string, log io.Writer) (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder = filepath.Join(folder, "easyauth")
	key, err := key(module(name))
	if err != nil {
		return "", fmt.Errorf("read the module of %s: %w", name, err)
	}
	file := filepath.Join(folder, name+"-"+key)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if _, err := fmt.Fprintf(log, "missing here: %s; it is built now, which takes some minutes the first time\n", name); err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	if err := build(ctx, name, file); err != nil {
		return "", err
	}
	return file, forget(folder, name, file)
}

// build compiles a program beside its place, and moves it there: nobody sees half of it.
func build(ctx context.Context, name, file string) error {
	dir, err := os.MkdirTemp(filepath.Dir(file), "new.")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is a program that nobody looks for
	built := filepath.Join(dir, name)
	// Two compilers at a time: some packages take much memory. Flags and target of the caller are for other things.
	cmd := exec.CommandContext(ctx, "go", "build", "-p", "2", "-race=false", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w",
		"-o", built, packages()[name])
	cmd.Dir = module(name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOOS=", "GOARCH=", "GODEBUG=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", name, err, text)
	}
	return os.Rename(built, file)
}

// forget removes what was built before of other versions.
func forget(folder, name, file string) error {
	old, err := filepath.Glob(filepath.Join(folder, name+"-*"))
	if err != nil {
		return err
	}
	for _, other := range old {
		if other != file {
			if err := os.Remove(other); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
	}
	return nil
}

// module is the folder of a program's module, of which it is built.
func module(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), name)
}

// key names what a program is built of and with.
func key(folder string) (string, error) {
	sum := sha256.New()
	parts := []string{runtime.Version(), runtime.GOARCH}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // of the repository
		parts = append(parts, strings.TrimPrefix(path, folder), string(text))
		return err
	})
	for _, part := range parts {
		_, _ = fmt.Fprintf(sum, "%d %s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], err
}
