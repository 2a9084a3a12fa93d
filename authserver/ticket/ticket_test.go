package ticket_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

const (
	tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
	issuer = "https://login.microsoftonline.com/" + tenant + "/v2.0"
)

func ring(t testing.TB, keys ...byte) *seal.Ring {
	t.Helper()
	raw := make([][]byte, 0, len(keys))
	for _, k := range keys {
		raw = append(raw, bytes.Repeat([]byte{k}, seal.KeySize))
	}
	r, err := seal.NewRing(raw, seal.Domain{BasePath: "/easyauth", Authority: issuer, ClientID: "client"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func codec(t testing.TB, keys ...byte) *ticket.Codec {
	t.Helper()
	if len(keys) == 0 {
		keys = []byte{1}
	}
	c, err := ticket.New(ticket.Config{Ring: ring(t, keys...), Issuer: issuer})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// guid returns the n-th of a row of random-looking GUIDs, always the same.
func guid(n int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "guid %d", n))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func guids(n int) []string {
	var out []string
	for i := range n {
		out = append(out, guid(i))
	}
	return out
}

// adele has 20 claims as an Entra ID token with the usual optional claims does.
func adele() ticket.Ticket {
	sub := sha256.Sum256([]byte("sub"))
	issued := time.UnixMilli(1_795_000_000_123).UTC()
	return ticket.Ticket{
		ID: ticket.NewID(), Issued: issued, Expires: issued.Add(8 * time.Hour),
		Identity: access.Identity{
			Tenant: tenant, Object: guid(-1), Issuer: issuer, Subject: base64.RawURLEncoding.EncodeToString(sub[:]),
			Name: "Adele Vance", PreferredUsername: "adele.vance@contoso.example", Email: "adele.vance@contoso.example",
			Roles: []string{"Admin", "Orders.Write"}, Scopes: []string{"openid", "profile", "email", "User.Read"},
			Claims: []access.Claim{
				{Name: "acct", Values: []string{"0"}},
				{Name: "country", Values: []string{"Germany"}},
				{Name: "ctry", Values: []string{"DE"}},
				{Name: "department", Values: []string{"Retail Operations"}},
				{Name: "employeeid", Values: []string{"4711-0815"}},
				{Name: "family_name", Values: []string{"Vance"}},
				{Name: "given_name", Values: []string{"Adele"}},
				{Name: "idp", Values: []string{"https://sts.windows.net/" + guid(-2) + "/"}},
				{Name: "onprem_sid", Values: []string{"S-1-5-21-1004336348-1177238915-682003330-512"}},
				{Name: "upn", Values: []string{"adele.vance@contoso.example"}},
				{Name: "wids", Values: []string{guid(-3), guid(-4)}},
			},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	full := adele()
	full.Identity.Groups = guids(3)
	full.Identity.Graph = []access.GraphResult{{Query: "/me", JSON: `{"a":1}`}, {Query: "/me/manager", Dropped: true}}
	full.Identity.Dropped = []string{"department"}
	other := adele()
	other.Identity.Issuer, other.Identity.GroupsUnknown = "https://other.example", true
	other.Identity.Groups = []string{"not a guid", guid(1)}
	foreign := adele()
	foreign.Identity.Elsewhere, foreign.Identity.Subject = true, ""
	tests := map[string]ticket.Ticket{
		"usual": adele(), "full": full, "another issuer": other, "of another application's token": foreign,
		"nothing but times": {Issued: time.UnixMilli(0).UTC(), Expires: time.UnixMilli(1000).UTC()},
		"smuggler":          {Issued: time.UnixMilli(5).UTC(), Expires: time.UnixMilli(1005).UTC(), Identity: access.Identity{Name: "a|b\r\nX: y\x00", Issuer: issuer}},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			c := codec(t)
			chunks, dropped, err := c.Seal(&want)
			if err != nil || len(dropped) > 0 {
				t.Fatalf("seal: dropped %v, %v", dropped, err)
			}
			got, err := c.Open(chunks...)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("got  %+v\nwant %+v", *got, want)
			}
		})
	}
}

// The sizes of the design: 20 claims in 1,024 bytes; with 200 groups, the most
// that Entra ID puts into a token, 5,120 in two cookies.
func TestSizes(t *testing.T) {
	tests := []struct {
		name            string
		groups          int
		maxSize, chunks int
	}{
		{"20 claims", 0, 1024, 1},
		{"20 claims and 200 groups", 200, 5120, 2},
	}
	for _, tt := range tests {
		tk := adele()
		tk.Identity.Groups = guids(tt.groups)
		chunks, dropped, err := codec(t).Seal(&tk)
		if err != nil || len(dropped) > 0 {
			t.Fatalf("%s: dropped %v, %v", tt.name, dropped, err)
		}
		size := len(strings.Join(chunks, ""))
		t.Logf("%s: %d bytes in %d cookies (at most %d in %d)", tt.name, size, len(chunks), tt.maxSize, tt.chunks)
		t.Attr("ticket_bytes_"+strconv.Itoa(tt.groups)+"_groups", strconv.Itoa(size))
		if size > tt.maxSize || len(chunks) > tt.chunks {
			t.Errorf("%s: %d bytes in %d cookies, want at most %d in %d", tt.name, size, len(chunks), tt.maxSize, tt.chunks)
		}
	}
}

// noise does not compress.
func noise(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		h := sha256.Sum256(fmt.Appendf(nil, "noise %d of %d", i, n))
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]))
	}
	return b.String()[:n]
}

