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
	"strings"
)

// SignIn does what a person does in a browser: it opens authorizeURL, picks the
// user if the page asks for one, approves and consents, and returns the address
// to which the browser would be sent at last, without going there. An error
// answer (access_denied, login_required …) is such an address too.
//
// With response_mode=form_post the fields come back as the query of that address;
// with fragment they stand behind its #.
//
// client's cookie jar holds the session: with the same client a second sign-in is
// silent, and keeps the user of the first unless the request asks otherwise. A client
// without a jar gets one for this call alone; nil means http.DefaultClient's transport.
// SignIn fails on an error page, with the page's text.
func SignIn(ctx context.Context, client *http.Client, authorizeURL, userID string) (callbackURL string, err error) {
	return walk(ctx, client, authorizeURL, func(step string) url.Values {
		switch step {
		case "pick":
			return url.Values{"user": {userID}}
		case "approve", "consent":
			return url.Values{step: {"1"}}
		}
		return nil
	})
}

// SignInWithPassword is SignIn through the form with user name and password. A
// wrong password is an error that holds the page's text.
func SignInWithPassword(ctx context.Context, client *http.Client, authorizeURL, username, password string) (callbackURL string, err error) {
	return walk(ctx, client, authorizeURL, func(step string) url.Values {
		switch step {
		case "pick":
			return url.Values{"username": {username}, "password": {password}}
		case "approve", "consent":
			return url.Values{step: {"1"}}
		}
		return nil
	})
}

// Cancel opens authorizeURL and clicks Cancel on the first page, or, when userID
// is not "", signs that user in and clicks Cancel on the page after.
func Cancel(ctx context.Context, client *http.Client, authorizeURL, userID string) (callbackURL string, err error) {
	return walk(ctx, client, authorizeURL, func(step string) url.Values {
		if step == "pick" && userID != "" {
			return url.Values{"user": {userID}}
		}
		return url.Values{"cancel": {"1"}}
	})
}

// maxSteps bounds a walk: more pages than this is a loop.
const maxSteps = 10

func walk(ctx context.Context, client *http.Client, authorizeURL string, answer func(step string) url.Values) (string, error) {
	start, err := url.Parse(authorizeURL)
	if err != nil {
		return "", fmt.Errorf("parse authorization URL: %w", err)
	}
	browser, err := walker(client)
	if err != nil {
		return "", err
	}
	at, form := start, url.Values(nil)
	for range maxSteps {
		location, page, err := visit(ctx, browser, at, form)
		if err != nil {
			return "", err
		}
		if location != nil {
			return location.String(), nil // the emulator redirects to the application alone
		}
		step := find(page, `<main data-step="([^"]+)"`)
		if step == "post" {
			return withQuery(find(page, `<form method="post" action="([^"]+)"`), hiddenFields(page)), nil
		}
		if problem := find(page, `<p class="error"[^>]*>([^<]*)</p>`); problem != "" {
			return "", errors.New("sign-in page: " + problem)
		}
		if form = answer(step); form == nil {
			return "", fmt.Errorf("sign-in page %q: nothing to do there", step)
		}
		form.Set("ctx", find(page, `name="ctx" value="([^"]+)"`))
		if at, err = start.Parse(find(page, `<form method="post" action="([^"]+)"`)); err != nil {
			return "", fmt.Errorf("sign-in page %q: form: %w", step, err)
		}
	}
	return "", fmt.Errorf("no end after %d pages", maxSteps)
}

func walker(client *http.Client) (*http.Client, error) {
	browser := &http.Client{}
	if client != nil {
		*browser = *client
	}
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if browser.Jar == nil {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return nil, fmt.Errorf("make a cookie jar: %w", err)
		}
		browser.Jar = jar
	}
	return browser, nil
}

// visit gets a page, or posts a form to it. It returns where the answer redirects to, or the page.
func visit(ctx context.Context, browser *http.Client, at *url.URL, form url.Values) (*url.URL, string, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return nil, "", fmt.Errorf("sign-in request: %w", err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := browser.Do(req)
	if err != nil {
		return nil, "", fmt.Errorf("sign-in request: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		location, err := res.Location()
		if err != nil {
			return nil, "", fmt.Errorf("redirect of the sign-in: %w", err)
		}
		return location, "", nil
	}
	page, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, "", fmt.Errorf("read sign-in page: %w", err)
	}
	if find(string(page), `<main data-step="([^"]+)"`) == "" {
		return nil, "", fmt.Errorf("sign-in: status %d and no page", res.StatusCode)
	}
	return nil, string(page), nil
}

func find(page, pattern string) string {
	got := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if got == nil {
		return ""
	}
	return html.UnescapeString(got[1])
}

func hiddenFields(page string) url.Values {
	v := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		v.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return v
}
