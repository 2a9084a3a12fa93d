package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromium starts one browser for all tests that need it, when the first does.
type chromium struct {
	once sync.Once
	ctx  context.Context // chromedp's handle of it
	stop func()
	err  error
}

// theBrowser is stopped by TestMain.
var theBrowser chromium

func (c *chromium) start() {
	program, err := findChromium()
	if err != nil {
		c.err = err
		return
	}
	dir, err := os.MkdirTemp("", "easyauth-chromium-")
	if err != nil {
		c.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(dir), chromedp.DisableGPU, chromedp.IgnoreCertErrors,
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1, MAP *.example 127.0.0.1"), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	c.ctx = ctx
	c.stop = func() {
		stop()
		stopAllocator()
		for range 50 { // its children write for a moment longer
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	c.err = chromedp.Do(ctx)
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", errors.New("chromium is not installed; on Debian: apt-get install --no-install-recommends chromium")
}

// profile is a set of cookies, and the tabs that share it.
type profile struct {
	ctx context.Context // chromedp's handle of it
}

// newProfile is a browser that has no cookie yet.
func newProfile(t *testing.T) *profile {
	t.Helper()
	theBrowser.once.Do(theBrowser.start)
	if theBrowser.err != nil {
		t.Fatal(theBrowser.err)
	}
	ctx, cancel := chromedp.NewContext(theBrowser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTimeout)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &profile{ctx}
}

// tab is one tab of a profile.
type tab struct {
	t   *testing.T
	ctx context.Context // chromedp's handle of it
}

func (p *profile) tab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	t.Cleanup(cancel)
	return &tab{t, ctx}
}

// try runs steps that may be run on another goroutine than the test's.
func (b *tab) try(steps ...chromedp.Action[chromedp.Void]) error {
	return chromedp.Do(b.ctx, steps...)
}

// open opens a page and returns the status of the document at the end of all redirects.
func (b *tab) open(url string) int {
	b.t.Helper()
	resp, err := chromedp.Run(b.ctx, chromedp.NavigateResponse(url))
	if err != nil {
		b.t.Fatalf("open %s: %v", url, err)
	}
	return int(resp.Status)
}

// click clicks and waits for the page that it leads to.
func (b *tab) click(selector string) int {
	b.t.Helper()
	resp, err := b.tryClick(selector)
	if err != nil {
		b.t.Fatalf("click %s at %s: %v", selector, b.url(), err)
	}
	return resp
}

func (b *tab) tryClick(selector string) (int, error) {
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	if err != nil {
		return 0, err
	}
	return int(resp.Status), nil
}

func (b *tab) url() string {
	url, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return url
}

// js evaluates an expression of a string.
func (b *tab) js(expression string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		b.t.Fatalf("%s at %s: %v", expression, b.url(), err)
	}
	return s
}

// text is the text of the first element of a selector, "" when there is none.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return b.js(`(document.querySelector(` + quote(selector) + `) || {textContent: ""}).textContent`)
}

func (b *tab) body() string { return b.js(`document.body.innerText`) }

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `\'`) + "'" }

// step is the name of the emulator's page, "" on any other.
func (b *tab) step() (string, error) {
	return chromedp.Run(b.ctx, chromedp.Evaluate[string](`((document.querySelector("main[data-step]") || {dataset: {}}).dataset.step) || ""`))
}

// signIn goes through the emulator's pages as a user and returns the status of
// the page after them.
func (b *tab) signIn(user string) (status int, err error) {
	for range 6 {
		step, err := b.step()
		if err != nil || step == "" {
			return status, err
		}
		button := "#" + step
		if step == "pick" {
			button = "#user-" + user
		}
		if status, err = b.tryClick(button); err != nil {
			return status, err
		}
	}
	return status, errors.New("the emulator shows one page after the other")
}

// signInAs is signIn on the test's goroutine.
func (b *tab) signInAs(user string) int {
	b.t.Helper()
	status, err := b.signIn(user)
	if err != nil {
		b.t.Fatalf("sign in as %s at %s: %v", user, b.url(), err)
	}
	return status
}

// forget deletes a cookie of the page.
func (b *tab) forget(name, url string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: url})
		return chromedp.Void{}, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// shot saves a screenshot when EASYAUTH_SCREENSHOTS names a folder.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("EASYAUTH_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
