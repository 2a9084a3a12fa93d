package entra_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// checkBody is a body of checkMemberGroups.
func checkBody(ids ...string) string {
	return `{"groupIds":["` + strings.Join(ids, `","`) + `"]}`
}

func TestMembersOfOthersArePermissions(t *testing.T) {
	w := start(t)
	tokens := map[string]string{
		"members": w.appToken("GroupMember.Read.All"), "groups": w.appToken("Group.Read.All"), "directory": w.appToken("Directory.Read.All"),
		"users": w.appToken("User.Read.All"), "apps": w.appToken("Application.Read.All"), "none": w.appToken(),
		"user": w.graphToken(entra.Bob, "User.Read"), "reader": w.graphToken(entra.Bob, "GroupMember.Read.All"),
	}
	all := []string{"members", "groups", "directory", "reader"}
	for question, allowed := range map[string][]string{
		"GET transitiveMemberOf":        append([]string{"users"}, all...),
		"GET memberOf":                  append([]string{"users"}, all...),
		"GET transitiveMemberOf/$count": append([]string{"users"}, all...),
		"POST getMemberObjects":         append([]string{"users"}, all...),
		"POST getMemberGroups":          all,
		"POST checkMemberGroups":        all,
	} {
		method, path, _ := strings.Cut(question, " ")
		for name, token := range tokens {
			want := http.StatusForbidden
			for _, ok := range allowed {
				if ok == name {
					want = http.StatusOK
				}
			}
			t.Run(name+" "+question, func(t *testing.T) {
				body := checkBody(entra.GroupID(1))
				got := w.graph(method, token, "/v1.0/users/"+entra.AdeleOID+"/"+path, body)
				if got.status != want || want == http.StatusForbidden && graphCode(t, got.json(t)) != "Authorization_RequestDenied" {
					t.Errorf("got %d %s", got.status, got.body)
				}
				unknown := w.graph(method, token, "/v1.0/users/"+entra.DefaultTenantID+"/"+path, body)
				if want == http.StatusOK {
					want = http.StatusNotFound
				}
				if unknown.status != want {
					t.Errorf("of nobody: %d %s", unknown.status, unknown.body)
				}
			})
		}
	}
}

