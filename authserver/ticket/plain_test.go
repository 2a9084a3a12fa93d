package ticket_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

func claim(name string, values ...string) access.Claim {
	return access.Claim{Name: name, Values: values}
}

func TestMarshal(t *testing.T) {
	c := codec(t)
	tests := []struct {
		name    string
		change  func(*access.Identity)
		dropped []string // claims that must be gone; the rest must be there
		fits    bool
	}{
		{"an ordinary one", func(*access.Identity) {}, nil, true},
		{"far too large for cookies", func(id *access.Identity) {
			id.Groups = guids(2000)
			id.Claims = append(id.Claims, claim("big", noise(20_000)))
		}, nil, true},
		{"too large for a store", func(id *access.Identity) {
			id.Claims = append(id.Claims, claim("big", noise(100_000)), claim("bigger", noise(150_000)))
		}, []string{"bigger"}, true},
		{"a name that is too large", func(id *access.Identity) { id.Name = noise(ticket.MaxPlain) }, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tk := adele()
			tt.change(&tk.Identity)
			before := fmt.Sprintf("%+v", tk)
			plain := c.Marshal(&tk)
			if fmt.Sprintf("%+v", tk) != before {
				t.Error("the caller's ticket was changed")
			}
			if !tt.fits {
				if plain != nil {
					t.Errorf("%d bytes, want none", len(plain))
				}
				return
			}
			if len(plain) == 0 || len(plain) > ticket.MaxPlain {
				t.Fatalf("%d bytes", len(plain))
			}
			got, err := c.Unmarshal(plain)
			if err != nil {
				t.Fatal(err)
			}
			want := tk
			want.Identity.Claims = slices.DeleteFunc(slices.Clone(tk.Identity.Claims), func(c access.Claim) bool { return slices.Contains(tt.dropped, c.Name) })
			want.Identity.Dropped = append(slices.Clone(tk.Identity.Dropped), tt.dropped...)
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("came back as\n%.500s\nwant\n%.500s", fmt.Sprintf("%+v", *got), fmt.Sprintf("%+v", want))
			}
		})
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	c := codec(t)
	tk := adele()
	plain := c.Marshal(&tk)
	tests := []struct {
		name  string
		plain []byte
		ok    bool
	}{
		{"as it was", plain, true},
		{"nothing", nil, false},
		{"cut", plain[:len(plain)-1], false},
		{"longer", append(slices.Clone(plain), 0), false},
		{"another format", append([]byte{plain[0] + 1}, plain[1:]...), false},
		{"far too long", append(slices.Clone(plain), make([]byte, ticket.MaxPlain)...), false},
	}
	for _, tt := range tests {
		if _, err := c.Unmarshal(tt.plain); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestSID(t *testing.T) {
	tests := []struct {
		name   string
		claims []access.Claim
		want   string
	}{
		{"none", nil, ""},
		{"one", []access.Claim{claim("name", "x"), claim("sid", "s-1")}, "s-1"},
		{"of another name", []access.Claim{claim("SID", "s-1"), claim("https://x/sid", "s-2")}, ""},
		{"empty", []access.Claim{claim("sid", "")}, ""},
		{"no value", []access.Claim{claim("sid")}, ""},
		{"two values", []access.Claim{claim("sid", "s-1", "s-2")}, ""},
		{"255 bytes", []access.Claim{claim("sid", strings.Repeat("s", 255))}, strings.Repeat("s", 255)},
		{"256 bytes", []access.Claim{claim("sid", strings.Repeat("s", 256))}, ""},
	}
	for _, tt := range tests {
		if got := ticket.SID(&access.Identity{Claims: tt.claims}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Whatever has to go, the session at the identity provider stays: the provider ends
// ours by it.
func TestSIDIsNeverDropped(t *testing.T) {
	tests := []struct {
		name    string
		sid     access.Claim
		want    string
		dropped bool
	}{
		{"a usual one", claim("sid", guid(7)), guid(7), false},
		{"the longest", claim("sid", noise(255)), noise(255), false},
		{"one that nobody may use", claim("sid", noise(5000)), "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tk := adele()
			tk.Identity.Claims = []access.Claim{claim("small", "x"), tt.sid, claim("big", noise(5800))}
			tk.Identity.Groups = guids(300)
			c := codec(t)
			chunks, dropped, err := c.Seal(&tk)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Open(chunks...)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(dropped, "big") || !slices.Contains(dropped, "groups") || slices.Contains(dropped, "sid") != tt.dropped {
				t.Errorf("dropped %q", dropped)
			}
			if sid := ticket.SID(&got.Identity); sid != tt.want {
				t.Errorf("sid %q, want %q", sid, tt.want)
			}
		})
	}
}

func TestOpenKey(t *testing.T) {
	tk := adele()
	chunks, _, err := codec(t, 1).Seal(&tk)
	if err != nil {
		t.Fatal(err)
	}
	got, key, err := codec(t, 2, 1).OpenKey(chunks...)
	if err != nil || got.Identity.Object != tk.Identity.Object {
		t.Fatalf("%+v, %v", got, err)
	}
	if want := ring(t, 1).Current(); key != want {
		t.Errorf("opened with %v, want %v", key, want)
	}
	refusals := map[string][]string{"no chunk": nil, "a changed chunk": {chunks[0] + "A"}}
	for name, chunks := range refusals {
		if got, key, err := codec(t, 1).OpenKey(chunks...); err == nil || got != nil || key != (seal.KeyID{}) {
			t.Errorf("%s: %v, %v, %v", name, got, key, err)
		}
	}
	if got, key, err := codec(t, 2).OpenKey(chunks...); err == nil || got != nil || key != (seal.KeyID{}) {
		t.Errorf("another key: %v, %v, %v", got, key, err)
	}
}
