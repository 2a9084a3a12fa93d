package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// groupIDs are the ids of the emulator's groups of these numbers.
func groupIDs(numbers ...int) []string {
	var ids []string
	for _, n := range numbers {
		ids = append(ids, emulator.GroupID(n))
	}
	return ids
}

// inAny is a rule: a member of one of these groups.
func inAny(numbers ...int) string { return "group-any=" + strings.Join(groupIDs(numbers...), ",") }

// groupsAsked are the ids of each checkMemberGroups that Graph saw.
func (k *kit) groupsAsked() [][]string {
	k.t.Helper()
	var all [][]string
	for _, c := range k.idp.GraphCalls() {
		if !strings.HasSuffix(c.URL, "/checkMemberGroups") {
			continue
		}
		var body struct{ GroupIDs []string }
		if err := json.Unmarshal([]byte(c.Body), &body); err != nil || c.Method != http.MethodPost || c.URL != "/me/checkMemberGroups" || c.App {
			k.t.Errorf("%s %s %s: %v", c.Method, c.URL, c.Body, err)
		}
		all = append(all, body.GroupIDs)
	}
	return all
}

// asksOverage asks Graph where a token cannot hold all groups.
func asksOverage(more ...func(*signin.Groups)) options {
	g := signin.Groups{Ask: signin.AskOverage}
	for _, edit := range more {
		edit(&g)
	}
	return options{groups: g}
}

// text is the page without its head, for messages.
func (r *response) text() string {
	if _, main, found := strings.Cut(r.body, "<main"); found {
		return "<main" + main
	}
	return r.body
}

// withGroups gives a user so many groups, numbered from 1, and returns a browser
// of that user.
func (k *kit) withGroups(user string, n int) *browser {
	u, ok := k.idp.User(user)
	if !ok {
		k.t.Fatalf("no user %q", user)
	}
	u.Groups = nil
	for i := range n {
		u.Groups = append(u.Groups, emulator.GroupID(i+1))
	}
	k.idp.SetUser(u)
	return k.browser(user)
}

// Up to 200 groups are in the token, and nobody else is asked.
func TestGroupsOfTheToken(t *testing.T) {
	k := newKit(t, asksOverage())
	tests := []struct {
		name, user, query string
		status            int
	}{
		{"a member", emulator.Adele, inAny(1), 202},
		{"an id in upper case", emulator.Adele, "group=" + strings.ToUpper(emulator.GroupID(1)), 202},
		{"no member", emulator.Adele, inAny(3), 403},
		{"one of two is enough", emulator.Adele, inAny(3, 2), 202},
		{"the same with a bar", emulator.Adele, "group=" + strings.Join(groupIDs(3, 2), "|"), 202},
		{"two parameters need both", emulator.Adele, inAny(3) + "&" + inAny(2), 403},
		{"and have both", emulator.Adele, inAny(1) + "&" + inAny(2), 202},
		{"somebody without groups", emulator.Bob, inAny(1), 403},
		{"the last of 200", emulator.Max, inAny(200), 202},
		{"none of 200", emulator.Max, inAny(201), 403},
		{"the name of a group is no id", emulator.Adele, "group=Sales", 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := k.browser(tt.user)
			resp := b.open(app+"/page", tt.query)
			if resp.StatusCode != tt.status {
				t.Fatalf("%d, want %d\n%s", resp.StatusCode, tt.status, resp.text())
			}
			if tt.status == 403 && !strings.Contains(resp.body, "Missing group") {
				t.Errorf("the page does not name what is missing:\n%s", resp.text())
			}
			if resp := b.check(app+"/other", ""); resp.StatusCode != 202 {
				t.Errorf("a page without a rule: %d", resp.StatusCode)
			}
		})
	}
	if n := k.idp.Requests(emulator.EndpointGraph); n != 0 {
		t.Errorf("Graph was asked %d times", n)
	}
}

// Beyond 200 Graph is asked for the groups of the rule and for no other, and the
// address in _claim_sources is nobody's business.
func TestGroupsBeyondTheToken(t *testing.T) {
	var followed atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer trap.Close()
	k := newKit(t, asksOverage())
	overage := false
	k.idp.SetFaults(emulator.Faults{EditClaims: func(claims map[string]any) {
		if _, overage = claims["_claim_names"]; overage {
			claims["_claim_sources"] = map[string]any{"src1": map[string]string{"endpoint": trap.URL + "/getMemberObjects"}}
		}
	}})
	b := k.browser(emulator.Grace)
	resp := b.open(app+"/page", inAny(250))
	if resp.StatusCode != 202 || resp.Header.Get("X-Injected-Groups") != emulator.GroupID(250) {
		t.Fatalf("%d, groups %q\n%s\n%s", resp.StatusCode, resp.Header.Get("X-Injected-Groups"), resp.text(), k.log)
	}
	if !overage {
		t.Fatal("the token held all groups: this test shows nothing")
	}
	if got := k.groupsAsked(); len(got) != 1 || !slices.Equal(got[0], groupIDs(250)) || len(k.idp.GraphCalls()) != 1 {
		t.Errorf("asked for %v with %v", got, k.idp.GraphURLs())
	}
	if n := k.idp.Requests(emulator.EndpointToken); n != 1 {
		t.Errorf("%d token requests", n)
	}
	if followed.Load() != 0 {
		t.Error("the address in _claim_sources was asked")
	}
}

