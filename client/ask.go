package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	askTimeout = 30 * time.Second // for one request and its answer
	maxAnswer  = 64 << 10         // bytes
)

// answer is what somebody answered: at most maxAnswer bytes.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// get asks without a body.
func (c *Client) get(ctx context.Context, who, target string) (*answer, error) {
	return c.ask(ctx, who, http.MethodGet, target, nil)
}

// post sends a form.
func (c *Client) post(ctx context.Context, who, target string, form url.Values) (*answer, error) {
	return c.ask(ctx, who, http.MethodPost, target, strings.NewReader(form.Encode()))
}

// ask sends one request and reads its answer. It follows no redirect, keeps no cookie
// and asks once. Every error is *Unreachable, or that of a context that was ended.
func (c *Client) ask(ctx context.Context, who, method, target string, form io.Reader) (*answer, error) {
	limited, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(limited, method, target, form)
	if err != nil {
		return nil, &Unreachable{who, errors.New("its address is malformed")}
	}
	r.Header.Set("Accept", "application/json")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.Agent != "" {
		r.Header.Set("User-Agent", c.Agent)
	}
	resp, err := c.Transport.RoundTrip(r)
	if err == nil {
		var body []byte
		body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		_ = resp.Body.Close() // only read from
		switch {
		case err == nil && len(body) > maxAnswer:
			err = fmt.Errorf("its answer is longer than %d KB", maxAnswer>>10)
		case err == nil:
			return &answer{resp.StatusCode, resp.Header, body}, nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case limited.Err() != nil:
		err = fmt.Errorf("no answer within %v", askTimeout)
	}
	return nil, &Unreachable{who, err}
}

// isJSON reports the type that EasyAuth and every token endpoint give their answers.
func (a *answer) isJSON() bool {
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// read decodes the answer, which must be JSON and one value.
func (a *answer) read(into any) error {
	if !a.isJSON() {
		return errors.New("the answer is not JSON")
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return errors.New("the answer is not the JSON that it should be") // the cause may quote a secret
	}
	return nil
}
