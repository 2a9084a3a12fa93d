// Package graph asks Microsoft Graph: the queries of a sign-in in one $batch
// request, the groups that somebody is a member of and what they are called, and
// what the application's registration says about itself.
//
// It uses the request adapter and the error model of Microsoft's SDK, but its
// own JSON and the caller's http.Client: the SDK's batch types lose numbers and
// fail on a scalar body, and its default client retries. Only this package imports
// the SDK. It knows nothing of cookies, tickets, HTTP handlers or how a token is
// come by, and it decides nothing: a query that fails becomes a result, any other
// question that fails an Error, and a list of groups is whole or is not given.
package graph

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/microsoft/kiota-abstractions-go/authentication"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// Bounds of a call.
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
	Timeout time.Duration // of one method's call with all its requests; 0 means 10 s; negative is an error
	Log     *slog.Logger  // nil logs nothing

	Metrics *metrics.Metrics // counts what Graph is asked; nil counts nothing

	Now func() time.Time // for dates in Retry-After; nil means time.Now
}

// Client asks Microsoft Graph. It is safe for concurrent use.
type Client struct {
	adapter *core.GraphRequestAdapterBase
	plain   *http.Client // for images: without the guard and without cookies
	timeout time.Duration
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics.Metrics
	counted counted
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
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		authentication.NewBaseBearerTokenAuthenticationProvider(tokenOfCall{}), core.GraphClientOptions{},
		kjson.NewJsonParseNodeFactory(), kjson.NewJsonSerializationWriterFactory(), guarded(cfg.Client))
	if err != nil {
		return nil, fmt.Errorf("graph: make request adapter: %w", err)
	}
	adapter.SetBaseUrl(base + "/" + cfg.Version)
	plain := &http.Client{Transport: cfg.Client.Transport, Timeout: cfg.Client.Timeout, CheckRedirect: stay}
	return &Client{adapter: adapter, plain: plain, timeout: cfg.Timeout, log: cfg.Log, now: cfg.Now, metrics: cfg.Metrics, counted: newCounted(cfg.Metrics)}, nil
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