// Whether somebody with too many groups for a token is a member is Graph's word.
func TestGroupsByGraph(t *testing.T) {
	k := newKit(t, asksOverage())
	tests := []struct {
		name, query string
		status      int
	}{
		{"a member", inAny(1), 202},
		{"no member", inAny(251), 403},
		{"one of two", inAny(251, 7), 202},
		{"both of two", inAny(251) + "&" + inAny(7), 403},
		{"role and group", "role=Auditor&" + inAny(7), 202},
		{"role, not group", "role=Auditor&" + inAny(251), 403},
		{"group, not role", "role=Admin&" + inAny(7), 403},
		{"neither", "role=Admin&" + inAny(251), 403},
		{"no rule about groups", "role=Auditor", 202},
		{"a name, which Graph cannot be asked for", "group=Sales", 403},
		{"beside an id", "group=Sales|" + emulator.GroupID(7), 202},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := k.browser(emulator.Grace).open(app+"/page", tt.query)
			if resp.StatusCode != tt.status {
				t.Fatalf("%d, want %d\n%s", resp.StatusCode, tt.status, resp.text())
			}
			role, group := strings.Contains(tt.query, "Admin"), strings.Contains(tt.query, emulator.GroupID(251))
			if tt.status == 403 && (strings.Contains(resp.body, "Missing role") != role || strings.Contains(resp.body, emulator.GroupID(251)) != group) {
				t.Errorf("the page does not name what is missing, and that alone:\n%s", resp.text())
			}
			if strings.HasSuffix(tt.query, "=Sales") && !strings.Contains(resp.body, "name it by its object id") {
				t.Errorf("the page does not say what an administrator can do:\n%s", resp.text())
			}
		})
	}
}

// Graph takes 20 groups at once; more are asked for in one batch.
func TestGroupsInTwenties(t *testing.T) {
	tests := []struct {
		name    string
		groups  int
		parts   []int
		batched bool
	}{
		{"twenty", 20, []int{20}, false},
		{"one more", 21, []int{20, 1}, true},
		{"forty-five", 45, []int{20, 20, 5}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, asksOverage())
			numbers := make([]int, tt.groups)
			for i := range numbers {
				numbers[i] = 251 + i
			}
			numbers[len(numbers)-1] = 250 // the only one that Grace is in
			if resp := k.browser(emulator.Grace).open(app+"/page", inAny(numbers...)); resp.StatusCode != 202 {
				t.Fatalf("%d %s\n%s", resp.StatusCode, resp.text(), k.log)
			}
			var sizes []int
			for _, ids := range k.groupsAsked() {
				sizes = append(sizes, len(ids))
			}
			all := slices.Concat(k.groupsAsked()...)
			slices.Sort(all)
			want := groupIDs(numbers...)
			slices.Sort(want)
			if !slices.Equal(sizes, tt.parts) || !slices.Equal(all, want) {
				t.Errorf("asked in parts of %v", sizes)
			}
			if n := k.idp.Requests(emulator.EndpointGraph); n != 1 || k.idp.GraphCalls()[0].Batched != tt.batched {
				t.Errorf("%d requests, batched %v", n, k.idp.GraphCalls()[0].Batched)
			}
		})
	}
}

// A deployment that must not ask says so, and does not send the person round and
// round.
func TestGroupsNeverAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		ask    signin.AskGroups
		user   string
		status int
	}{
		"too many for the token": {signin.AskNever, emulator.Grace, 503},
		"in the token":           {signin.AskNever, emulator.Max, 202},
		"asked":                  {signin.AskOverage, emulator.Grace, 202},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, options{groups: signin.Groups{Ask: tt.ask}})
			b := k.browser(tt.user)
			resp := b.open(app+"/page", inAny(7))
			if resp.StatusCode != tt.status {
				t.Fatalf("%d, want %d\n%s", resp.StatusCode, tt.status, resp.text())
			}
			if tt.status == 503 && (!strings.Contains(resp.body, "EASYAUTH_GROUPS=auto") || len(k.idp.GraphCalls()) != 0 || k.idp.Requests(emulator.EndpointAuthorize) != 1) {
				t.Errorf("%d trips, Graph was asked %v\n%s", k.idp.Requests(emulator.EndpointAuthorize), k.idp.GraphURLs(), resp.text())
			}
			if resp := b.check(app+"/other", ""); resp.StatusCode != 202 {
				t.Errorf("a page without a rule: %d", resp.StatusCode)
			}
			if tt.status == 503 {
				k.advance(2 * time.Minute)
				if resp := b.open(app+"/page", inAny(7)); resp.StatusCode != 503 || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
					t.Errorf("later: %d after %d trips", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize))
				}
			}
		})
	}
}

