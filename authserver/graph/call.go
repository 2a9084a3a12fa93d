package graph

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/microsoft/kiota-abstractions-go/authentication"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// call is one request on its way, and what the guard heard in return. It travels
// in the context, because the SDK's adapter is shared by all users and has no
// other place for it.
type call struct {
	heard
	token secret.String
	url   *url.URL
	body  []byte // JSON to POST; nil: a GET
}

// heard is what an answer tells besides its body. The zero value: no answer came.
type heard struct {
	status     int
	retryAfter string
	challenges []string // of WWW-Authenticate
}

type callKey struct{}

func callOf(ctx context.Context) (*call, error) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return nil, errors.New("no call in the context")
	}
	return c, nil
}

// tokenOfCall hands the SDK the token of the call in the context.
type tokenOfCall struct{}

// GetAuthorizationToken implements the SDK's AccessTokenProvider.
func (tokenOfCall) GetAuthorizationToken(ctx context.Context, _ *url.URL, _ map[string]any) (string, error) {
	c, err := callOf(ctx)
	if err != nil {
		return "", err
	}
	return c.token.Reveal(), nil
}

// GetAllowedHostsValidator implements the SDK's AccessTokenProvider. Every call
// goes below the one configured URL (see nextLink), so there is nothing to
// validate.
func (tokenOfCall) GetAllowedHostsValidator() *authentication.AllowedHostsValidator {
	return &authentication.AllowedHostsValidator{}
}

// guarded returns a copy of client whose answers cannot surprise the SDK. The
// copy keeps the client's transport, timeout and cookies; it follows no redirect,
// because Graph has none for us and a token must not travel.
func guarded(client *http.Client) *http.Client {
	c := *client
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	c.Transport = guard{c.Transport}
	c.CheckRedirect = stay
	return &c
}

// stay follows no redirect: the answer that asks for one is the answer.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// guard stands between the SDK and the network.
type guard struct{ next http.RoundTripper }

var errTooLarge = errors.New("the answer is too large")

// RoundTrip sends the request once, notes what the answer tells besides its body,
// bounds the body, and removes WWW-Authenticate: on a claims challenge there the
// SDK would ask again with the same token, and on one that it cannot parse it
// panics.
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	call, err := callOf(req.Context())
	if err != nil {
		return nil, err
	}
	if req.Body != nil {
		_ = req.Body.Close() // the SDK's: a reader in memory that cannot be read twice
	}
	if call.body != nil {
		req = replayable(req, call.body)
	}
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	call.heard = heard{resp.StatusCode, resp.Header.Get("Retry-After"), resp.Header.Values("WWW-Authenticate")}
	resp.Header.Del("WWW-Authenticate")
	resp.Body = &boundedBody{resp.Body, maxAnswer}
	return resp, nil
}

// replayable gives the request a body of known length that net/http may send
// again when an idle connection turns out to be closed before it was answered: we
// only ever read, so twice does no harm. The header's key without a value is
// net/http's sign for that, and is not sent.
func replayable(req *http.Request, body []byte) *http.Request {
	out := req.Clone(req.Context())
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
	out.Header["Idempotency-Key"] = nil
	return out
}

// boundedBody fails, again and again, once more than left bytes were read.
type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
