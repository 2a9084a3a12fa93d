package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// question is one request to a server that need not be the own one.
type question struct {
	url, page string
	status    int
	insecure  bool
}

// ask sends the request and reports whether the status is the one that is wanted.
func (q question) ask(ctx context.Context, env environment) int {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	req, err := q.request(ctx)
	if err != nil {
		say(env.stderr, "easyauth healthcheck: %v\n", err)
		return exitUsage
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: q.insecure}} //nolint:gosec // no secret is sent
	resp, err := transport.RoundTrip(req)
	if err != nil {
		say(env.stderr, "not healthy: %v\n", err)
		return exitFailed
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != q.status {
		say(env.stderr, "not healthy: %s answered %d, not %d\n", req.URL.Redacted(), resp.StatusCode, q.status)
		return exitFailed
	}
	say(env.stdout, "ok\n")
	return exitOK
}

// request returns the request of a proxy for a page: without cookies, and not of a browser.
func (q question) request(ctx context.Context) (*http.Request, error) {
	if _, err := origin(q.url); err != nil {
		return nil, fmt.Errorf("--url %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url, nil)
	if err != nil || q.page == "" {
		return req, err
	}
	page, err := origin(q.page)
	if err != nil {
		return nil, fmt.Errorf("--page %w", err)
	}
	req.Host = page.Host
	req.Header.Set("X-Original-URL", q.page)
	return req, nil
}

func origin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("must be a URL that begins with http:// or https:// and a host")
	}
	return u, nil
}