// A page whose rule names another group costs one trip that shows nothing, and
// then both are known.
func TestSecondGroupRule(t *testing.T) {
	k := newKit(t, asksOverage())
	b := k.browser(emulator.Grace)
	steps := []struct {
		page   string
		group  int
		status int
		trips  int
	}{
		{"/one", 7, 202, 1},
		{"/two", 8, 202, 2},
		{"/one", 7, 202, 2},
		{"/two", 8, 202, 2},
		{"/three", 251, 403, 3},
		{"/three", 251, 403, 3},
		{"/one", 7, 202, 3},
	}
	for i, s := range steps {
		k.advance(time.Second)
		resp := b.open(app+s.page, inAny(s.group))
		if trips := k.idp.Requests(emulator.EndpointAuthorize); resp.StatusCode != s.status || trips != s.trips {
			t.Errorf("step %d: %d after %d trips, want %d after %d", i+1, resp.StatusCode, trips, s.status, s.trips)
		}
	}
	if got := k.groupsAsked(); len(got) != 3 || !slices.Equal(got[1], groupIDs(8, 7)) || !slices.Equal(got[2], groupIDs(251, 8, 7)) {
		t.Errorf("asked for %v", got)
	}
}

// A registration that puts no groups into tokens: Graph is asked always, if there
// is something to ask for.
func TestGroupsAlwaysAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		ask    signin.AskGroups
		query  string
		status int
		asked  int
	}{
		"a member":              {signin.AskAlways, inAny(2), 202, 1},
		"no member":             {signin.AskAlways, inAny(3), 403, 1},
		"no rule about groups":  {signin.AskAlways, "", 202, 0},
		"the token is believed": {signin.AskOverage, inAny(2), 403, 0},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, options{
				groups:   signin.Groups{Ask: tt.ask},
				emulator: func(c *emulator.Config) { c.Clients[0].NoGroups = true },
			})
			b := k.browser(emulator.Adele)
			if resp := b.open(app+"/page", tt.query); resp.StatusCode != tt.status {
				t.Errorf("%d, want %d\n%s", resp.StatusCode, tt.status, resp.text())
			}
			if got := k.groupsAsked(); len(got) != tt.asked || len(k.idp.GraphCalls()) != tt.asked {
				t.Errorf("asked %v", k.idp.GraphURLs())
			}
			if tt.ask != signin.AskAlways {
				return
			}
			if resp := b.open(app+"/later", inAny(1)); resp.StatusCode != 202 {
				t.Errorf("a rule of another page: %d", resp.StatusCode)
			}
		})
	}
}

// One sign-in brings a scope of our own and groups that only Graph knows: the
// code for the first, the refresh token for the second, and only if it is needed.
func TestGroupsBesideAScopeOfOurOwn(t *testing.T) {
	query := "scope=api://" + clientID + "/Orders.Read&"
	tests := []struct {
		name, user string
		edit       func(answer map[string]any)
		group      int
		status     int
		refreshed  int
	}{
		{"too many for the token", emulator.Grace, nil, 250, 202, 1},
		{"no member", emulator.Grace, nil, 251, 403, 1},
		{"in the token", emulator.Adele, nil, 2, 202, 0},
		{"no refresh token", emulator.Grace, func(answer map[string]any) { delete(answer, "refresh_token") }, 250, 503, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, asksOverage())
			k.idp.SetFaults(emulator.Faults{TokenEdit: tt.edit})
			b := k.browser(tt.user)
			if resp := b.open(app+"/page", query+inAny(tt.group)); resp.StatusCode != tt.status {
				t.Fatalf("%d, want %d\n%s\n%s", resp.StatusCode, tt.status, resp.text(), k.log)
			}
			if codes, refreshed := k.idp.Grants("authorization_code"), k.idp.Grants("refresh_token"); codes != 1 || refreshed != tt.refreshed {
				t.Errorf("%d codes and %d refresh tokens redeemed, want 1 and %d", codes, refreshed, tt.refreshed)
			}
			if got := strings.Fields(k.idp.LastAuthorize().Get("scope")); !slices.Equal(got, []string{"openid", "profile", "email", "offline_access", clientID + "/Orders.Read", "User.Read"}) {
				t.Errorf("asked to consent to %q", got)
			}
			if tt.refreshed > 0 && k.idp.LastToken().Form.Get("scope") != "User.Read" {
				t.Errorf("the second token is for %q", k.idp.LastToken().Form.Get("scope"))
			}
			if resp := b.check(app+"/own", query[:len(query)-1]); resp.StatusCode != 202 {
				t.Errorf("the scope of our own: %d", resp.StatusCode)
			}
		})
	}
}
