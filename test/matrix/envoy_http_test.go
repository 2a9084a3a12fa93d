package matrix

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
)

// envoyHTTP is the stand-in for Envoy that asks over HTTP.
func envoyHTTP(t *testing.T) Proxy {
	return Proxy{
		Name: EnvoyHTTP, Env: envoyEnv(t, "envoy"), Start: func(t *testing.T, at Place) { startEnvoy(t, at, true) },
	}
}

func envoyEnv(t *testing.T, adapter string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "proxy-secret")
	if err := os.WriteFile(file, []byte(envoySecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"EASYAUTH_ADAPTERS": adapter, "EASYAUTH_PROXY_SECRET_FILE": file}
}

// askHTTP asks as ext_authz does with an http_service: the request's own method, host and path behind a prefix, without
// its body; of its headers those that the list allows, and Authorization.
func (e *envoy) askHTTP(ctx context.Context, q *envoyQuestion) verdict {
	service := e.authz.GetHttpService()
	if own := q.perFile.GetHttpService(); own != nil {
		service = own
	}
	ctx, cancel := context.WithTimeout(ctx, service.GetServerUri().GetTimeout().AsDuration())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, q.r.Method, "http://"+e.addresses[service.GetServerUri().GetCluster()], nil)
	if err != nil {
		return e.unanswered()
	}
	req.URL = &url.URL{Scheme: "http", Host: req.URL.Host, Opaque: service.GetPathPrefix() + q.path}
	req.Host = q.r.Host
	for name, values := range q.header {
		if name != "authorization" && !matchesAny(e.authz.GetAllowedHeaders(), name) {
			continue
		}
		if !e.authz.GetEncodeRawHeaders() {
			values = []string{strings.Join(values, ",")}
		}
		req.Header[name] = values
	}
	for _, h := range service.GetAuthorizationRequest().GetHeadersToAdd() {
		req.Header[strings.ToLower(h.GetKey())] = []string{h.GetValue()}
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return e.unanswered()
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusInternalServerError { // Envoy takes a 5xx for no answer
		return e.unanswered()
	}
	return judged(resp, string(body), service.GetAuthorizationResponse())
}

// judged is what the filter makes of an answer: 200 passes, and nothing else does.
func judged(resp *http.Response, body string, lists *authzv3.AuthorizationResponse) verdict {
	v := verdict{pass: resp.StatusCode == http.StatusOK, set: http.Header{}, toClient: http.Header{}, status: resp.StatusCode, body: body}
	for name, values := range resp.Header {
		lower := strings.ToLower(name)
		switch {
		case v.pass:
			if matchesAny(lists.GetAllowedUpstreamHeaders(), lower) {
				v.set[lower] = values[len(values)-1:]
			}
			if matchesAny(lists.GetAllowedClientHeadersOnSuccess(), lower) {
				v.toClient[name] = values
			}
		case lists.GetAllowedClientHeaders() == nil || lower == "location" || lower == "www-authenticate" || matchesAny(lists.GetAllowedClientHeaders(), lower):
			if lower != "content-length" {
				v.toClient[name] = values
			}
		}
	}
	return v
}

// unanswered is the verdict when there is no answer.
func (e *envoy) unanswered() verdict {
	if e.authz.GetFailureModeAllow() {
		return verdict{pass: true}
	}
	if code := int(e.authz.GetStatusOnError().GetCode()); code != 0 {
		return verdict{status: code}
	}
	return verdict{status: http.StatusForbidden}
}
