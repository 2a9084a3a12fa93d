package entra_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const getByIDs = "/v1.0/directoryObjects/getByIds?$select=id,displayName"

// idsBody is a body of getByIds.
func idsBody(t *testing.T, types []string, ids ...string) string {
	t.Helper()
	in := map[string]any{"ids": ids}
	if types != nil {
		in["types"] = types
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// found is type, id and name of each object of an answer.
func found(t *testing.T, got reply) []string {
	t.Helper()
	value, _ := got.json(t)["value"].([]any)
	var list []string
	for _, v := range value {
		item, _ := v.(map[string]any)
		list = append(list, fmt.Sprintf("%v %v %v", strings.TrimPrefix(fmt.Sprint(item["@odata.type"]), "#microsoft.graph."), item["id"], item["displayName"]))
	}
	return list
}

func TestGetByIDs(t *testing.T) {
	const evil = "Bosses\r\nX: y|\x00"
	w := startWith(t, func(c *entra.Config) { c.GroupNames = map[string]string{entra.GroupID(2): evil} })
	first, second := "group "+entra.GroupID(1)+" Group 001", "group "+entra.GroupID(2)+" "+evil
	adele := "user " + entra.AdeleOID + " Adele Vance"
	both := []string{entra.GroupID(1), strings.ToUpper(entra.GroupID(2)), entra.GroupID(1), entra.GroupID(999), entra.AdeleOID}
	for _, row := range []struct {
		name, scope string
		types       []string
		want        string
	}{
		{"groups", "GroupMember.Read.All", []string{"group"}, first + "\n" + second},
		{"groups, more rights", "Directory.Read.All", []string{"Group"}, first + "\n" + second},
		{"users", "User.Read.All", []string{"user"}, adele},
		{"both", "Directory.Read.All", []string{"user", "group"}, first + "\n" + second + "\n" + adele},
		{"all", "Directory.Read.All", nil, first + "\n" + second + "\n" + adele},
		{"all, by name", "Directory.Read.All", []string{"directoryObject"}, first + "\n" + second + "\n" + adele},
		{"groups, without the right", "User.Read.All", []string{"group"}, "group " + entra.GroupID(1) + " <nil>\ngroup " + entra.GroupID(2) + " <nil>"},
		{"all, with one right", "Group.Read.All", nil, first + "\n" + second + "\nuser " + entra.AdeleOID + " <nil>"},
		{"devices", "Directory.Read.All", []string{"device"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.graph(http.MethodPost, w.graphToken(entra.Bob, row.scope), getByIDs, idsBody(t, row.types, both...))
			if have := strings.Join(found(t, got), "\n"); got.status != http.StatusOK || have != row.want {
				t.Errorf("%d %q, want %q", got.status, have, row.want)
			}
		})
	}
	token := w.graphToken(entra.Bob, "GroupMember.Read.All")
	whole := w.graph(http.MethodPost, token, "/v1.0/directoryObjects/getByIds", idsBody(t, []string{"group"}, entra.GroupID(2)))
	member := w.graph(http.MethodGet, w.graphToken(entra.Adele, "GroupMember.Read.All"), "/v1.0/me/memberOf", "")
	one, _ := whole.json(t)["value"].([]any)[0].(map[string]any)
	of, _ := member.json(t)["value"].([]any)[1].(map[string]any)
	if one["displayName"] != evil || of["displayName"] != evil || one["securityEnabled"] != true || len(one) != len(of) {
		t.Errorf("by id %v, of a member %v", one, of)
	}
	if none := w.graph(http.MethodPost, w.appToken("Directory.Read.All"), getByIDs, idsBody(t, nil, entra.OtherTenantID)); none.status != http.StatusOK || !strings.Contains(none.body, `"value":[]`) {
		t.Errorf("nobody: %d %s", none.status, none.body)
	}
	batch := w.graph(http.MethodPost, token, "/v1.0/$batch", `{"requests":[{"id":"1","method":"POST","url":"/directoryObjects/getByIds?$select=id,displayName","headers":{"Content-Type":"application/json"},"body":`+idsBody(t, []string{"group"}, entra.GroupID(1))+`}]}`)
	if !strings.Contains(batch.body, `"Group 001"`) {
		t.Errorf("batch: %s", batch.body)
	}
}

func TestGetByIDsRefuses(t *testing.T) {
	w := start(t)
	many := make([]string, 1001)
	for i := range many {
		many[i] = entra.GroupID(i + 1)
	}
	good, groups := w.graphToken(entra.Bob, "GroupMember.Read.All"), []string{"group"}
	for _, row := range []struct {
		name, token, method, target, body string
		status                            int
	}{
		{"nothing wrong", good, "POST", getByIDs, idsBody(t, groups, entra.GroupID(1)), 200},
		{"1000 ids", good, "POST", getByIDs, idsBody(t, groups, many[:1000]...), 200},
		{"1001 ids", good, "POST", getByIDs, idsBody(t, groups, many...), 400},
		{"no ids", good, "POST", getByIDs, idsBody(t, groups), 400},
		{"no body", good, "POST", getByIDs, "", 400},
		{"no GUID", good, "POST", getByIDs, idsBody(t, groups, entra.GroupID(1), "x"), 400},
		{"unknown property", good, "POST", "/v1.0/directoryObjects/getByIds?$select=id,secret", idsBody(t, groups, entra.GroupID(1)), 400},
		{"GET", good, "GET", getByIDs, "", 405},
		{"User.Read alone", w.graphToken(entra.Bob, "User.Read"), "POST", getByIDs, idsBody(t, groups, entra.GroupID(1)), 403},
		{"another function", good, "POST", "/v1.0/directoryObjects/getByNames", idsBody(t, groups, entra.GroupID(1)), 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := w.graph(row.method, row.token, row.target, row.body); got.status != row.status {
				t.Errorf("%d %.300s", got.status, got.body)
			}
		})
	}
}
