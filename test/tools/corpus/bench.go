package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// bench tries the inputs of one target.
type bench struct {
	directory, target string
	work, cache       string

	binary    string // the package's tests, which count what they reach
	at        string // where they run: a directory with all inputs as committed ones
	committed []input
	found     []input // beside those that are committed
}

type input struct {
	name string
	text []byte
}

// keep adds to what is committed and says how much.
func (b *bench) keep(ctx context.Context) (int, error) {
	if err := b.collect(); err != nil {
		return 0, err
	}
	if len(b.found) == 0 {
		return 0, nil
	}
	if err := b.build(ctx); err != nil {
		return 0, err
	}
	known := features{}
	seeds, err := b.seeds(ctx)
	if err != nil {
		return 0, err
	}
	for _, in := range b.committed {
		seeds = append(seeds, in.name)
	}
	for _, name := range seeds {
		reached, err := b.reach(ctx, name)
		if err != nil {
			return 0, err
		}
		known.add(reached)
	}
	reached := make(map[string]features, len(b.found))
	for _, in := range b.found {
		if reached[in.name], err = b.reach(ctx, in.name); err != nil {
			return 0, fmt.Errorf("an input in the cache fails: %w", err)
		}
	}
	chosen := choose(known, b.committed, b.found, reached)
	target := filepath.Join(b.directory, "testdata", "fuzz", b.target)
	if len(chosen) > 0 {
		if err := os.MkdirAll(target, 0o755); err != nil {
			return 0, err
		}
	}
	for _, in := range chosen {
		if err := os.WriteFile(filepath.Join(target, in.name), in.text, 0o644); err != nil {
			return 0, err
		}
	}
	return len(chosen), nil
}

// collect reads all inputs and lays them where the tests will run.
func (b *bench) collect() error {
	var err error
	if b.committed, err = inputs(filepath.Join(b.directory, "testdata", "fuzz", b.target)); err != nil {
		return err
	}
	if b.found, err = inputs(filepath.Join(b.cache, b.directory, b.target)); err != nil {
		return err
	}
	b.found = slices.DeleteFunc(b.found, func(in input) bool {
		return len(in.text) > maxInput || slices.ContainsFunc(b.committed, func(c input) bool { return c.name == in.name })
	})
	slices.SortFunc(b.found, func(x, y input) int {
		return cmp.Or(cmp.Compare(len(x.text), len(y.text)), strings.Compare(x.name, y.name))
	})
	b.found = b.found[:min(len(b.found), maxTried)]

	b.at = filepath.Join(b.work, strings.ReplaceAll(b.directory, "/", "."), b.target)
	corpus := filepath.Join(b.at, "testdata", "fuzz", b.target)
	if err := os.MkdirAll(corpus, 0o755); err != nil {
		return err
	}
	for _, in := range slices.Concat(b.committed, b.found) {
		if err := os.WriteFile(filepath.Join(corpus, in.name), in.text, 0o600); err != nil {
			return err
		}
	}
	return b.linkOthers()
}

// linkOthers makes the package's other test data known where the tests will run.
func (b *bench) linkOthers() error {
	data, err := filepath.Abs(filepath.Join(b.directory, "testdata"))
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() == "fuzz" {
			continue
		}
		if err := os.Symlink(filepath.Join(data, e.Name()), filepath.Join(b.at, "testdata", e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func inputs(directory string) ([]input, error) {
	entries, err := os.ReadDir(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []input
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(directory, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, input{e.Name(), text})
	}
	return all, nil
}

// build makes the package's test binary once for all of its targets.
func (b *bench) build(ctx context.Context) error {
	b.binary = filepath.Join(b.work, strings.ReplaceAll(b.directory, "/", ".")+".test")
	if _, err := os.Stat(b.binary); err == nil {
		return nil
	}
	// Of our own packages, what it is made of.
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.ImportPath}}{{end}}{{end}}", "./"+b.directory)
	own, err := list.Output()
	if err != nil {
		return fmt.Errorf("list what it is made of: %w", err)
	}
	packages := strings.Join(strings.Fields(string(own)), ",")
	cmd := exec.CommandContext(ctx, "go", "test", "-race=false", "-vet=off", "-c", "-cover", "-covermode=count", "-coverpkg="+packages, "-o", b.binary, "./"+b.directory)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// seeds are the names of the inputs that the target itself adds.
func (b *bench) seeds(ctx context.Context) ([]string, error) {
	out, err := b.test(ctx, "^seed#", "-test.v")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^=== RUN +[^/\s]+/(seed#\d+)$`).FindAllSubmatch(out, -1) {
		names = append(names, string(m[1]))
	}
	return names, nil
}

// reach runs one input and says what it reached.
func (b *bench) reach(ctx context.Context, name string) (features, error) {
	profile := filepath.Join(b.at, "profile")
	if _, err := b.test(ctx, "^"+regexp.QuoteMeta(name)+"$", "-test.coverprofile="+profile); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		return nil, err
	}
	return parseProfile(text)
}

// test runs those inputs of the target whose names fit.
func (b *bench) test(ctx context.Context, names string, flags ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, b.binary, append(flags, "-test.run=^"+b.target+"$/"+names)...)
	cmd.Dir = b.at
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("run %s/%s: %w\n%s", b.target, names, err, bytes.TrimSpace(out))
	}
	return out, nil
}
