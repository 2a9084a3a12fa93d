// Package graph asks Microsoft Graph on behalf of a user who is signing in: all
// queries of a sign-in in one $batch request.
//
// It uses the request adapter and the error model of Microsoft's SDK, but its
// own batch JSON and the caller's http.Client: the SDK's batch types lose
// numbers and fail on a scalar body, and its default client retries. Only this
// package imports the SDK. It knows nothing of cookies, tickets or HTTP handlers,
// and it never stops a sign-in: whatever goes wrong becomes a result.
package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Bounds of a batch.
const (
	defaultTimeout = 10 * time.Second
	maxAnswer      = 2 << 20  // bytes of one whole answer
	maxResult      = 64 << 10 // bytes of one result
	maxMessage     = 200      // characters of an error_message
)

// Config sets up a Client.
type Config struct {
	BaseURL string        // "" means https://graph.microsoft.com; https, or http on loopback
	Version string        // "" means v1.0
	Client  *http.Client  // required; its redirects are not followed, nothing is retried
	Timeout time.Duration // of a whole batch; 0 means 10 s; negative is an error
	Log     *slog.Logger  // nil logs nothing
}

// Client asks Microsoft Graph. It is safe for concurrent use.
type Client struct {
	adapter *core.GraphRequestAdapterBase
	timeout time.Duration
	log     *slog.Logger
}

// New checks cfg and returns a Client. It asks nothing of the network.
func New(cfg Config) (*Client, error) {
	base, err := baseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.Client == nil:
		return nil, errors.New("graph: an http client is required")
	case cfg.Timeout < 0:
		return nil, errors.New("graph: the timeout must not be negative")
	case cfg.Version == "":
		cfg.Version = "v1.0"
	case !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.]*$`).MatchString(cfg.Version):
		return nil, errors.New("graph: the version must look like v1.0 or beta")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		authentication.NewBaseBearerTokenAuthenticationProvider(tokenOfCall{}), core.GraphClientOptions{},
		kjson.NewJsonParseNodeFactory(), kjson.NewJsonSerializationWriterFactory(), guarded(cfg.Client))
	if err != nil {
		return nil, fmt.Errorf("graph: make request adapter: %w", err)
	}
	adapter.SetBaseUrl(base + "/" + cfg.Version)
	return &Client{adapter: adapter, timeout: cfg.Timeout, log: cfg.Log}, nil
}

func baseURL(raw string) (string, error) {
	if raw == "" {
		return "https://graph.microsoft.com", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("graph: the base URL must look like https://graph.microsoft.com")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", errors.New("graph: the base URL must be https, or http on loopback")
	}
	return strings.TrimRight(raw, "/"), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// Run asks all queries (relative URLs, at most 20, sent as they are) as one
// $batch with the user's access token. It always returns one result for each
// query, in their order: compact JSON, always an object, without the members that
// hold OData annotations. A body that is no object is {"$value":…}. What failed,
// be it one query, the batch, the network or the time, is
// {"error_status":503,"error_message":"…"}; so is a result over 64 KB (413).
// It makes one request, does not wait for Retry-After, and takes no longer than
// the configured timeout. Queries, results and tokens are not logged.
func (c *Client) Run(ctx context.Context, accessToken secret.String, queries []string) []access.GraphResult {
	results := make([]access.GraphResult, len(queries))
	for i, q := range queries {
		results[i] = access.GraphResult{Query: q, JSON: failure{http.StatusBadRequest, "too many queries in one sign-in"}.json()}
	}
	asked := results[:min(len(results), access.MaxGraphQueries)]
	if len(asked) == 0 {
		return results
	}
	answer, err := c.send(ctx, accessToken, queries[:len(asked)])
	if err == nil {
		var items []item
		if items, err = readAnswer(answer, len(asked)); err == nil {
			c.fill(ctx, asked, items, accessToken)
			return results
		}
	}
	f := explain(err, accessToken)
	c.log.WarnContext(ctx, "graph batch failed", "status", f.Status, "cause", cause(err, accessToken))
	for i := range asked {
		asked[i].JSON = f.json()
	}
	return results
}

// fill turns the items of a readable answer into results.
func (c *Client) fill(ctx context.Context, results []access.GraphResult, items []item, token secret.String) {
	var failed []string
	for i := range results {
		text, f := items[i].result(token)
		if f != nil {
			text = f.json()
			failed = append(failed, fmt.Sprintf("%d: %d %s", i+1, f.Status, items[i].code()))
		}
		results[i].JSON = text
	}
	if len(failed) > 0 {
		c.log.WarnContext(ctx, "graph queries failed", "failed", len(failed), "of", len(results), "items", failed)
	}
}

// send posts the batch and returns the raw answer. Panics of the SDK, which
// trusts answers more than we do, become errors.
func (c *Client) send(ctx context.Context, token secret.String, queries []string) (answer []byte, err error) {
	if token.Empty() {
		return nil, errNoToken
	}
	body, err := encodeBatch(queries)
	if err != nil {
		return nil, fmt.Errorf("encode graph batch: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	call := &call{token: token, body: body}
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, &sendError{call.status, fmt.Errorf("%w: %v", errPanic, p)}
		}
	}()
	info := abstractions.NewRequestInformation()
	info.Method = abstractions.POST
	info.UrlTemplate = "{+baseurl}/$batch"
	info.PathParameters["baseurl"] = c.adapter.GetBaseUrl()
	info.Headers.Add("Accept", "application/json")
	info.SetStreamContentAndContentType(body, "application/json")
	raw, err := c.adapter.SendPrimitive(context.WithValue(ctx, callKey{}, call), info, "[]byte", errorMappings())
	if err != nil {
		return nil, &sendError{call.status, err}
	}
	answer, _ = raw.([]byte) // nil: an empty body, which readAnswer refuses
	return answer, nil
}
