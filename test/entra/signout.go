package entra

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
)

// SignOut does what a person does in a browser at endSessionURL: it picks the
// account if the page asks for one, loads the frames of the page that ends the
// session, each as a page of another site does (without cookies), and returns the
// address to which the browser would be sent at last, without going there; "" when
// the page stays.
//
// client is SignIn's: its cookie jar holds the session. SignOut fails on an error
// page, and when a frame does not answer 200 or may not be framed; the address is
// right then too.
func SignOut(ctx context.Context, client *http.Client, endSessionURL string) (returnURL string, err error) {
	at, err := url.Parse(endSessionURL)
	if err != nil {
		return "", fmt.Errorf("parse end_session URL: %w", err)
	}
	browser, err := walker(client)
	if err != nil {
		return "", err
	}
	form := url.Values(nil)
	for range maxSteps {
		location, page, err := visit(ctx, browser, at, form)
		if err != nil {
			return "", err
		}
		if location != nil {
			return location.String(), nil // the emulator redirects to the application alone
		}
		if problem := find(page, `<p class="error"[^>]*>([^<]*)</p>`); problem != "" {
			return "", errors.New("sign-out page: " + problem)
		}
		switch step := find(page, `<main data-step="([^"]+)"`); step {
		case "signed-out":
			return find(page, ` data-next="([^"]+)"`), loadFrames(ctx, browser, page)
		case "sign-out":
			form = hiddenFields(page)
			form.Set("account", find(page, `name="account" value="([^"]+)"`))
			if at, err = at.Parse(find(page, `<form method="post" action="([^"]+)"`)); err != nil {
				return "", fmt.Errorf("sign-out page: form: %w", err)
			}
		default:
			return "", fmt.Errorf("sign-out page %q: nothing to do there", step)
		}
	}
	return "", fmt.Errorf("no end after %d pages", maxSteps)
}

// loadFrames opens the frames of a page, one after the other, without the
// browser's cookies: SameSite=Lax keeps them out of another site's frames.
func loadFrames(ctx context.Context, browser *http.Client, page string) error {
	var failed []error
	for _, m := range regexp.MustCompile(`<iframe src="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		failed = append(failed, loadFrame(ctx, browser.Transport, html.UnescapeString(m[1])))
	}
	return errors.Join(failed...)
}

// noAncestors is a policy under which no page of another site may hold a frame.
var noAncestors = regexp.MustCompile(`(?i)frame-ancestors\s+'(none|self)'`)

func loadFrame(ctx context.Context, transport http.RoundTripper, address string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return fmt.Errorf("make a cookie jar: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	req.Header.Set("Sec-Fetch-Dest", "iframe")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := (&http.Client{Transport: transport, Jar: jar}).Do(req)
	if err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)); err != nil {
		return fmt.Errorf("frame %s: %w", address, err)
	}
	switch {
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("frame %s: status %d", address, res.StatusCode)
	case res.Header.Get("X-Frame-Options") != "":
		return fmt.Errorf("frame %s: X-Frame-Options %q", address, res.Header.Get("X-Frame-Options"))
	case noAncestors.MatchString(res.Header.Get("Content-Security-Policy")):
		return fmt.Errorf("frame %s: Content-Security-Policy %q", address, res.Header.Get("Content-Security-Policy"))
	}
	return nil
}
