package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// MaxBatch is how many requests a batch may hold.
const MaxBatch = 20

// batchItem is one request of a batch.
type batchItem struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batchAnswer is its answer.
type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body,omitempty"`
}

// batch answers $batch: one status, headers and body for each item, in another
// order than asked (the last comes first, then the others in order).
func (s *Server) batch(ctx context.Context, w http.ResponseWriter, c graphCall) {
	if c.method != http.MethodPost {
		s.writeGraph(w, graphError(http.StatusMethodNotAllowed, "BadRequest", "Only POST is allowed for a batch."))
		return
	}
	items, problem := readBatch(c.body)
	if problem != "" {
		s.writeGraph(w, graphError(http.StatusBadRequest, "BadRequest", problem))
		return
	}
	answers := make([]batchAnswer, 0, len(items))
	for _, item := range items {
		answers = append(answers, s.answerItem(ctx, c, item, answers))
	}
	last := len(answers) - 1
	answers = slices.Concat(answers[last:], answers[:last])
	s.writeGraph(w, graphReply{status: http.StatusOK, body: map[string]any{"responses": answers}})
}

func readBatch(body []byte) ([]batchItem, string) {
	var in struct {
		Requests []batchItem `json:"requests"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, "Invalid batch payload format."
	}
	if len(in.Requests) == 0 {
		return nil, "Invalid batch payload format: there is no request."
	}
	if len(in.Requests) > MaxBatch {
		return nil, fmt.Sprintf("Number of batch request steps exceeds the maximum value of %d.", MaxBatch)
	}
	ids := map[string]bool{}
	for _, item := range in.Requests {
		id := strings.ToLower(item.ID)
		if id == "" || item.Method == "" || item.URL == "" {
			return nil, "Invalid batch payload format: id, method and url are required."
		}
		if ids[id] {
			return nil, "Request Id has to be unique in a batch."
		}
		for _, other := range item.DependsOn {
			if !ids[strings.ToLower(other)] {
				return nil, "dependsOn must name an earlier request."
			}
		}
		ids[id] = true
	}
	return in.Requests, ""
}

func (s *Server) answerItem(ctx context.Context, c graphCall, item batchItem, before []batchAnswer) batchAnswer {
	reply := s.replyTo(ctx, c, item, before)
	out := batchAnswer{ID: item.ID, Status: reply.status, Headers: map[string]string{"Cache-Control": "no-cache", "OData-Version": "4.0"}}
	for name, value := range reply.header {
		out.Headers[name] = value
	}
	if reply.text != "" {
		out.Headers["Content-Type"] = "text/plain"
		out.Body = json.RawMessage(reply.text) // a number stands there as a number
		return out
	}
	out.Headers["Content-Type"] = graphJSON
	out.Body = s.stamp(reply, newGUID())
	return out
}

func (s *Server) replyTo(ctx context.Context, c graphCall, item batchItem, before []batchAnswer) graphReply {
	for _, earlier := range before {
		named := slices.ContainsFunc(item.DependsOn, func(id string) bool { return strings.EqualFold(id, earlier.ID) })
		if named && earlier.Status >= http.StatusBadRequest {
			return graphError(http.StatusFailedDependency, "FailedDependency", "Request dependency failed.")
		}
	}
	target, err := url.Parse(item.URL)
	if err != nil || target.Host != "" || target.Scheme != "" {
		return graphError(http.StatusBadRequest, "BadRequest", "Invalid request url in the batch: it must be relative.")
	}
	call := c
	call.batched = true
	call.method, call.path = strings.ToUpper(item.Method), "/"+strings.TrimPrefix(target.Path, "/")
	call.query, call.body = target.Query(), item.Body
	if call.path == "/$batch" {
		return graphError(http.StatusBadRequest, "BadRequest", "A batch cannot hold a batch.")
	}
	return s.answerGraph(ctx, call, target.RawQuery)
}
