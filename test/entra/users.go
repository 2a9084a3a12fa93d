package entra

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The ids of DefaultUsers, as in the sign-in page's buttons (#user-adele) and in SignIn.
const (
	Adele   = "adele"   // roles Admin and Orders.Write, two groups, a manager
	Bob     = "bob"     // no roles, no groups
	Grace   = "grace"   // 250 groups: more than a token may hold
	Max     = "max"     // 200 groups: as many as a token may hold
	Zoe     = "zoe"     // a name beyond ASCII
	NoMail  = "nomail"  // no email, no name
	Mallory = "mallory" // claims that try to smuggle
)

// The object ids (claim oid) of DefaultUsers.
const (
	AdeleOID   = "a0000000-0000-4000-8000-00000000ade1"
	BobOID     = "b0000000-0000-4000-8000-0000000000b0"
	GraceOID   = "c0000000-0000-4000-8000-0000000009ac"
	MaxOID     = "d0000000-0000-4000-8000-0000000003a8"
	ZoeOID     = "e0000000-0000-4000-8000-0000000002e0"
	NoMailOID  = "f0000000-0000-4000-8000-000000000000"
	MalloryOID = "66600000-0000-4000-8000-000000000666"
)

// Password is the password of every user.
const Password = "demo"

// ZoeName is the display name of Zoe.
const ZoeName = "Zoë Müller-Łukasz 李"

// MalloryName is the display name of Mallory: CR, LF, bar, comma and control characters.
const MalloryName = "Mallory\r\nX-Injected-Roles: Admin|Admin,Admin\x01\x1b[31m\u0085\u202e\x7f"

// BloatSize is the length in bytes of Mallory's claim "bloat".
const BloatSize = 64 << 10

// User is one account.
type User struct {
	ID       string         // letters, digits and dashes; names the user in pages and in SignIn
	ObjectID string         // claim oid, a GUID
	TenantID string         // home tenant; "" means the server's. Users of others sign in there, or through organizations and common
	Username string         // preferred_username and user principal name
	Name     string         // "" means no name claim
	Email    string         // "" means no email claim
	Disabled bool           // cannot sign in, and refresh tokens stop (AADSTS50057)
	Roles    []string       // app roles
	Groups   []string       // object ids of groups
	Manager  string         // ID of the manager; "" means none
	Claims   map[string]any // more claims of ID tokens; they never replace one of the protocol
	Profile  map[string]any // members of /me; they replace those made from the fields above
}

var userID = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func (u User) check() error {
	if !userID.MatchString(u.ID) {
		return fmt.Errorf("user %q: want an id of letters, digits and dashes", u.ID)
	}
	if !guid.MatchString(u.ObjectID) {
		return fmt.Errorf("user %q: object id %q: want a GUID in lower case", u.ID, u.ObjectID)
	}
	if u.TenantID != "" && !guid.MatchString(u.TenantID) {
		return fmt.Errorf("user %q: tenant id %q: want a GUID in lower case", u.ID, u.TenantID)
	}
	if u.Username == "" {
		return fmt.Errorf("user %q: no username", u.ID)
	}
	return nil
}

func (u User) clone() User {
	u.Roles, u.Groups = slices.Clone(u.Roles), slices.Clone(u.Groups)
	u.Claims, u.Profile = maps.Clone(u.Claims), maps.Clone(u.Profile)
	return u
}

// DefaultUsers returns the users of a Config that names none.
func DefaultUsers() []User {
	return []User{
		{
			ID: Adele, ObjectID: AdeleOID, Username: "adele@contoso.example", Name: "Adele Vance", Email: "adele.vance@contoso.example",
			Roles: []string{"Admin", "Orders.Write"}, Groups: groupIDs(2), Manager: Grace,
			Profile: map[string]any{
				"givenName": "Adele", "surname": "Vance", "jobTitle": "Retail Manager", "department": "Retail",
				"officeLocation": "18/2111", "businessPhones": []string{"+1 425 555 0109"}, "employeeId": "1042",
			},
		},
		{ID: Bob, ObjectID: BobOID, Username: "bob@contoso.example", Name: "Bob Builder", Email: "bob@contoso.example", Manager: Adele},
		{ID: Grace, ObjectID: GraceOID, Username: "grace@contoso.example", Name: "Grace Hopper", Email: "grace@contoso.example", Roles: []string{"Auditor"}, Groups: groupIDs(250)},
		{ID: Max, ObjectID: MaxOID, Username: "max@contoso.example", Name: "Max Groups", Email: "max@contoso.example", Groups: groupIDs(200)},
		{ID: Zoe, ObjectID: ZoeOID, Username: "zoe@contoso.example", Name: ZoeName, Email: "zoë@müller.example", Roles: []string{"Lesen.Größe"}},
		{ID: NoMail, ObjectID: NoMailOID, Username: "nomail@contoso.example"},
		mallory(),
	}
}

