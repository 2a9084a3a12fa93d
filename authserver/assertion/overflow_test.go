package assertion_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

// What does not fit is left out whole, in this order, and named.
func TestOverflow(t *testing.T) {
	key := newKey(t)
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	of200 := func(format string) (values []string) {
		for i := range 200 {
			values = append(values, fmt.Sprintf(format, i))
		}
		return values
	}
	id := &access.Identity{Tenant: "t", Object: "o", Name: "Adele Vance", Email: "adele@contoso.example", Roles: of200("role-%03d"), Groups: of200("00000000-0000-4000-8000-%012d")}
	small := *id
	small.Roles, small.Groups = []string{"Admin"}, nil
	few := small
	few.Roles = id.Roles
	long := small
	long.Name, long.Groups = strings.Repeat("A", 2000), []string{"staff"}
	longer := long
	longer.Email = strings.Repeat("a", 2000) + "@contoso.example"
	for _, tt := range []struct {
		name     string
		id       *access.Identity
		max      int
		overflow string // "-": there is no such token
		bytes    int    // that it needs at least
	}{
		{"all fits", id, 16000, "[]", 13000},
		{"no groups", id, 4000, "[groups]", 3000},
		{"no roles either", id, 700, "[groups roles]", 600},
		{"without groups the roles leave first", &few, 1500, "[roles]", 500},
		{"a name is the first to go when it is long", &long, 1000, "[name]", 400},
		{"then an address that is long", &longer, 1000, "[name email]", 400},
		{"a long name leaves groups alone", &longer, 4000, "[name email]", 400},
		{"with room enough it stays", &long, 4000, "[]", 2000},
		{"nothing fits", id, 100, "-", 0},
		{"no room at all", id, 0, "-", 0},
		{"less than no room", id, -1, "-", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // made, and kept
				text, complete, err := s.Assertion(of(9), tt.id, audience+"/"+strings.ReplaceAll(tt.name, " ", "-")[:3], tt.max)
				if tt.overflow == "-" {
					if !errors.Is(err, assertion.ErrTooLong) || text != "" || complete {
						t.Errorf("%d bytes, %t, %v", len(text), complete, err)
					}
					continue
				}
				if err != nil || len(text) > tt.max || len(text) < tt.bytes || complete != (tt.overflow == "[]") {
					t.Fatalf("%d bytes, %t, %v", len(text), complete, err)
				}
				checkOverflow(t, open(t, text, &key.PublicKey), tt.id, tt.overflow)
			}
		})
	}
}

// checkOverflow finds each claim whole, or empty and named.
func checkOverflow(t *testing.T, o opened, id *access.Identity, want string) {
	t.Helper()
	named := o.claims["overflow"]
	if named == nil {
		named = []any{}
	}
	if got := fmt.Sprint(named); got != want {
		t.Errorf("overflow is %s, want %s", got, want)
	}
	all := wanted(id, "")
	if o.claims["oid"] != all["oid"] || o.claims["tid"] != all["tid"] {
		t.Errorf("oid or tid have changed: %v", o.claims)
	}
	for _, claim := range []string{"name", "email", "roles", "groups"} {
		value := all[claim]
		if strings.Contains(want, claim) {
			if value = any(""); claim == "roles" || claim == "groups" {
				value = []any{}
			}
		}
		if !reflect.DeepEqual(o.claims[claim], value) {
			t.Errorf("%s is %.100q, want %.100q", claim, o.claims[claim], value)
		}
	}
}

// What was left out of the identity before is named too, though all fits.
func TestOverflowOfBefore(t *testing.T) {
	key := newKey(t)
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	for _, tt := range []struct {
		dropped []string
		unknown bool
		want    any
	}{
		{nil, false, nil},
		{[]string{"roles"}, false, []any{"roles"}},
		{[]string{"claims", "roles", "department", "email", "name", "graph"}, false, []any{"roles", "email", "name"}},
		{[]string{"groups", "groups"}, true, []any{"groups"}},
		{[]string{"Roles", "https://x/roles", "graph", ""}, false, nil},
	} {
		id := adele()
		id.Dropped, id.GroupsUnknown = tt.dropped, tt.unknown
		text, complete, err := s.Assertion([32]byte{}, id, audience, 4000)
		if err != nil || !complete {
			t.Fatalf("%q: %t, %v", tt.dropped, complete, err)
		}
		o := open(t, text, &key.PublicKey)
		if got := o.claims["overflow"]; !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: overflow is %v, want %v", tt.dropped, got, tt.want)
		}
		if !reflect.DeepEqual(o.claims["roles"], wanted(id, "")["roles"]) {
			t.Errorf("%q: roles are %v", tt.dropped, o.claims["roles"])
		}
	}
}

// At each length the token is as long as it may be: at its own length it is the same, with one byte less it is
// another, and what is left out is left out in one order.
func TestOverflowAtEveryLength(t *testing.T) {
	key := newKey(t)
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	id := adele()
	id.GroupsUnknown = true
	var steps []string
	for length := 4000; ; {
		text, complete, err := s.Assertion([32]byte{}, id, audience, length)
		if errors.Is(err, assertion.ErrTooLong) {
			break
		}
		if err != nil || len(text) > length || complete != (len(steps) == 0) {
			t.Fatalf("at %d: %d bytes, %t, %v", length, len(text), complete, err)
		}
		again, _, err := s.Assertion([32]byte{}, id, audience, len(text))
		if err != nil || len(again) != len(text) {
			t.Errorf("at its own length %d: %d bytes, %v", len(text), len(again), err)
		}
		steps = append(steps, fmt.Sprint(open(t, text, &key.PublicKey).claims["overflow"]))
		length = len(text) - 1
	}
	if want := []string{"[groups]", "[groups]", "[groups roles]", "[groups roles name]", "[groups roles name email]"}; !reflect.DeepEqual(steps, want) {
		t.Errorf("got %q, want %q", steps, want)
	}
}
