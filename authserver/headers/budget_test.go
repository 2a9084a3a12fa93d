package headers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// wireSize counts what identity headers take on the wire.
func wireSize(t testing.TB, h http.Header) int {
	t.Helper()
	var b strings.Builder
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

func guids(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i))
	}
	return out
}

// huge has too much of everything.
func huge() *access.Identity {
	long := strings.Repeat("ä", 32<<10)
	id := &access.Identity{
		Object: long, Tenant: long, Subject: long, Name: long, PreferredUsername: long, Email: long,
		Roles: []string{long}, Scopes: []string{long}, Groups: guids(250), Graph: []access.GraphResult{{Query: "/me", JSON: `"` + long + `"`}},
		Dropped: []string{"groups", "claims", long, "a|b"},
	}
	for i := range 500 {
		id.Claims = append(id.Claims, access.Claim{Name: fmt.Sprintf("claim%d", i), Values: guids(20)})
	}
	return id
}

// person has all of the usual claims.
func person() *access.Identity {
	return &access.Identity{
		Object: guids(1)[0], Tenant: guids(1)[0], Subject: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", Name: "Adele Vance",
		PreferredUsername: "adele@contoso.example", Email: "adele.vance@contoso.example",
		Roles: []string{"Admin", "Orders.Write"}, Scopes: []string{"User.Read"}, Groups: guids(2),
		Claims: []access.Claim{{Name: "department", Values: []string{"Retail"}}},
		Graph:  []access.GraphResult{{Query: "/me", JSON: `{"a":1}`}},
	}
}

// One part that is too large is left out and named; all the others arrive.
func TestOverflow(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	claims := func(n int) (out []access.Claim) {
		for i := range n {
			out = append(out, access.Claim{Name: fmt.Sprintf("c%02d", i), Values: []string{strings.Repeat("v", 400)}})
		}
		return out
	}
	tests := []struct {
		name     string
		change   func(*access.Identity)
		overflow string
		empty    []string
	}{
		{"nothing", func(*access.Identity) {}, "", nil},
		{"a huge name", func(id *access.Identity) { id.Name = long }, "name", []string{"name"}},
		{"a huge email", func(id *access.Identity) { id.Email = long }, "email", []string{"email"}},
		{"250 groups", func(id *access.Identity) { id.Groups = guids(250) }, "groups", []string{"groups"}},
		{"50 groups", func(id *access.Identity) { id.Groups = guids(50) }, "", nil},
		{"huge roles", func(id *access.Identity) { id.Roles = append(id.Roles, long) }, "roles", []string{"roles"}},
		{"a huge claim", func(id *access.Identity) { id.Claims[0].Values = []string{long} }, "department", []string{"department"}},
		{"a claim that its encoding makes too large", func(id *access.Identity) { id.Claims[0].Values = []string{strings.Repeat("/", 2500)} }, "department", []string{"department"}},
		{"a huge graph result", func(id *access.Identity) { id.Graph[0].JSON = `"` + long + `"` }, "graph", []string{"graph"}},
		{"a graph result of 2 KB", func(id *access.Identity) { id.Graph[0].JSON = strings.Repeat("1", 2048) }, "", nil},
		{"one byte more", func(id *access.Identity) { id.Graph[0].JSON = strings.Repeat("1", 2049) }, "graph", []string{"graph"}},
		{"a graph result the ticket dropped", func(id *access.Identity) { id.Graph[0] = access.GraphResult{Query: "/me", Dropped: true} }, "graph", []string{"graph"}},
		{"groups unknown", func(id *access.Identity) { id.Groups, id.GroupsUnknown = nil, true }, "groups", []string{"groups"}},
		{"groups the ticket dropped", func(id *access.Identity) {
			id.Groups, id.GroupsUnknown, id.Dropped = nil, true, []string{"groups"}
		}, "groups", []string{"groups"}},
		{"claims the ticket dropped", func(id *access.Identity) {
			id.Dropped = []string{"https://x/Level_1", "claims", "a|b", long, "https://x/roles"}
		}, "level-1|claims", nil},
		{"several", func(id *access.Identity) { id.Name, id.Groups, id.Graph[0].JSON = long, guids(250), long }, "groups|name|graph", []string{"groups", "name", "graph"}},
		{"a claim's huge name", func(id *access.Identity) {
			id.Claims = append(id.Claims, access.Claim{Name: long, Values: []string{"v"}})
		}, "claims", nil},
		{"many claims", func(id *access.Identity) { id.Claims = claims(60) }, "", nil},
	}
	for _, tt := range tests {
		for _, format := range []Format{Separate, Combined} {
			t.Run(tt.name+"/"+format.String(), func(t *testing.T) {
				id := person()
				tt.change(id)
				full := write(t, Config{Format: format}, person(), "/me")
				got := write(t, Config{Format: format}, id, "/me")
				if n := wireSize(t, got); n > Budget {
					t.Errorf("%d bytes", n)
				}
				if tt.name == "many claims" {
					checkMany(t, got)
					return
				}
				compareOne(t, got, "overflow", tt.overflow)
				if format == Combined {
					full, got = explode(t, full), explode(t, got)
				}
				for _, name := range []string{"oid", "tid", "sub", "roles", "scp", "groups", "preferred-username", "email", "name", "graph", "department"} {
					want := get(full, "x-injected-"+name)
					if strings.Contains("|"+strings.Join(tt.empty, "|")+"|", "|"+name+"|") {
						want = ""
					}
					have := get(got, "x-injected-"+name)
					if changed := name == "groups" || name == "graph"; have != want && (!changed || have == "" || want == "") {
						t.Errorf("%s is %.80q, want %q", name, have, want)
					}
				}
			})
		}
	}
}

