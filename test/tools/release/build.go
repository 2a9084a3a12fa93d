package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// releaser makes one release.
type releaser struct {
	version, out, helm string
	targets            []string

	modified time.Time // of every file in an archive: when the commit was made
}

// versionPattern matches versions of Go, Helm and images alike: no build data behind a plus.
func versionPattern() *regexp.Regexp {
	const number = `(0|[1-9][0-9]*)`
	return regexp.MustCompile(`^v` + number + `\.` + number + `\.` + number + `(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?$`)
}

// release fills the folder anew. On an error it is left with what was done, and without SHA256SUMS.
func (r *releaser) release(ctx context.Context) error {
	if !versionPattern().MatchString(r.version) {
		return fmt.Errorf("version %q is not vMAJOR.MINOR.PATCH", r.version)
	}
	for _, target := range r.targets {
		if !slices.Contains(strings.Split(released, ","), target) {
			return fmt.Errorf("%q is none of %s", target, released)
		}
	}
	var err error
	if r.modified, err = committed(ctx); err != nil {
		return err
	}
	if err := r.empty(); err != nil {
		return err
	}
	for _, target := range r.targets {
		system, machine, _ := strings.Cut(target, "/")
		if err := r.one(ctx, system, machine); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
	}
	if err := r.chart(ctx); err != nil {
		return err
	}
	return r.sums()
}

// empty makes the folder, or takes out what an earlier release left there. A folder with other things is an error.
func (r *releaser) empty() error {
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != sumsName && !strings.HasPrefix(entry.Name(), "easyauth-") {
			return fmt.Errorf("%s is no folder of releases: it holds %s", r.out, entry.Name())
		}
	}
	for _, entry := range entries {
		if err := os.Remove(filepath.Join(r.out, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// committed is SOURCE_DATE_EPOCH (seconds), or when the commit that is checked out was made.
func committed(ctx context.Context) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		output, err := exec.CommandContext(ctx, "git", "log", "-1", "--format=%ct").Output()
		if err != nil {
			return time.Time{}, fmt.Errorf("ask git for the time of the commit (SOURCE_DATE_EPOCH may say it): %w", err)
		}
		text = strings.TrimSpace(string(output))
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}, errors.New("the time of the commit is no number of seconds")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// one makes the files for one system: the binary, its archive and its bill of materials.
func (r *releaser) one(ctx context.Context, system, machine string) error {
	name := fmt.Sprintf("easyauth-%s-%s-%s", r.version, system, machine)
	inside, extension := "easyauth", ""
	if system == "windows" {
		inside, extension = "easyauth.exe", ".exe"
	}
	binary := filepath.Join(r.out, name+extension)
	if err := r.compile(ctx, system, machine, binary); err != nil {
		return err
	}
	modules, err := linked(ctx, binary)
	if err != nil {
		return err
	}
	var notices strings.Builder
	if err := writeNotices(&notices, modules); err != nil {
		return err
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	files := []file{{inside, 0o755, content}, {"THIRD-PARTY-LICENSES", 0o644, []byte(notices.String())}}
	for _, other := range []string{"LICENSE", "README.md"} {
		text, err := os.ReadFile(other)
		if err != nil {
			return err
		}
		files = append(files, file{other, 0o644, text})
	}
	write, suffix := tarball, ".tar.gz"
	if system == "windows" {
		write, suffix = zipped, ".zip"
	}
	archive, err := write(name, files, r.modified)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.out, name+suffix), archive, 0o644); err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	return r.bill(ctx, name+".cdx.json", hex.EncodeToString(sum[:]), modules)
}

// compile builds as the Dockerfile does, so that the image has the same program.
func (r *releaser) compile(ctx context.Context, system, machine, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-race=false", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X main.version="+r.version, "-o", binary, program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+machine)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}
