package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// newCall is a request for a path and query below the version: a POST of the JSON
// in body, or a GET when body is nil.
func (c *Client) newCall(token secret.String, path string, body []byte) (*call, error) {
	u, err := url.Parse(c.adapter.GetBaseUrl() + path)
	if err != nil {
		return nil, fmt.Errorf("make a graph url: %w", err)
	}
	return &call{token: token, url: u, body: body}, nil
}

// send sends the call and returns the raw answer, whose status is below 400; nil
// is an empty body. The call has heard the rest. Panics of the SDK, which trusts
// answers more than we do, become errors.
func (c *Client) send(ctx context.Context, call *call) (answer []byte, err error) {
	if call.token.Empty() {
		return nil, errNoToken
	}
	defer func() {
		if p := recover(); p != nil {
			text := ""
			if own, ok := p.(runtime.Error); ok {
				text = own.Error()
			}
			answer, err = nil, &sendError{call.status, &panicError{text}}
		}
	}()
	info := abstractions.NewRequestInformation()
	info.Method = abstractions.GET
	info.SetUri(*call.url)
	info.Headers.Add("Accept", "application/json")
	if call.body != nil {
		info.Method = abstractions.POST
		info.SetStreamContentAndContentType(call.body, "application/json")
	}
	raw, err := c.adapter.SendPrimitive(context.WithValue(ctx, callKey{}, call), info, "[]byte", errorMappings())
	if err != nil {
		return nil, &sendError{call.status, err}
	}
	answer, _ = raw.([]byte)
	return answer, nil
}

// fetch sends the call and returns the body of an answer with status 200. Every
// other one is an error: Graph has none for what we ask, redirects included.
func (c *Client) fetch(ctx context.Context, call *call) ([]byte, error) {
	answer, err := c.send(ctx, call)
	if err == nil && call.status != http.StatusOK {
		return nil, answered(call.status, "", call.token)
	}
	return answer, err
}