// checkMany: the first claims that do not fit are named, then there is "claims".
func checkMany(t *testing.T, h http.Header) {
	t.Helper()
	overflow := strings.Split(get(h, "x-injected-overflow"), "|")
	if len(overflow) < 10 || len(strings.Join(overflow, "|")) > maxNamed+20 || !slices.Contains(overflow, "claims") {
		t.Errorf("overflow: %v", overflow)
	}
}

// explode gives the members of userinfo as if they were headers.
func explode(t *testing.T, h http.Header) http.Header {
	t.Helper()
	var u struct {
		Name, OID, Sub, TID, Email, Groups, Scp string
		PreferredUsername                       string `json:"preferred_username"`
		Roles                                   []string
		OtherClaims                             []struct{ Name, Value string }
		Graph                                   []string
	}
	if err := json.Unmarshal([]byte(decode(t, URLEncode, get(h, "x-injected-userinfo"))), &u); err != nil {
		t.Fatalf("userinfo: %v", err)
	}
	out := http.Header{}
	for name, value := range map[string]string{
		"name": u.Name, "oid": u.OID, "sub": u.Sub, "tid": u.TID, "email": u.Email, "groups": u.Groups, "scp": u.Scp,
		"preferred-username": u.PreferredUsername, "roles": strings.Join(u.Roles, "|"), "graph": strings.Join(u.Graph, "|"),
	} {
		out.Set("x-injected-"+name, value)
	}
	for _, c := range u.OtherClaims {
		out.Set("x-injected-"+c.Name, c.Value)
	}
	return out
}

// Configured claims come before others, in their order; results of graph last,
// each as a whole.
func TestPriority(t *testing.T) {
	kilo := strings.Repeat("v", 1000)
	id := &access.Identity{
		Claims: []access.Claim{{Name: "a", Values: []string{kilo}}, {Name: "b", Values: []string{kilo}}, {Name: "y", Values: []string{kilo}}, {Name: "z", Values: []string{kilo}}},
		Graph:  []access.GraphResult{{Query: "/1", JSON: kilo[:500]}, {Query: "/2", JSON: kilo[:600]}, {Query: "/3", JSON: "3"}},
	}
	h := write(t, Config{}, id)
	compareOne(t, h, "overflow", "y|z")
	compareOne(t, h, "y", "")
	h = write(t, Config{ClaimHeaders: []string{"z", "y"}}, id)
	compareOne(t, h, "overflow", "a|b")
	compareOne(t, h, "z", kilo)
	id.Claims = id.Claims[:2]
	h = write(t, Config{}, id, "/1", "/2", "/3")
	compareOne(t, h, "graph", kilo[:500]+"||3")
	compareOne(t, h, "overflow", "graph")
}

// The reserve for names in overflow holds in the worst case, in every format.
func TestBudgetHolds(t *testing.T) {
	queries := []string{"/me", "/x"}
	for len(queries) < 5000 {
		queries = append(queries, "/me")
	}
	listed := []string{"claim1", "claim2", "not-there"}
	for _, cfg := range []Config{{}, {Prefix: strings.Repeat("p", maxPrefix)}, {ClaimHeaders: listed}} {
		for cfg.Encoding = URLEncode; cfg.Encoding <= NoneWithReject; cfg.Encoding++ {
			for _, cfg.Format = range []Format{Separate, Combined} {
				for _, n := range []int{0, 2, 5000} {
					h := write(t, cfg, huge(), queries[:n]...)
					if size := wireSize(t, h); size > Budget {
						t.Errorf("%s %s, %d queries: %d bytes", cfg.Encoding, cfg.Format, n, size)
					}
				}
			}
		}
	}
}

// All that is left of the budget can be used.
func TestBudgetIsUsed(t *testing.T) {
	for _, format := range []Format{Separate, Combined} {
		for _, e := range []Encoding{URLEncode, Base64, None, NoneWithReject} {
			id, largest := &access.Identity{}, 0
			for id.Name = "n"; len(id.Name) < Budget; id.Name += "nn" {
				h := write(t, Config{Encoding: e, Format: format}, id)
				if get(h, "x-injected-overflow") != "" {
					break
				}
				largest = wireSize(t, h)
			}
			if reserve := 250; largest < Budget-reserve {
				t.Errorf("%s %s: overflow from %d bytes on", e, format, largest)
			}
		}
	}
}