func TestMembersOfMeArePermissions(t *testing.T) {
	w := start(t)
	app := w.appToken("GroupMember.Read.All")
	for _, row := range []struct {
		scope, question string
		status          int
	}{
		{"User.Read", "checkMemberGroups", 200},
		{"GroupMember.Read.All", "checkMemberGroups", 200},
		{"Calendars.Read", "checkMemberGroups", 403},
		{"GroupMember.Read.All", "getMemberObjects", 200},
		{"Directory.Read.All", "getMemberObjects", 200},
		{"User.Read", "getMemberObjects", 403},
		{"User.Read.All", "getMemberObjects", 403},
		{"GroupMember.Read.All", "getMemberGroups", 200},
		{"User.Read", "getMemberGroups", 403},
		{"GroupMember.Read.All", "getMemberObjects/$count", 400},
		{"GroupMember.Read.All", "getMemberCats", 400},
	} {
		t.Run(row.scope+" "+row.question, func(t *testing.T) {
			path, body := "/v1.0/me/"+row.question, checkBody(entra.GroupID(1))
			if got := w.graph("POST", w.graphToken(entra.Adele, row.scope), path, body); got.status != row.status {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if got := w.graph("POST", app, path, body); got.status != http.StatusBadRequest {
				t.Errorf("as an app: %d %s", got.status, got.body)
			}
		})
	}
}

func TestMembersByName(t *testing.T) {
	w := startWith(t, func(c *entra.Config) {
		c.Users = append(entra.DefaultUsers(), entra.User{
			ID: "guest", ObjectID: "a1000000-0000-4000-8000-000000000001", Username: "gina_mail.example#EXT#@contoso.example", Groups: []string{entra.GroupID(1), entra.GroupID(2)},
		}, entra.User{ID: "far", ObjectID: "a1000000-0000-4000-8000-000000000002", TenantID: entra.OtherTenantID, Username: "far@fabrikam.example"})
	})
	token := w.appToken("GroupMember.Read.All")
	for _, row := range []struct {
		name, id string
		status   int
	}{
		{"object id", entra.AdeleOID, 200},
		{"object id in upper case", strings.ToUpper(entra.AdeleOID), 200},
		{"user principal name", "adele@contoso.example", 200},
		{"user principal name in upper case", "ADELE@contoso.example", 200},
		{"guest", "gina_mail.example%23EXT%23@contoso.example", 200},
		{"name in the emulator alone", entra.Adele, 404},
		{"email that is no name", "adele.vance@contoso.example", 404},
		{"user of another tenant", "a1000000-0000-4000-8000-000000000002", 404},
		{"nobody", "nobody@contoso.example", 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.graph("GET", token, "/v1.0/users/"+row.id+"/transitiveMemberOf?$top=1", "")
			if got.status != row.status {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if row.status != http.StatusOK {
				if graphCode(t, got.json(t)) != "Request_ResourceNotFound" {
					t.Errorf("got %s", got.body)
				}
				return
			}
			next, _ := got.json(t)["@odata.nextLink"].(string)
			path, ok := strings.CutPrefix(next, w.BaseURL())
			if second := w.graph("GET", token, path, ""); !ok || second.status != http.StatusOK || !strings.Contains(second.body, entra.GroupID(2)) || strings.Contains(second.body, "nextLink") {
				t.Errorf("next page %q: %d %s", next, second.status, second.body)
			}
		})
	}
	for _, path := range []string{"/v1.0/users", "/v1.0/users/" + entra.AdeleOID, "/v1.0/users/" + entra.AdeleOID + "/cats"} {
		if got := w.graph("GET", token, path, ""); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestCheckMemberGroupsBodies(t *testing.T) {
	w := start(t)
	token := w.appToken("GroupMember.Read.All")
	many := func(n int) []string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = entra.GroupID(240 + i)
		}
		return ids
	}
	for _, row := range []struct {
		name, body string
		status     int
		want       int // groups in the answer
	}{
		{"one that she is in", checkBody(entra.GroupID(250)), 200, 1},
		{"one that she is not in", checkBody(entra.GroupID(251)), 200, 0},
		{"in upper case", checkBody(strings.ToUpper(entra.GroupID(250))), 200, 1},
		{"twice", checkBody(entra.GroupID(250), entra.GroupID(250)), 200, 1},
		{"20 ids", checkBody(many(20)...), 200, 11},
		{"21 ids", checkBody(many(21)...), 400, 0},
		{"no ids", `{"groupIds":[]}`, 400, 0},
		{"no body", "", 400, 0},
		{"no GUID among them", checkBody(entra.GroupID(250), "Admins"), 400, 0},
	} {
		for _, path := range []string{"/v1.0/users/" + entra.GraceOID, "/v1.0/me"} {
			t.Run(row.name+" "+path, func(t *testing.T) {
				if path == "/v1.0/me" {
					token = w.graphToken(entra.Grace, "User.Read")
				}
				got := w.graph("POST", token, path+"/checkMemberGroups", row.body)
				if got.status != row.status {
					t.Fatalf("got %d %s", got.status, got.body)
				}
				if row.status == 200 && len(strings.Fields(list(got.json(t)["value"]))) != row.want {
					t.Errorf("got %s", got.body)
				}
			})
		}
		token = w.appToken("GroupMember.Read.All")
	}
}

func TestMemberObjectsLimit(t *testing.T) {
	w := startWith(t, func(c *entra.Config) { c.MaxMemberObjects = 250 })
	u, _ := w.User(entra.Bob)
	for n := range 251 {
		u.Groups = append(u.Groups, entra.GroupID(n+1))
	}
	w.SetUser(u)
	token := w.appToken("Directory.Read.All")
	for user, want := range map[string]int{entra.GraceOID: 200, entra.BobOID: 400} {
		for _, question := range []string{"getMemberObjects", "getMemberGroups"} {
			got := w.graph("POST", token, "/v1.0/users/"+user+"/"+question, `{"securityEnabledOnly":false}`)
			if got.status != want || want == 400 && graphCode(t, got.json(t)) != "Directory_ResultSizeLimitExceeded" {
				t.Errorf("%s of %s: %d %.200s", question, user, got.status, got.body)
			}
		}
	}
	if got := w.graph("GET", token, "/v1.0/users/"+entra.BobOID+"/transitiveMemberOf?$select=id&$top=999", ""); strings.Count(got.body, `"id"`) != 251 {
		t.Errorf("transitiveMemberOf: %d %.200s", got.status, got.body)
	}
}

func TestNextLinkFault(t *testing.T) {
	w := start(t)
	const evil = "https://evil.example/v1.0/me/memberOf?$skiptoken=1"
	w.SetFaults(entra.Faults{NextLink: evil})
	for path, token := range map[string]string{
		"/v1.0/me/memberOf": w.graphToken(entra.Grace, "User.Read"),
		"/v1.0/users/" + entra.AdeleOID + "/transitiveMemberOf?$top=999": w.appTokenKeeping(entra.Faults{NextLink: evil}),
	} {
		var page struct {
			Next  string `json:"@odata.nextLink"`
			Value []any
		}
		got := w.graph("GET", token, path, "")
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || page.Next != evil || len(page.Value) == 0 {
			t.Errorf("%s: %v %.200s", path, err, got.body)
		}
	}
	if got := w.graph("GET", w.graphToken(entra.Adele, "User.Read"), "/v1.0/me", ""); strings.Contains(got.body, "nextLink") {
		t.Errorf("no collection: %s", got.body)
	}
}

// appTokenKeeping is a token with GroupMember.Read.All that leaves these faults in force.
func (w *world) appTokenKeeping(f entra.Faults) string {
	w.t.Helper()
	token := w.appToken("GroupMember.Read.All")
	w.SetFaults(f)
	return token
}

func TestNewChecksGraph(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*entra.Config)
		want string // "" means accepted
	}{
		{"smallest limit", func(c *entra.Config) { c.MaxMemberObjects = 1 }, ""},
		{"negative limit", func(c *entra.Config) { c.MaxMemberObjects = -1 }, "negative"},
		{"disabled scope", func(c *entra.Config) { c.Clients[0].DisabledScopes = []string{"old.read"} }, ""},
		{"exposed scope disabled", func(c *entra.Config) { c.Clients[0].DisabledScopes = []string{"orders.write"} }, "both exposed and disabled"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := config(newClock())
			row.edit(&cfg)
			defer func() {
				if got, _ := recover().(string); (row.want == "") != (got == "") || !strings.Contains(got, row.want) {
					t.Errorf("panic %q, want %q", got, row.want)
				}
			}()
			entra.New(cfg)
		})
	}
}
