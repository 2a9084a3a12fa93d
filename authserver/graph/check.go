package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Bounds of checkMemberGroups.
const (
	perCheck  = 20 // ids of one request: Graph's limit
	maxChecks = access.MaxGraphQueries
	maxAsked  = perCheck * maxChecks // ids of one call: what one batch holds
)

// CheckMemberGroups asks which of the groups the user is a member of, directly or
// through other groups. ids are GUIDs, in any case and at most 400 different ones;
// user is "" for the user of a delegated token, else the object id (a GUID) of
// somebody whom an app-only token may ask about. It returns the ids of the user's
// groups in lower case and in the order asked, each once, and nothing that was not
// asked for. Anything less than a whole answer is an *Error; any other error means
// that the arguments are wrong and that nothing was asked. No id, no question.
//
// It makes one request, repeats none, and takes no longer than the configured
// timeout.
func (c *Client) CheckMemberGroups(ctx context.Context, token secret.String, user string, ids []string) ([]string, error) {
	const doing = "check member groups"
	who, err := principal(user)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	asked, err := groupIDs(ids)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if len(asked) == 0 {
		return nil, nil
	}
	var named []string
	var failed *Error
	if len(asked) <= perCheck {
		named, failed = c.checkOnce(ctx, doing, token, who, asked)
	} else {
		named, failed = c.checkInBatch(ctx, doing, token, who, asked)
	}
	if failed != nil {
		return nil, failed
	}
	return c.ofThese(ctx, asked, named), nil
}

// principal is the path of the user to ask about.
func principal(user string) (string, error) {
	if user == "" {
		return "/me", nil
	}
	id, ok := guid(user)
	if !ok {
		return "", errors.New("the user's object id must be a GUID")
	}
	return "/users/" + id, nil
}

// groupIDs checks the ids to ask for, and takes out what is there twice.
func groupIDs(ids []string) ([]string, error) {
	seen := map[string]bool{}
	var out []string
	for i, text := range ids {
		id, ok := guid(text)
		switch {
		case !ok:
			return nil, fmt.Errorf("group id %d of %d must be a GUID", i+1, len(ids))
		case seen[id]:
			continue
		case len(out) == maxAsked:
			return nil, fmt.Errorf("at most %d groups can be asked about at once", maxAsked)
		}
		seen[id] = true
		out = append(out, id)
	}
	return out, nil
}

func checkBody(ids []string) ([]byte, error) {
	text, err := encode(map[string][]string{"groupIds": ids})
	return []byte(text), err
}

func (c *Client) checkOnce(ctx context.Context, doing string, token secret.String, who string, ids []string) ([]string, *Error) {
	body, err := checkBody(ids)
	if err != nil {
		return nil, c.problem(doing, heard{}, err, token)
	}
	call, err := c.newCall(token, who+"/checkMemberGroups", body)
	if err != nil {
		return nil, c.problem(doing, heard{}, err, token)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	names, err := ask(ctx, c, c.counted.groups, call, readNames)
	if err != nil {
		return nil, c.problem(doing, call.heard, err, token)
	}
	return names, nil
}

// checkInBatch asks in twenties. The first part that failed is the failure of the
// whole; it waits as long as the slowest part asked for.
func (c *Client) checkInBatch(ctx context.Context, doing string, token secret.String, who string, ids []string) ([]string, *Error) {
	var requests []request
	for part := range slices.Chunk(ids, perCheck) {
		body, err := checkBody(part)
		if err != nil {
			return nil, c.problem(doing, heard{}, err, token)
		}
		requests = append(requests, request{
			Method: http.MethodPost, URL: who + "/checkMemberGroups",
			Headers: map[string]string{"Content-Type": "application/json"}, Body: body,
		})
	}
	asking := c.counted.groups.Begin()
	items, heard, err := c.sendBatch(ctx, token, requests)
	if err != nil {
		asking.End(resultOf(heard.status, err))
		return nil, c.problem(doing, heard, err, token)
	}
	var all []string
	var failed *Error
	result := metrics.ResultOK
	for i := range items {
		names, err := items[i].names(token)
		switch {
		case err == nil:
			all = append(all, names...)
		case failed == nil:
			result = resultOf(items[i].heard().status, err)
			failed = c.problem(doing, items[i].heard(), err, token)
		default:
			failed.RetryAfter = max(failed.RetryAfter, retryAfter(items[i].heard().retryAfter, c.now()))
		}
	}
	asking.End(result)
	return all, failed
}

// names are the texts that the item lists. Two answers with one id may belong to
// two questions, so neither is believed.
func (it *item) names(token secret.String) ([]string, error) {
	switch {
	case it.times != 1 || it.Status < 100 || it.Status > 599:
		return nil, errUnreadable
	case it.Status != http.StatusOK:
		return nil, answered(it.Status, it.errorBody().Code, token)
	}
	return readNames(it.Body)
}

// readNames reads {"value":["…",…]}. A list that goes on elsewhere is not whole.
func readNames(answer []byte) ([]string, error) {
	object, err := read[members](answer)
	if err != nil {
		return nil, err
	}
	if !absent(object["@odata.nextLink"]) {
		return nil, errContinues
	}
	list, err := read[[]json.RawMessage](object["value"])
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, raw := range list {
		if names[i], err = read[string](raw); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// ofThese picks out of the ids that Graph named those that were asked for.
func (c *Client) ofThese(ctx context.Context, asked, named []string) []string {
	got := map[string]bool{}
	for _, name := range named {
		id, _ := guid(name)
		got[id] = true
	}
	var out []string
	for _, id := range asked {
		if got[id] {
			out = append(out, id)
			delete(got, id)
		}
	}
	if len(got) > 0 {
		c.log.WarnContext(ctx, "graph named groups that nobody asked for: they are ignored", "groups", len(got), "asked", len(asked))
	}
	return out
}
