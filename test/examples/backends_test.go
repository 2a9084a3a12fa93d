package examples

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const backendsReadme = "backends/README.md"

// told is what a backend says it has read.
type told struct {
	OID, TID, Sub, Name, Email      string
	Roles, Groups, Scopes, Overflow []string
}

// person is one row of what backends must read.
type person struct {
	what          string
	id            access.Identity
	overflow      []string // nil: nothing is missing
	admin, guests int
}

const staff = "6d1f0c52-7c3a-4a7e-9a44-0b9d6f4c2e10"

func people() []person {
	base := access.Identity{Tenant: tenantID, Object: "a0000000-0000-4000-8000-00000000ade1", Issuer: "https://login.microsoftonline.com/" + tenantID + "/v2.0", Subject: "AAAA-b_c"}
	with := func(edit func(*access.Identity)) access.Identity {
		id := base
		edit(&id)
		return id
	}
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	}
	return []person{
		{"ASCII", with(func(id *access.Identity) {
			id.Name, id.Email, id.Roles, id.Scopes = "Jon Lester", "jon@contoso.example", []string{"Admin", "Reader"}, []string{"User.Read", "Mail.Read"}
		}), nil, 200, 200},
		{"beyond ASCII", with(func(id *access.Identity) {
			id.Name, id.Email, id.Roles = "Zoë Müller-Łukasz 李 😀", "zoë@bücher.example", []string{"Приём", "Admin"}
		}), nil, 200, 200},
		{"commas, bars and signs", with(func(id *access.Identity) {
			id.Name, id.Roles = "Lester, Jon | a+b=c & 100% \"q\" 'x'", []string{"a|Admin", "Orders,Admin", "a+b", "%41dmin", "Admin ", ":!#$%&'()*+,-./;<=>?@[]^_`{|}~"}
		}), nil, 403, 200},
		{"control characters", with(func(id *access.Identity) {
			id.Name, id.Roles = "Mallory\r\nX-Injected-Roles: Admin\x01\x7f", []string{"\r\nAdmin", "\x00"}
		}), nil, 403, 200},
		{"nothing but a subject", access.Identity{Issuer: "https://id.example", Subject: "x y"}, nil, 403, 200},
		{"a member of the group", with(func(id *access.Identity) { id.Groups = []string{many[1], staff} }), nil, 403, 403},
		{"more groups than fit", with(func(id *access.Identity) { id.Groups, id.Roles = many, []string{"Admin"} }), []string{"groups"}, 200, 403},
		{"a case of its own", with(func(id *access.Identity) { id.Roles = []string{"admin", "ADMIN"} }), nil, 403, 200},
	}
}

// wants is what a backend must have read of a person.
func (p person) wants() told {
	or := func(list []string) []string { return append([]string{}, list...) }
	w := told{
		OID: p.id.Object, TID: p.id.Tenant, Sub: p.id.Subject, Name: p.id.Name, Email: p.id.Email,
		Roles: or(p.id.Roles), Groups: or(p.id.Groups), Scopes: or(p.id.Scopes), Overflow: or(p.overflow),
	}
	if slices.Contains(w.Overflow, "groups") {
		w.Groups = []string{}
	}
	return w
}

func TestBackends(t *testing.T) {
	t.Parallel()
	for n, name := range []string{"go", "flask", "express"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port, folder := freePort(t), filepath.Join(repository(t), "examples", "backends")
			if name == "express" {
				folder = withModules(t)
			}
			env := []string{"PORT=" + strconv.Itoa(port)}
			command := commands(t, backendsReadme, "The commands", n+1)
			if name == "express" { // npm ci is done by withModules, in the form that stands here
				command = replaced(t, backendsReadme, command, "npm ci --ignore-scripts --omit=dev && ", "")
			}
			begin(t, name, folder, env, "bash", "-c", command).listens(t, port)
			base := "http://" + local(port)
			v := visit(t, port)
			for _, p := range people() {
				h := http.Header{}
				renderer(t).Render(&p.id).Write(h, nil)
				var got told
				if r := v.do(base+"/", h); r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &got) != nil {
					t.Errorf("%s: %d %s", p.what, r.status, r.body)
				} else if want := p.wants(); !reflect.DeepEqual(got, want) {
					t.Errorf("%s:\nread   %+q\nwanted %+q", p.what, got, want)
				}
				if r := v.do(base+"/admin", h); r.status != p.admin {
					t.Errorf("%s at /admin: %d, want %d", p.what, r.status, p.admin)
				}
				if r := v.do(base+"/guests", h); r.status != p.guests {
					t.Errorf("%s at /guests: %d, want %d", p.what, r.status, p.guests)
				}
			}
			for i := range 2 {
				command := commands(t, backendsReadme, "What one sees", i+1, "127.0.0.1:3000", local(port))
				if out, want := succeeds(t, t.TempDir(), nil, command), promised(t, backendsReadme, "What one sees", i+1); out != want {
					t.Errorf("%s prints %q, and is said to print %q", command, out, want)
				}
			}
			for _, path := range []string{"/", "/admin", "/guests"} {
				if r := v.do(base+path, nil); r.status != http.StatusUnauthorized {
					t.Errorf("nobody at %s: %d", path, r.status)
				}
			}
		})
	}
}

// withModules is a copy of examples/backends in which Express is installed as its README says. What was installed is
// kept in the user's cache folder, by the hash of the lock file.
func withModules(t *testing.T) string {
	t.Helper()
	lock := read(t, "backends/express/package-lock.json")
	for _, word := range []string{"resolved", "registry"} {
		if strings.Contains(lock, word) {
			t.Errorf("package-lock.json says %q: it must name no place to download from", word)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(lock))
	kept := filepath.Join(cache, "easyauth", "express-"+hex.EncodeToString(sum[:8]))
	folder := copied(t, "backends")
	here := filepath.Join(folder, "express")
	if _, err := os.Stat(filepath.Join(kept, "node_modules")); err != nil {
		_, command, _ := strings.Cut(commands(t, backendsReadme, "The commands", 3), "cd express && ")
		succeeds(t, here, nil, strings.TrimSuffix(strings.TrimSpace(command), " && npm start"))
		keep(t, here, kept)
	}
	if err := os.RemoveAll(filepath.Join(here, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(kept, "node_modules"), filepath.Join(here, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return folder
}

// keep puts what npm installed into the cache, whole or not at all.
func keep(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	half := fmt.Sprintf("%s.%d", to, os.Getpid()) // on the same disk
	if err := os.RemoveAll(half); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(half, "node_modules"), os.DirFS(filepath.Join(from, "node_modules"))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(half, to); err != nil {
		t.Fatal(err)
	}
}
