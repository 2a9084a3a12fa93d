package entra_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// idClaims are the claims of the ID token, unverified.
func idClaims(t *testing.T, tok *oauth2.Token) map[string]any {
	t.Helper()
	raw, _ := tok.Extra("id_token").(string)
	return decode(t, raw)
}

func decode(t *testing.T, jwt string) map[string]any { t.Helper(); return decodePart(t, jwt, 1) }

func decodePart(t *testing.T, jwt string, part int) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("%d segments in %.40q", len(parts), jwt)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(r.body), &out); err != nil {
		t.Fatalf("%v in %.200q", err, r.body)
	}
	return out
}

func do(ctx context.Context, t *testing.T, client *http.Client, method, target, body string, header ...string) (reply, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return reply{status: res.StatusCode, header: res.Header, body: string(raw)}, err
}

func (w *world) get(target string, header ...string) reply {
	w.t.Helper()
	got, err := do(w.t.Context(), w.t, w.browser, http.MethodGet, target, "", header...)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) post(target string, form url.Values, header ...string) reply {
	w.t.Helper()
	got, err := do(w.t.Context(), w.t, w.browser, http.MethodPost, target, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// tokenForm posts to the token endpoint as the web application; edits as in authorizeURL.
func (w *world) tokenForm(edits ...string) reply {
	w.t.Helper()
	form := url.Values{"client_id": {webID}, "client_secret": {webSecret}}
	for i := 0; i+1 < len(edits); i += 2 {
		form.Set(edits[i], edits[i+1])
		if edits[i+1] == "" {
			form.Del(edits[i])
		}
	}
	return w.post(w.Authority()+"/oauth2/v2.0/token", form)
}
