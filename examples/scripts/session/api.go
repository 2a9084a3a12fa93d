//go:build linux || darwin

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// answer is a response whose body was read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// granted are the members of EasyAuth's answers, and of its refusals.
type granted struct {
	Access      string `json:"access_token"`
	Refresh     string `json:"refresh_token"`
	LoginURL    string `json:"login_url"`
	ExpiresIn   int64  `json:"expires_in"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (a *answer) members() granted {
	var g granted
	_ = json.Unmarshal(a.body, &g) // without members the status tells
	return g
}

// refused is what EasyAuth says instead of what it was asked for.
func (a *answer) refused() error {
	switch g := a.members(); {
	case g.Error == "":
		return fmt.Errorf("EasyAuth answers %d", a.status)
	case g.Error == "invalid_grant":
		return stop{5, g.Error + ": " + g.Description + again}
	default:
		return fmt.Errorf("%s: %s", g.Error, g.Description)
	}
}

// client sends requests. A redirect is an answer: it could lead anywhere.
type client struct{ http *http.Client }

func newClient() client {
	return client{&http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (c client) send(ctx context.Context, method, target, body string, header map[string]string) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body)) //nolint:gosec // who starts the program names the application
	if err != nil {
		return nil, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req) //nolint:gosec // likewise
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	text, err := io.ReadAll(resp.Body)
	return &answer{resp.StatusCode, resp.Header, text}, err
}

// ask asks an endpoint of EasyAuth's. It waits and asks again, once, if it is told to.
func (c client) ask(ctx context.Context, app, endpoint string, form url.Values) (*answer, error) {
	method, target, body := http.MethodPost, app+"/easyauth/api/v1/"+endpoint, form.Encode()
	if endpoint == "login" {
		method, target, body = http.MethodGet, target+"?"+body, ""
	}
	header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	a, err := c.send(ctx, method, target, body, header)
	if err != nil || a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable {
		return a, err
	}
	seconds := a.header.Get("Retry-After")
	if !regexp.MustCompile(`^[0-9]{1,2}$`).MatchString(seconds) {
		return a, nil
	}
	wait, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return nil, err
	}
	say("EasyAuth asks to wait " + seconds + " seconds")
	select {
	case <-time.After(wait):
		return c.send(ctx, method, target, body, header)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
