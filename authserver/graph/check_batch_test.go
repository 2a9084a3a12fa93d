package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// batchOf decodes a batch of checks and answers each with reply, the last first.
func batchOf(t *testing.T, reply func(i int, ids []string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Requests []struct {
				ID, Method, URL string
				Headers         map[string]string
				Body            struct{ GroupIDs []string }
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != "/v1.0/$batch" {
			t.Errorf("%s: %v", r.URL, err)
		}
		var parts []string
		for i, one := range in.Requests {
			if one.Method != "POST" || one.URL != "/users/"+strings.ToLower(aUser)+"/checkMemberGroups" || one.Headers["Content-Type"] != "application/json" || len(one.Body.GroupIDs) > 20 {
				t.Errorf("item %+v", one)
			}
			if text := reply(i, one.Body.GroupIDs); text != "" {
				parts = append(parts, fmt.Sprintf(`{"id":%q,%s}`, one.ID, text))
			}
		}
		slices.Reverse(parts)
		answer(`{"responses":[`+strings.Join(parts, ",")+`]}`)(w, r)
	}
}

func TestCheckAsksInABatch(t *testing.T) {
	for _, n := range []int{21, 40, 41, 399, 400} {
		items := 0
		f := newFake(t, time.Minute, batchOf(t, func(_ int, ids []string) string {
			items++
			return `"status":200,"body":` + list(strings.ToUpper(ids[0]))
		}))
		ids := groupIDsOf(1, n)
		var want []string
		for i := 0; i < n; i += 20 {
			want = append(want, ids[i])
		}
		got, err := f.member(t, aUser, append(ids, ids...)...)
		if err != nil || !slices.Equal(got, want) || items != (n+19)/20 || f.requests.Load() != 1 {
			t.Errorf("%d ids: %d in %d items, %d requests, %v", n, len(got), items, f.requests.Load(), err)
		}
	}
}

func TestCheckFailsAsAWhole(t *testing.T) {
	ok := `"status":200,"body":` + list()
	status := func(n int, headers string) string {
		return fmt.Sprintf(`"status":%d,"headers":%s,"body":{"error":{"code":"Some_Code","message":"private"}}`, n, headers)
	}
	challenge, _ := json.Marshal(map[string]string{"WWW-Authenticate": demand(b64(theClaims))})
	for _, tt := range []struct {
		name  string
		items [3]string
		want  Error
		text  string
	}{
		{"403", [3]string{ok, status(403, "{}"), ok}, Error{Reason: ReasonForbidden}, "graph answered 403 Some_Code"},
		{"the first failure counts", [3]string{ok, status(404, "{}"), status(403, "{}")}, Error{Reason: ReasonNotFound}, "404"},
		{"401 with a claims challenge", [3]string{ok, ok, status(401, string(challenge))}, Error{Reason: ReasonUnauthorized, Claims: theClaims}, "401"},
		{"throttled", [3]string{status(429, `{"Retry-After":"10"}`), ok, ok}, Error{Reason: ReasonUnavailable, RetryAfter: 10 * time.Second}, "429"},
		{"throttled, a number", [3]string{status(429, `{"retry-after":10}`), ok, ok}, Error{Reason: ReasonUnavailable, RetryAfter: 10 * time.Second}, "429"},
		{"throttled, an object", [3]string{status(429, `{"Retry-After":{"a":10}}`), ok, ok}, Error{Reason: ReasonUnavailable}, "429"},
		{
			"the longest wait counts",
			[3]string{status(429, `{"Retry-After":"10"}`), status(429, `{"Retry-After":"30"}`), status(503, `{"Retry-After":"20"}`)},
			Error{Reason: ReasonUnavailable, RetryAfter: 30 * time.Second},
			"429",
		},
		{"502", [3]string{ok, status(502, "{}"), ok}, Error{Reason: ReasonUnavailable}, "502"},
		{"302", [3]string{ok, `"status":302,"headers":{"Location":"https://x"}`, ok}, Error{Reason: ReasonUnreadable}, "302"},
		{"204", [3]string{ok, `"status":204`, ok}, Error{Reason: ReasonUnreadable}, "204"},
		{"status as a text", [3]string{ok, `"status":"200","body":` + list(), ok}, Error{Reason: ReasonUnreadable}, ""},
		{"no status", [3]string{ok, `"body":` + list(), ok}, Error{Reason: ReasonUnreadable}, ""},
		{"no body", [3]string{ok, `"status":200`, ok}, Error{Reason: ReasonUnreadable}, ""},
		{"missing", [3]string{ok, "", ok}, Error{Reason: ReasonUnreadable}, ""},
		{"base64", [3]string{ok, `"status":200,"body":"` + b64(list()) + `"`, ok}, Error{Reason: ReasonUnreadable}, ""},
		{"twice", [3]string{ok, ok + `},{"id":"2",` + ok, ok}, Error{Reason: ReasonUnreadable}, ""},
		{"twice, once refused", [3]string{ok, ok + `},{"id":"2",` + status(403, "{}"), ok}, Error{Reason: ReasonUnreadable}, ""},
	} {
		f := newFake(t, time.Minute, batchOf(t, func(i int, _ []string) string { return tt.items[i] }))
		got, err := f.member(t, aUser, groupIDsOf(1, 60)...)
		e := refused(t, tt.name, err)
		if got != nil || e.Reason != tt.want.Reason || e.RetryAfter != tt.want.RetryAfter || e.Claims != tt.want.Claims || !strings.Contains(e.Error(), tt.text) {
			t.Errorf("%s: %v, %+v %v", tt.name, got, *e, e)
		}
		if f.requests.Load() != 1 {
			t.Errorf("%s: %d requests", tt.name, f.requests.Load())
		}
	}
	f := newFake(t, time.Minute, batchOf(t, func(int, []string) string { return ok }))
	if got, err := f.member(t, aUser, groupIDsOf(1, 60)...); err != nil || len(got) != 0 {
		t.Errorf("nothing wrong: %v, %v", got, err)
	}
	f = newFake(t, time.Minute, answer(`{"responses":[{"id":"1",`+ok+`},{"id":"2",`+ok+`},{"id":"3",`+ok+`},{"id":"4",`+status(403, "{}")+`}]}`))
	if got, err := f.member(t, aUser, groupIDsOf(1, 60)...); err != nil || len(got) != 0 {
		t.Errorf("an item that nobody asked for: %v, %v", got, err)
	}
}
