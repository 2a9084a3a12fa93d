package entra_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestGraphCalls(t *testing.T) {
	w := start(t)
	user, app := w.graphToken(entra.Adele, "User.Read"), w.appToken("GroupMember.Read.All")
	body := checkBody(entra.GroupID(1))
	w.batch(user, item("1", "/me?$select=id"), item("2", "/me/manager"), `{"id":"3","method":"post","url":"me/checkMemberGroups","body":`+body+`}`)
	w.graph("POST", app, "/v1.0/users/"+entra.BobOID+"/checkMemberGroups", body)
	w.graph("GET", "no token", "/v1.0/me", "")
	want := []entra.GraphCall{
		{Method: "GET", URL: "/me?$select=id", Batched: true, User: entra.AdeleOID, Status: 200},
		{Method: "GET", URL: "/me/manager", Batched: true, User: entra.AdeleOID, Status: 403},
		{Method: "POST", URL: "/me/checkMemberGroups", Body: body, Batched: true, User: entra.AdeleOID, Status: 200},
		{Method: "POST", URL: "/users/" + entra.BobOID + "/checkMemberGroups", Body: body, App: true, Status: 200},
	}
	if got := w.GraphCalls(); !slices.Equal(got, want) {
		t.Errorf("calls %+v", got)
	}
	if got := w.GraphURLs(); len(got) != 4 || got[2] != "POST /me/checkMemberGroups" || w.Requests(entra.EndpointGraph) != 3 {
		t.Errorf("URLs %v, %d requests", got, w.Requests(entra.EndpointGraph))
	}
	w.ResetCounts()
	if w.GraphCalls() != nil || w.GraphURLs() != nil {
		t.Error("calls are not forgotten")
	}
	w.graph("POST", app, "/v1.0/users/"+entra.BobOID+"/checkMemberGroups", strings.Repeat(" ", 1<<16))
	if got := w.GraphCalls(); len(got) != 1 || len(got[0].Body) != 8<<10 || got[0].Status != 400 {
		t.Errorf("a large body: %d calls", len(got))
	}
	for range 60 {
		items := make([]string, 20)
		for i := range items {
			items[i] = item(string(rune('a'+i)), "/cats")
		}
		w.batch(user, items...)
	}
	if got := len(w.GraphCalls()); got != 1000 {
		t.Errorf("%d calls are remembered", got)
	}
}

func TestGraphItemFaultsPass(t *testing.T) {
	w := start(t)
	token := w.graphToken(entra.Adele, "User.Read")
	w.SetFaults(entra.Faults{Graph: map[string]entra.ItemFault{
		"/me":                {Status: 429, RetryAfter: 3, Times: 2},
		"/me?$select=mail":   {Header: map[string]string{"Retry-After": "soon"}},
		"/organization":      {Status: 503, Header: map[string]string{"Retry-After": "Sun, 01 Mar 2026 12:01:00 GMT"}},
		"/me/memberOf":       {Status: 401},
		"/me/photo/$value":   {RetryAfter: 3},
		"/me/cats":           {Status: 200, Body: map[string]any{"cats": 9}},
		"/me/getMemberCats":  {Times: 1},
		"/me?$select=mobile": {Times: 1, Status: 500},
	}})
	for _, row := range []struct {
		name, url, after string
		status           int
	}{
		{"first", "/me", "3", 429},
		{"second, with a query", "/me?$select=id", "3", 429},
		{"third", "/me", "", 200},
		{"a header on the real answer", "/me?$select=mail", "soon", 200},
		{"a header instead of seconds", "/organization", "Sun, 01 Mar 2026 12:01:00 GMT", 503},
		{"401", "/me/memberOf", "", 401},
		{"no status, no Retry-After", "/me/photo/$value", "", 404},
		{"a body", "/me/cats", "", 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, answers, _ := w.batch(token, item("1", row.url))
			if got := answers["1"]; got.Status != row.status || got.Headers["Retry-After"] != row.after {
				t.Errorf("got %+v", got)
			}
		})
	}
	w.SetFaults(entra.Faults{Graph: map[string]entra.ItemFault{"/me": {Status: 429, Times: 1}}})
	if first, second := w.graph("GET", token, "/v1.0/me", ""), w.graph("GET", token, "/v1.0/me", ""); first.status != 429 || second.status != 200 {
		t.Errorf("faults set again: %d, then %d", first.status, second.status)
	}
}

func TestGraphItemDelay(t *testing.T) {
	w := start(t)
	token := w.graphToken(entra.Adele, "User.Read")
	const wait = 60 * time.Millisecond
	w.SetFaults(entra.Faults{Graph: map[string]entra.ItemFault{"/me": {Delay: wait}, "/me/memberOf": {Delay: wait, Status: 503}, "/organization": {Delay: time.Hour}}})
	began := time.Now()
	_, answers, _ := w.batch(token, item("1", "/me"), item("2", "/me/memberOf"))
	if took := time.Since(began); took < 2*wait || answers["1"].Status != 200 || answers["2"].Status != 503 {
		t.Errorf("%v after %v", answers, took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := do(ctx, t, w.browser, http.MethodGet, w.BaseURL()+"/v1.0/organization", "", "Authorization", "Bearer "+token)
		done <- err
	}()
	for !slices.Contains(w.GraphURLs(), "GET /organization") { // seen while it waits
		time.Sleep(time.Millisecond)
	}
	if last := w.GraphCalls()[2]; last.Status != 0 {
		t.Errorf("answered: %+v", last)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for w.GraphCalls()[2].Status == 0 { // the handler ends with its client
		time.Sleep(time.Millisecond)
	}
	if w.Requests(entra.EndpointGraph) != 2 {
		t.Errorf("%d requests", w.Requests(entra.EndpointGraph))
	}
}

// TestThrottledGraph: 429 as a whole, then not.
func TestThrottledGraph(t *testing.T) {
	w := start(t)
	token := w.appToken("GroupMember.Read.All")
	w.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointGraph: {Status: 429, RetryAfter: 11, Times: 2}}})
	for _, path := range []string{"/v1.0/$batch", "/v1.0/users/" + entra.AdeleOID + "/getMemberObjects"} {
		if got := w.graph("POST", token, path, "{}"); got.status != 429 || got.header.Get("Retry-After") != "11" || graphCode(t, got.json(t)) != "TooManyRequests" {
			t.Errorf("%s: %d %v %s", path, got.status, got.header, got.body)
		}
	}
	if got := w.graph("POST", token, "/v1.0/users/"+entra.AdeleOID+"/getMemberObjects", "{}"); got.status != 200 || len(w.GraphCalls()) != 1 {
		t.Errorf("then %d, %v", got.status, w.GraphCalls())
	}
}
