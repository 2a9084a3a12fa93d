package entra_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

type batchAnswer struct {
	ID      string
	Status  int
	Headers map[string]string
	Body    json.RawMessage
}

func (w *world) batch(token string, requests ...string) (reply, map[string]batchAnswer, []string) {
	w.t.Helper()
	got := w.graph("POST", token, "/v1.0/$batch", `{"requests":[`+strings.Join(requests, ",")+`]}`)
	var body struct{ Responses []batchAnswer }
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		w.t.Fatalf("%v in %s", err, got.body)
	}
	byID, order := map[string]batchAnswer{}, []string{}
	for _, a := range body.Responses {
		byID[a.ID] = a
		order = append(order, a.ID)
	}
	return got, byID, order
}

func item(id, target string, more ...string) string {
	return fmt.Sprintf(`{"id":%q,"method":"GET","url":%q%s}`, id, target, strings.Join(more, ""))
}

func TestBatch(t *testing.T) {
	w := start(t)
	token := w.graphToken(entra.Adele, "User.Read")
	got, answers, order := w.batch(token,
		item("1", "/me?$select=displayName"), item("2", "/me/manager"), item("3", "/me/memberOf/$count"), item("4", "me/photo/$value"),
		item("5", "https://evil.example/me"), item("6", "//evil.example/me"), item("7", "/cats"), item("8", "/$batch"),
		`{"id":"9","method":"POST","url":"/me/checkMemberGroups","headers":{"Content-Type":"application/json"},"body":{"groupIds":["`+entra.GroupID(2)+`"]}}`,
	)
	if got.status != http.StatusOK || slices.IsSorted(order) || len(order) != 9 {
		t.Errorf("status %d, order %v", got.status, order)
	}
	for id, want := range map[string]int{"1": 200, "2": 403, "3": 200, "4": 404, "5": 400, "6": 400, "7": 400, "8": 400, "9": 200} {
		if answers[id].Status != want {
			t.Errorf("item %s: %d %s", id, answers[id].Status, answers[id].Body)
		}
	}
	if want := `{"@odata.context":"` + w.BaseURL() + `/v1.0/$metadata#users(displayName)/$entity","displayName":"Adele Vance"}`; string(answers["1"].Body) != want || !strings.HasPrefix(answers["1"].Headers["Content-Type"], "application/json") {
		t.Errorf("item 1: %s %v", answers["1"].Body, answers["1"].Headers)
	}
	if string(answers["3"].Body) != "2" || answers["3"].Headers["Content-Type"] != "text/plain" {
		t.Errorf("item 3: %s %v", answers["3"].Body, answers["3"].Headers)
	}
	var denied map[string]any
	if err := json.Unmarshal(answers["2"].Body, &denied); err != nil || graphCode(t, denied) != "Authorization_RequestDenied" {
		t.Errorf("item 2: %s", answers["2"].Body)
	}
	if !strings.Contains(string(answers["9"].Body), entra.GroupID(2)) {
		t.Errorf("item 9: %s", answers["9"].Body)
	}
	if w.Requests(entra.EndpointGraph) != 1 || !slices.Contains(w.GraphURLs(), "GET /me?$select=displayName") {
		t.Errorf("%d requests, %v", w.Requests(entra.EndpointGraph), w.GraphURLs())
	}
}

func TestBatchDependencies(t *testing.T) {
	w := start(t)
	_, answers, _ := w.batch(w.graphToken(entra.Adele, "User.Read"),
		item("a", "/me"), item("b", "/me/manager"), item("c", "/me", `,"dependsOn":["A"]`), item("d", "/me", `,"dependsOn":["b"]`), item("e", "/me", `,"dependsOn":["d"]`))
	for id, want := range map[string]int{"a": 200, "b": 403, "c": 200, "d": 424, "e": 424} {
		if answers[id].Status != want {
			t.Errorf("item %s: %d", id, answers[id].Status)
		}
	}
}

func TestBatchIsRefused(t *testing.T) {
	w := start(t)
	token := w.graphToken(entra.Adele, "User.Read")
	many := func(n int) string {
		var items []string
		for i := range n {
			items = append(items, item(fmt.Sprint(i), "/me"))
		}
		return `{"requests":[` + strings.Join(items, ",") + `]}`
	}
	for _, row := range []struct {
		name, token, body string
		want              int
	}{
		{"20 items", token, many(20), 200},
		{"21 items", token, many(21), 400},
		{"no item", token, `{"requests":[]}`, 400},
		{"no JSON", token, `{"requests":`, 400},
		{"same id", token, `{"requests":[` + item("a", "/me") + "," + item("A", "/me") + `]}`, 400},
		{"no id", token, `{"requests":[` + item("", "/me") + `]}`, 400},
		{"no url", token, `{"requests":[` + item("1", "") + `]}`, 400},
		{"depends on a later one", token, `{"requests":[` + item("1", "/me", `,"dependsOn":["2"]`) + "," + item("2", "/me") + `]}`, 400},
		{"too large", token, `{"requests":[` + item("1", "/me?"+strings.Repeat("x", 5<<20)) + `]}`, 413},
		{"no token", "", many(1), 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := w.graph("POST", row.token, "/v1.0/$batch", row.body); got.status != row.want || row.want != 200 && graphCode(t, got.json(t)) == nil {
				t.Errorf("got %d %.300s", got.status, got.body)
			}
		})
	}
}