func TestWhatDoesNotFitIsDropped(t *testing.T) {
	graph := func(sizes ...int) (out []access.GraphResult) {
		for i, n := range sizes {
			out = append(out, access.GraphResult{Query: fmt.Sprintf("/q%d", i), JSON: noise(n)})
		}
		return out
	}
	tests := []struct {
		name    string
		change  func(*access.Identity)
		dropped []string
		err     error
	}{
		{"fits", func(id *access.Identity) { id.Graph = graph(2000) }, nil, nil},
		{"the larger graph result", func(id *access.Identity) { id.Graph = graph(500, 5000) }, []string{"graph"}, nil},
		{"all graph results before a claim", func(id *access.Identity) {
			id.Graph, id.Groups = graph(500, 600), guids(200)
			id.Claims = append(id.Claims, access.Claim{Name: "big", Values: []string{noise(1800)}})
		}, []string{"graph", "graph", "big"}, nil},
		{"a claim before groups", func(id *access.Identity) {
			id.Claims = append(id.Claims, access.Claim{Name: "big", Values: []string{noise(3000)}})
			id.Groups = guids(200)
		}, []string{"big"}, nil},
		{"groups last", func(id *access.Identity) { id.Groups, id.Claims = guids(300), nil }, []string{"groups"}, nil},
		{"a name alone", func(id *access.Identity) { id.Name, id.Claims = noise(6000), nil }, nil, ticket.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := codec(t)
			tk := adele()
			tt.change(&tk.Identity)
			before := fmt.Sprintf("%+v", tk)
			chunks, dropped, err := c.Seal(&tk)
			if !errors.Is(err, tt.err) || !slices.Equal(dropped, tt.dropped) {
				t.Fatalf("dropped %q, error %v; want %q, %v", dropped, err, tt.dropped, tt.err)
			}
			if after := fmt.Sprintf("%+v", tk); after != before {
				t.Error("the caller's ticket was changed")
			}
			if tt.err != nil {
				return
			}
			if n := len(strings.Join(chunks, "")); n > ticket.MaxLength {
				t.Errorf("%d bytes", n)
			}
			got, err := c.Open(chunks...)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range dropped {
				switch name {
				case "graph":
					if !slices.ContainsFunc(got.Identity.Graph, func(g access.GraphResult) bool { return g.Dropped && g.JSON == "" }) {
						t.Errorf("graph result is not marked: %+v", got.Identity.Graph)
					}
				case "groups":
					if !got.Identity.GroupsUnknown || got.Identity.Groups != nil {
						t.Error("groups are not marked unknown")
					}
					fallthrough
				default:
					if !slices.Contains(got.Identity.Dropped, name) {
						t.Errorf("%q is not marked in %q", name, got.Identity.Dropped)
					}
				}
			}
		})
	}
}

func TestOpenRefusesOtherChunks(t *testing.T) {
	c := codec(t)
	two := func() []string {
		tk := adele()
		tk.Identity.Groups = guids(200)
		chunks, _, err := c.Seal(&tk)
		if err != nil || len(chunks) != 2 {
			t.Fatalf("%d chunks, %v", len(chunks), err)
		}
		return chunks
	}
	tk := adele()
	single, _, err := c.Seal(&tk)
	if err != nil || len(single) != 1 {
		t.Fatalf("%d chunks, %v", len(single), err)
	}
	one, a, b := single[0], two(), two()
	tests := []struct {
		name   string
		chunks []string
		ok     bool
	}{
		{"one", []string{one}, true},
		{"two", a, true},
		{"none", nil, false},
		{"empty", []string{""}, false},
		{"swapped", []string{a[1], a[0]}, false},
		{"the second of another ticket", []string{a[0], b[1]}, false},
		{"only the first", a[:1], false},
		{"the first twice", []string{a[0], a[0]}, false},
		{"a chunk too many", []string{a[0], a[1], a[1]}, false},
		{"one and a stale second", []string{one, a[1]}, false},
		{"count 2 made 1", []string{"1" + a[0][1:] + a[1]}, false},
		{"count 1 made 2", []string{"2" + one[1:100], one[100:]}, false},
		{"cut elsewhere: the count and order stand, the bytes too", []string{a[0][:100], a[0][100:] + a[1]}, true},
		{"count 0", []string{"0" + one[1:]}, false},
		{"count 9", []string{"9" + one[1:]}, false},
		{"no count", []string{one[1:]}, false},
		{"last character cut", []string{one[:len(one)-1]}, false},
		{"a character more", []string{one + "A"}, false},
		{"far too long", []string{"1" + strings.Repeat("A", 100_000)}, false},
	}
	for _, tt := range tests {
		if _, err := c.Open(tt.chunks...); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := codec(t, 2).Open(one); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := codec(t, 2, 1).Open(one); err != nil {
		t.Errorf("an older key of the ring: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	c := codec(f)
	tk := adele()
	one, _, err := c.Seal(&tk)
	if err != nil {
		f.Fatal(err)
	}
	tk.Identity.Groups = guids(200)
	two, _, err := c.Seal(&tk)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(one[0], "")
	f.Add(two[0], two[1])
	f.Add(two[1], two[0])
	f.Add("1", "")
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, chunks := range [][]string{{first}, {first, second}} {
			got, err := c.Open(chunks...)
			if err == nil && got.Identity.Object != guid(-1) {
				t.Errorf("opened what was never sealed: %+v", got)
			}
		}
	})
}
