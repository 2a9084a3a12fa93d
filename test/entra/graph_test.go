package entra_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// graphToken is a Graph token of a user of the web application.
func (w *world) graphToken(user, scope string) string {
	w.t.Helper()
	raw, err := w.UserToken(user, webID, scope)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

func (w *world) graph(method, token, path, body string) reply {
	w.t.Helper()
	got, err := do(w.t.Context(), w.t, w.browser, method, w.BaseURL()+path, body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// graphCode is the code of Graph's error object.
func graphCode(t *testing.T, body map[string]any) any {
	t.Helper()
	inner, _ := body["error"].(map[string]any)
	if inner == nil {
		return nil
	}
	if details, _ := inner["innerError"].(map[string]any); inner["message"] == "" || details["request-id"] == nil || details["date"] == nil {
		t.Errorf("error object %v", inner)
	}
	return inner["code"]
}

func TestGraphStatuses(t *testing.T) {
	w := start(t)
	app, err := w.AppToken(webID, entra.GraphURI+"/.default")
	if err != nil {
		t.Fatal(err)
	}
	readAll, read, none := w.graphToken(entra.Adele, "User.Read User.Read.All"), w.graphToken(entra.Adele, "User.Read"), w.graphToken(entra.Adele, "Calendars.Read")
	bossless := w.graphToken(entra.Zoe, "User.Read User.Read.All")
	members := w.graphToken(entra.Adele, "GroupMember.Read.All")
	for _, row := range []struct {
		name, token, method, path string
		status                    int
		code                      any
	}{
		{"me", read, "GET", "/v1.0/me", 200, nil},
		{"me in beta", read, "GET", "/beta/me", 200, nil},
		{"me without the scope", none, "GET", "/v1.0/me", 403, "Authorization_RequestDenied"},
		{"me as an app", app, "GET", "/v1.0/me", 400, "BadRequest"},
		{"me by POST", read, "POST", "/v1.0/me", 405, "Request_BadRequest"},
		{"unknown property", read, "GET", "/v1.0/me?$select=id,nonsense", 400, "BadRequest"},
		{"manager", readAll, "GET", "/v1.0/me/manager", 200, nil},
		{"manager without the scope", read, "GET", "/v1.0/me/manager", 403, "Authorization_RequestDenied"},
		{"no manager", bossless, "GET", "/v1.0/me/manager", 404, "Request_ResourceNotFound"},
		{"manager, unknown property", readAll, "GET", "/v1.0/me/manager?$select=x", 400, "BadRequest"},
		{"memberOf", read, "GET", "/v1.0/me/memberOf", 200, nil},
		{"memberOf without the scope", none, "GET", "/v1.0/me/memberOf", 403, "Authorization_RequestDenied"},
		{"memberOf, $top of 0", read, "GET", "/v1.0/me/memberOf?$top=0", 400, "Request_UnsupportedQuery"},
		{"memberOf, unknown page", read, "GET", "/v1.0/me/memberOf?$skiptoken=x", 400, "Directory_ExpiredPageToken"},
		{"memberOf, unknown property", read, "GET", "/v1.0/me/memberOf?$select=x", 400, "BadRequest"},
		{"count", read, "GET", "/v1.0/me/memberOf/$count", 200, nil},
		{"count without the scope", none, "GET", "/v1.0/me/memberOf/$count", 403, "Authorization_RequestDenied"},
		{"organization", read, "GET", "/v1.0/organization", 200, nil},
		{"organization as an app", app, "GET", "/v1.0/organization", 200, nil},
		{"organization without the scope", none, "GET", "/v1.0/organization", 403, "Authorization_RequestDenied"},
		{"organization, unknown property", read, "GET", "/v1.0/organization?$select=x", 400, "BadRequest"},
		{"photo", read, "GET", "/v1.0/me/photo/$value", 404, "ImageNotFound"},
		{"photo without the scope", none, "GET", "/v1.0/me/photo/$value", 403, "Authorization_RequestDenied"},
		{"unknown below me", read, "GET", "/v1.0/me/cats", 400, "BadRequest"},
		{"unknown", read, "GET", "/v1.0/cats", 400, "BadRequest"},
		{"getMemberObjects without the scope", read, "POST", "/v1.0/me/getMemberObjects", 403, "Authorization_RequestDenied"},
		{"getMemberObjects", members, "POST", "/v1.0/me/getMemberObjects", 200, nil},
		{"getMemberObjects by GET", members, "GET", "/v1.0/me/getMemberObjects", 405, "Request_BadRequest"},
		{"checkMemberGroups by GET", read, "GET", "/v1.0/me/checkMemberGroups", 405, "Request_BadRequest"},
		{"checkMemberGroups of nothing", read, "POST", "/v1.0/me/checkMemberGroups", 400, "Request_BadRequest"},
		{"checkMemberGroups without the scope", none, "POST", "/v1.0/me/checkMemberGroups", 403, "Authorization_RequestDenied"},
		{"batch by GET", read, "GET", "/v1.0/$batch", 405, "BadRequest"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.graph(row.method, row.token, row.path, "")
			if got.status != row.status {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if strings.HasSuffix(row.path, "$count") && row.status == 200 {
				return
			}
			if code := graphCode(t, got.json(t)); code != row.code || got.header.Get("request-id") == "" {
				t.Errorf("got %v, want %v", code, row.code)
			}
		})
	}
	if urls := w.GraphURLs(); urls[0] != "GET /me" || urls[4] != "POST /me" || urls[5] != "GET /me?$select=id,nonsense" {
		t.Errorf("GraphURLs %v", urls)
	}
}

func TestGraphRefusesTokens(t *testing.T) {
	w := start(t)
	good := w.graphToken(entra.Adele, "openid User.Read")
	parts := strings.Split(good, ".")
	api, err := w.UserToken(entra.Adele, webID, apiScope)
	if err != nil {
		t.Fatal(err)
	}
	gone := w.graphToken(entra.Bob, "openid User.Read")
	bob, _ := w.User(entra.Bob)
	bob.ObjectID = "b0000000-0000-4000-8000-0000000000b1"
	w.SetUser(bob)
	for _, row := range []struct {
		name, token string
		after       time.Duration
		want        int
	}{
		{"good", good, 0, 200},
		{"an hour less a second", good, time.Hour - time.Second, 200},
		{"an hour", good, time.Hour, 401},
		{"none", "", 0, 401},
		{"no JWT", "a.b", 0, 401},
		{"garbage", "a.b.c", 0, 401},
		{"altered claims", parts[0] + "." + parts[1] + "A." + parts[2], 0, 401},
		{"altered signature", parts[0] + "." + parts[1] + "." + parts[2][:20] + "AAAA" + parts[2][24:], 0, 401},
		{"signature no base64", parts[0] + "." + parts[1] + ".%%%", 0, 401},
		{"ID token", w.idToken(), 0, 401},
		{"token of our API", api, 0, 401},
		{"user is gone", gone, 0, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.clock.add(row.after)
			defer w.clock.add(-row.after)
			for _, path := range []string{"/v1.0/me", "/oidc/userinfo"} {
				got := w.graph("GET", row.token, path, "")
				if got.status != row.want || (row.want == 401) != (got.header.Get("WWW-Authenticate") != "") {
					t.Errorf("%s: %d %v %s", path, got.status, got.header, got.body)
				}
				if row.want == 401 && graphCode(t, got.json(t)) != "InvalidAuthenticationToken" {
					t.Errorf("%s: %s", path, got.body)
				}
			}
		})
	}
}

func TestGraphBodies(t *testing.T) {
	w := start(t)
	at := w.BaseURL() + "/v1.0/$metadata#"
	token := w.graphToken(entra.Adele, "User.Read User.Read.All")
	me := w.graph("GET", token, "/v1.0/me", "").json(t)
	if me["@odata.context"] != at+"users/$entity" || me["id"] != entra.AdeleOID || me["displayName"] != "Adele Vance" || me["jobTitle"] != "Retail Manager" || me["mail"] != "adele.vance@contoso.example" || me["userPrincipalName"] != "adele@contoso.example" || me["mobilePhone"] != nil || len(me) != 12 {
		t.Errorf("me %v", me)
	}
	if _, ok := me["mobilePhone"]; !ok {
		t.Error("an unset property is left out, not null")
	}
	some := w.graph("GET", token, "/v1.0/me?$select=displayName,employeeId", "").json(t)
	if some["@odata.context"] != at+"users(displayName,employeeId)/$entity" || some["employeeId"] != "1042" || len(some) != 3 {
		t.Errorf("selected %v", some)
	}
	boss := w.graph("GET", token, "/beta/me/manager?$select=id", "").json(t)
	if boss["id"] != entra.GraceOID || boss["@odata.type"] != "#microsoft.graph.user" || boss["@odata.context"] != w.BaseURL()+"/beta/$metadata#directoryObjects(id)/$entity" {
		t.Errorf("manager %v", boss)
	}
	org := w.graph("GET", token, "/v1.0/organization?$select=id,displayName", "").json(t)
	if org["@odata.context"] != at+"organization(id,displayName)" || !strings.Contains(w.graph("GET", token, "/v1.0/organization", "").body, `"displayName":"Contoso"`) {
		t.Errorf("organization %v", org)
	}
	count := w.graph("GET", w.graphToken(entra.Grace, "User.Read"), "/v1.0/me/memberOf/$count", "")
	if count.body != "250" || count.header.Get("Content-Type") != "text/plain" {
		t.Errorf("count %q %v", count.body, count.header)
	}
}

func TestGraphGroups(t *testing.T) {
	w := start(t)
	grace := w.graphToken(entra.Grace, "User.Read GroupMember.Read.All")
	for path, pages := range map[string]int{"/v1.0/me/memberOf": 3, "/v1.0/me/transitiveMemberOf?$top=999&$select=id": 1, "/v1.0/me/memberOf?$top=125&$count=true": 2} {
		var ids []string
		asked := 0
		for next := path; next != ""; asked++ {
			var page struct {
				Next  string `json:"@odata.nextLink"`
				Value []map[string]any
			}
			if err := json.Unmarshal([]byte(w.graph("GET", grace, next, "").body), &page); err != nil {
				t.Fatal(err)
			}
			for _, g := range page.Value {
				id, _ := g["id"].(string)
				ids = append(ids, id)
				if g["@odata.type"] != "#microsoft.graph.group" {
					t.Fatalf("group %v", g)
				}
			}
			next = strings.TrimPrefix(page.Next, w.BaseURL())
		}
		if len(ids) != 250 || ids[249] != entra.GroupID(250) || asked != pages {
			t.Errorf("%s: %d groups in %d pages", path, len(ids), asked)
		}
	}
	body := `{"groupIds":["` + entra.GroupID(250) + `","` + entra.GroupID(251) + `"]}`
	if got := list(w.graph("POST", grace, "/v1.0/me/checkMemberGroups", body).json(t)["value"]); got != entra.GroupID(250) {
		t.Errorf("checkMemberGroups %q", got)
	}
	tooMany := `{"groupIds":["` + strings.Repeat(entra.GroupID(1)+`","`, 20) + `x"]}`
	if got := w.graph("POST", grace, "/v1.0/me/checkMemberGroups", tooMany); got.status != http.StatusBadRequest {
		t.Errorf("21 ids: %d", got.status)
	}
	if got := strings.Fields(list(w.graph("POST", grace, "/v1.0/me/getMemberObjects", `{"securityEnabledOnly":true}`).json(t)["value"])); len(got) != 250 {
		t.Errorf("getMemberObjects: %d", len(got))
	}
	u, _ := w.User(entra.Bob)
	u.Groups = make([]string, 11_001)
	w.SetUser(u)
	if got := w.graph("POST", w.graphToken(entra.Bob, "GroupMember.Read.All"), "/v1.0/me/getMemberObjects", "{}"); graphCode(t, got.json(t)) != "Directory_ResultSizeLimitExceeded" {
		t.Errorf("11,001 groups: %d %.100s", got.status, got.body)
	}
}

func TestUserInfo(t *testing.T) {
	w := start(t)
	tok := w.tokens(entra.Adele, oidcScopes)
	got := w.graph("GET", tok.AccessToken, "/oidc/userinfo", "")
	info := got.json(t)
	for name, want := range map[string]any{
		"sub": idClaims(t, tok)["sub"], "name": "Adele Vance", "given_name": "Adele", "family_name": "Vance", "email": "adele.vance@contoso.example",
	} {
		if info[name] != want {
			t.Errorf("%s = %v, want %v", name, info[name], want)
		}
	}
	if got := w.graph("POST", w.graphToken(entra.Adele, "openid User.Read"), "/oidc/userinfo", "").json(t); got["name"] != nil || got["email"] != nil || got["sub"] == nil {
		t.Errorf("openid alone: %v", got)
	}
	if got := w.graph("GET", w.graphToken(entra.Adele, "User.Read"), "/oidc/userinfo", ""); got.status != http.StatusForbidden {
		t.Errorf("without openid: %d", got.status)
	}
}
