package e2e

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	devpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeVersion and axeFetch name the file that axe-core comes in and the command
// that fetches it.
const (
	axeVersion = "4.14.1"
	axeFetch   = "test/tools/install-dependencies test"
)

// axeSource is axe-core's script. A test that needs it fails without it.
func axeSource(t *testing.T) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("axe-core is expected in the user's cache folder: %v", err)
	}
	path := filepath.Join(dir, "easyauth", "axe-core-"+axeVersion+".tgz")
	source, err := fromPackage(path, "package/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core %s is missing: %v\nthis fetches it: %s", axeVersion, err, axeFetch)
	}
	return source
}

// fromPackage reads one file of an npm package.
func fromPackage(path, name string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	plain, err := gzip.NewReader(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	for archive := tar.NewReader(plain); ; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("%s holds no %s", path, name)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		if head.Name == name {
			text, err := io.ReadAll(io.LimitReader(archive, 8<<20))
			return string(text), err
		}
	}
}

// finding is what axe-core says about one rule.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target         []string
		FailureSummary string
	}
}

func (f finding) String() string {
	s := fmt.Sprintf("%s (%s): %s", f.ID, f.Impact, f.Help)
	for _, n := range f.Nodes {
		s += fmt.Sprintf("\n  %v: %s", n.Target, n.FailureSummary)
	}
	return s
}

// findings are the rules that a page breaks, and those that axe-core could not
// decide.
type findings struct {
	Version                string
	Violations, Incomplete []finding
	Passes                 int
}

// axe runs all of axe-core's rules, those of best practice and WCAG 2.2's size
// of targets too, in a world of its own, which the page's policy does not reach.
func (b *tab) axe(source string) findings {
	b.t.Helper()
	in := b.world()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](source+";0", in)); err != nil {
		b.t.Fatalf("axe-core at %s: %v", b.url(), err)
	}
	const run = `axe.run(document, {rules: {'target-size': {enabled: true}}}).then(r =>
		({version: r.testEngine.version, violations: r.violations, incomplete: r.incomplete, passes: r.passes.length}))`
	f, err := chromedp.Run(b.ctx, chromedp.Evaluate[findings](run, in, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("axe-core at %s: %v", b.url(), err)
	}
	if f.Version != axeVersion {
		b.t.Fatalf("axe-core is %s, want %s", f.Version, axeVersion)
	}
	return f
}

// world evaluates beside the page's own scripts, of which ours have none.
func (b *tab) world() chromedp.EvaluateOption {
	b.t.Helper()
	id, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (runtime.ExecutionContextID, error) {
		tree, err := cdp.Call(ctx, target, devpage.GetFrameTree, cdp.Empty{})
		if err != nil {
			return 0, err
		}
		made, err := cdp.Call(ctx, target, devpage.CreateIsolatedWorld, devpage.CreateIsolatedWorldParams{FrameID: tree.FrameTree.Frame.ID, WorldName: "test"})
		return made.ExecutionContextID, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return func(p *runtime.EvaluateParams) { p.ContextID = id }
}

// screen is what a page is looked at on.
type screen struct {
	name          string
	width, height int64
	phone, dark   bool
	font          int64 // pixels of the browser's own size of text; 0 is 16
	scale         float64
}

// look sets the tab up as a screen, for the page that is open and all after it.
func (b *tab) look(s screen) {
	b.t.Helper()
	if s.scale == 0 {
		s.scale = 1
	}
	if s.font == 0 {
		s.font = 16
	}
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	options := []chromedp.EmulateViewportOption{chromedp.EmulateScale(s.scale)}
	if s.phone {
		options = append(options, chromedp.EmulatePortrait, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	if err := b.try(chromedp.EmulateViewport(s.width, s.height, options...), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		if err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, target, devpage.SetFontSizes, devpage.SetFontSizesParams{FontSizes: &devpage.FontSizes{Standard: s.font}}); err != nil {
			return err
		}
		_, err = cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})); err != nil {
		b.t.Fatal(err)
	}
}