// mallory holds one role; all that looks like more is somebody else's claim.
func mallory() User {
	return User{
		ID: Mallory, ObjectID: MalloryOID, Username: "mallory@contoso.example", Name: MalloryName, Email: "mallory@evil.example",
		Roles: []string{"Guest"},
		Claims: map[string]any{
			"ROLES":                      []string{"Admin"},
			"Roles":                      []string{"Admin"},
			"https://evil.example/roles": "Admin",
			"x-injected-roles":           "Admin",
			"x_injected_roles":           "Admin",
			"sub ":                       "somebody-else",
			"tricky\r\nname":             "Admin",
			"bars":                       "a|b|Admin",
			"lines":                      "one\r\nX-Injected-Roles: Admin",
			"bloat":                      strings.Repeat("B", BloatSize),
			"nested":                     map[string]any{"roles": []string{"Admin"}},
		},
		Profile: map[string]any{"displayName": MalloryName, "jobTitle": strings.Repeat("boss ", 2000)},
	}
}

// GroupID returns the object id of the nth group, n from 1. Adele is in 1 and 2,
// Max in 1 to 200, Grace in 1 to 250.
func GroupID(n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "group %d", n))
	return formatGUID([16]byte(sum[:16]))
}

func groupIDs(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = GroupID(i + 1)
	}
	return out
}

// User returns a user by id or object id.
func (s *Server) User(id string) (User, bool) {
	for _, u := range s.allUsers() {
		if u.ID == id || u.ObjectID == id {
			return u.clone(), true
		}
	}
	return User{}, false
}

// SetUser adds a user, or replaces the one of the same ID; tokens made from now
// on tell the change. It panics when the user lacks a usable id, object id or username.
func (s *Server) SetUser(u User) {
	if err := u.check(); err != nil {
		panic("entra: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	users := slices.Clone(s.users) // readers may hold the old slice
	if i := slices.IndexFunc(users, func(old User) bool { return old.ID == u.ID }); i >= 0 {
		users[i] = u.clone()
	} else {
		users = append(users, u.clone())
	}
	s.users = users
}

// ChangeUser edits a user: roles, groups, name, Disabled. Tokens made from now on,
// refreshed ones too, tell the change. edit may change any member but ID; what it
// leaves must be usable as for SetUser. It panics when there is no such user.
func (s *Server) ChangeUser(id string, edit func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := slices.Clone(s.users) // readers may hold the old slice
	i := slices.IndexFunc(users, func(u User) bool { return u.ID == id || u.ObjectID == id })
	if i < 0 {
		panic(fmt.Sprintf("entra: no user %q", id))
	}
	u := users[i].clone()
	edit(&u)
	if err := u.check(); err != nil {
		panic("entra: " + err.Error())
	}
	if u.ID != users[i].ID {
		panic(fmt.Sprintf("entra: user %q: the id cannot change", users[i].ID))
	}
	users[i] = u
	s.users = users
}

func (s *Server) allUsers() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users // replaced, never written to
}

func (s *Server) userByName(username string) (User, bool) {
	for _, u := range s.allUsers() {
		if strings.EqualFold(u.Username, username) || u.ID == username {
			return u, true
		}
	}
	return User{}, false
}

// home returns the tenant of a user.
func (s *Server) home(u User) string {
	if u.TenantID != "" {
		return u.TenantID
	}
	return s.tenant
}
