package graph

import (
	"context"
	"fmt"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Answer is what Graph said to the queries of a sign-in.
type Answer struct {
	// Results holds one result for each query, in their order.
	Results []access.GraphResult
	// Claims is the JSON object of a claims challenge (error="insufficient_claims")
	// that came with the batch or with one of its items: the value of the claims
	// parameter of the sign-in that Graph demands. It is compact and at most 4 KB,
	// "" if there is none or if it cannot be read. It was not checked against
	// anything else.
	Claims string
}

// Ask asks all queries (relative URLs, at most 20, sent as they are) as one
// $batch with the user's access token. It always returns one result for each
// query, in their order: compact JSON, always an object, without the members that
// hold OData annotations. A body that is no object is {"$value":…}. What failed,
// be it one query, the batch, the network or the time, is
// {"error_status":503,"error_message":"…"}; so is a result over 64 KB (413).
// It makes one request, does not wait for Retry-After, and takes no longer than
// the configured timeout. Queries, results and tokens are not logged.
func (c *Client) Ask(ctx context.Context, accessToken secret.String, queries []string) Answer {
	results := make([]access.GraphResult, len(queries))
	for i, q := range queries {
		results[i] = access.GraphResult{Query: q, JSON: failure{http.StatusBadRequest, "too many queries in one sign-in"}.json()}
	}
	asked := results[:min(len(results), access.MaxGraphQueries)]
	if len(asked) == 0 {
		return Answer{Results: results}
	}
	asking := c.counted.queries.Begin()
	items, heard, err := c.sendBatch(ctx, accessToken, gets(queries[:len(asked)]))
	asking.End(resultOf(heard.status, err))
	if err == nil {
		return Answer{results, c.fill(ctx, asked, items, accessToken)}
	}
	f := explain(err, accessToken)
	c.log.WarnContext(ctx, "graph batch failed", "status", f.Status, "cause", cause(err, accessToken).Error())
	for i := range asked {
		asked[i].JSON = f.json()
	}
	return Answer{results, heard.claims()}
}

// fill turns the items of a readable answer into results, and returns the first
// claims challenge among them.
func (c *Client) fill(ctx context.Context, results []access.GraphResult, items []item, token secret.String) (claims string) {
	var failed []string
	for i := range results {
		text, f := items[i].result(token)
		if f != nil {
			text = f.json()
			failed = append(failed, fmt.Sprintf("%d: %d %s", i+1, f.Status, answered(f.Status, items[i].errorBody().Code, token).code))
			if claims == "" {
				claims = items[i].heard().claims()
			}
		}
		c.metrics.GraphQuery(items[i].counted(f))
		results[i].JSON = text
	}
	if len(failed) > 0 {
		c.log.WarnContext(ctx, "graph queries failed", "failed", len(failed), "of", len(results), "items", failed)
	}
	return claims
}

// sendBatch sends the requests as one batch and returns their answers in order.
func (c *Client) sendBatch(ctx context.Context, token secret.String, requests []request) ([]item, heard, error) {
	body, err := encodeBatch(requests)
	if err != nil {
		return nil, heard{}, fmt.Errorf("encode graph batch: %w", err)
	}
	call, err := c.newCall(token, "/$batch", body)
	if err != nil {
		return nil, heard{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := c.send(ctx, call)
	if err != nil {
		return nil, call.heard, err
	}
	items, err := readAnswer(answer, len(requests))
	return items, call.heard, err
}
