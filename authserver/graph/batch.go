package graph

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// request is one item of a batch as Graph wants it.
type request struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// encodeBatch numbers the requests from 1 on.
func encodeBatch(requests []request) ([]byte, error) {
	for i := range requests {
		requests[i].ID = strconv.Itoa(i + 1)
	}
	text, err := encode(struct {
		Requests []request `json:"requests"`
	}{requests})
	return []byte(text), err
}

// gets makes a request of each query.
func gets(queries []string) []request {
	requests := make([]request, len(queries))
	for i, q := range queries {
		requests[i] = request{Method: http.MethodGet, URL: q}
		if isAdvanced(q) {
			requests[i].Headers = map[string]string{"ConsistencyLevel": "eventual"}
		}
	}
	return requests
}

// isAdvanced reports whether Graph may demand the header ConsistencyLevel of a
// query: it counts or searches the directory.
func isAdvanced(query string) bool {
	q := strings.ReplaceAll(strings.ToLower(query), "%24", "$")
	return strings.Contains(q, "$count") || strings.Contains(q, "$search")
}

// item is the answer to one request. The zero item is one that did not come.
type item struct {
	ID      string          `json:"id"`
	Status  int             `json:"status"`
	Headers json.RawMessage `json:"headers"`
	Body    json.RawMessage `json:"body"`

	times int // how often an answer with this id came
}

// readAnswer sorts the items of a batch answer by their ids into n places. It
// accepts any order, and passes over items that cannot be read or that nobody
// asked for. An answer that is no batch answer at all is an error.
func readAnswer(answer []byte, n int) ([]item, error) {
	var batch struct {
		Responses []json.RawMessage `json:"responses"`
	}
	if err := json.Unmarshal(answer, &batch); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if batch.Responses == nil {
		return nil, fmt.Errorf("%w: it has no responses", errUnreadable)
	}
	items := make([]item, n)
	for _, raw := range batch.Responses {
		var it item
		if json.Unmarshal(raw, &it) != nil {
			continue
		}
		i, err := strconv.Atoi(it.ID)
		if err != nil || i < 1 || i > n || strconv.Itoa(i) != it.ID {
			continue
		}
		it.times = items[i-1].times + 1
		items[i-1] = it
	}
	return items, nil
}

// result is the item's JSON, or why there is none. Two answers with one id may
// belong to two questions, so neither is believed.
func (it *item) result(token secret.String) (string, *failure) {
	switch {
	case it.times == 0:
		return "", &failure{http.StatusBadGateway, "Microsoft Graph did not answer this query"}
	case it.times > 1:
		return "", &failure{http.StatusBadGateway, "Microsoft Graph answered this query more than once"}
	case it.Status < 100 || it.Status > 599:
		return "", &failure{http.StatusBadGateway, "Microsoft Graph's answer cannot be read"}
	case it.Status < 200 || it.Status > 299:
		f := refusal(it.Status, it.errorBody().Message, token)
		return "", &f
	}
	text, err := tidy(it.Body)
	switch {
	case err != nil:
		return "", &failure{http.StatusBadGateway, "Microsoft Graph's answer cannot be read"}
	case len(text) > maxResult:
		return "", &failure{http.StatusRequestEntityTooLarge, fmt.Sprintf("the result is larger than %d bytes", maxResult)}
	}
	return text, nil
}

type errorBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// errorBody reads Graph's error out of the item's body; where the query asks for
// a raw value, Graph sends it as base64. Members of another type are left empty.
func (it *item) errorBody() errorBody {
	body := []byte(it.Body)
	var text string
	if json.Unmarshal(body, &text) == nil {
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
			body = decoded
		}
	}
	var e struct {
		Error errorBody `json:"error"`
	}
	_ = json.Unmarshal(body, &e) // what could be read is enough
	return e.Error
}

// heard is what the item tells besides its body. Headers that are no texts are
// passed over, but a number may stand for the seconds of Retry-After.
func (it *item) heard() heard {
	if it.times != 1 {
		return heard{}
	}
	h := heard{status: it.Status}
	var headers map[string]json.RawMessage
	_ = json.Unmarshal(it.Headers, &headers) // no headers, if they cannot be read
	for name, raw := range headers {
		var text string
		isText := json.Unmarshal(raw, &text) == nil
		switch {
		case strings.EqualFold(name, "Retry-After") && isText:
			h.retryAfter = text
		case strings.EqualFold(name, "Retry-After"):
			h.retryAfter = string(raw)
		case strings.EqualFold(name, "WWW-Authenticate") && isText:
			h.challenges = append(h.challenges, text)
		}
	}
	return h
}
