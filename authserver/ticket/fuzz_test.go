package ticket_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// FuzzTicket seals identities of any text. They come back as they were, but for what
// is named as dropped; roles and scopes always do. The cookies keep to their bounds,
// and open in this one arrangement only.
func FuzzTicket(f *testing.F) {
	f.Add("Adele", "Admin", guid(1), "department", "Retail", `{"a":1}`, uint8(3), uint16(0))
	f.Add("a|b\r\nX: y\x00", "", "not a guid", "sid", "session", "", uint8(1), uint16(7))
	f.Add("\xff", "https://x/roles", strings.ToUpper(guid(1)), "ROLES", noise(255), noise(2000), uint8(40), uint16(1000))
	f.Add(noise(700), "r", guid(2), "", "", noise(4000), uint8(255), uint16(65535))
	f.Add("", "", "", "roles", noise(6000), "{}", uint8(0), uint16(1))
	packing := codec(f)
	plainly, err := ticket.New(ticket.Config{Ring: ring(f, 1), Issuer: issuer, NoCompression: true})
	if err != nil {
		f.Fatal(err)
	}
	issued := time.UnixMilli(1_795_000_000_123).UTC()
	f.Fuzz(func(t *testing.T, name, role, group, claim, value, graph string, count uint8, at uint16) {
		c := plainly
		if at%8 == 0 { // it takes a hundred times as long
			c = packing
		}
		groups := guids(int(count))
		want := ticket.Ticket{
			ID: ticket.ID{1, 2, 3}, Issued: issued, Expires: issued.Add(time.Hour), KeptSince: issued.Add(-time.Duration(at) * time.Second),
			Identity: access.Identity{
				Issuer: issuer, Tenant: tenant, Object: group, Subject: value, Name: name, Email: role, Roles: []string{role, name}, Scopes: []string{role, "openid"},
				Groups: append(groups, group), GroupsUnknown: count%2 == 1, Elsewhere: count%3 == 1, Contexts: []string{role}, AuthTime: time.Unix(int64(at), 0).UTC().Add(time.Second),
				Claims: []access.Claim{{Name: claim, Values: []string{value, name}}, {Name: "sid", Values: []string{"s-1"}}},
				Graph:  []access.GraphResult{{Query: claim, JSON: graph}, {Query: "/x", Dropped: true}},
			},
		}
		if count%4 == 1 {
			want.Identity.GroupsChecked = []string{group, guid(-1)}
		}
		if plain := c.Marshal(&want); plain != nil {
			got, err := c.Unmarshal(plain)
			if err != nil || !reflect.DeepEqual(*got, want) && len(plain) < ticket.MaxPlain/2 {
				t.Fatalf("%+v was kept and came back as %+v, %v", want, got, err)
			}
		}
		chunks, dropped, err := c.Seal(&want)
		if err != nil {
			if !errors.Is(err, ticket.ErrTooLarge) || len(name)+len(role)+len(group)+len(value) < 500 {
				t.Fatal(err)
			}
			return
		}
		checkChunks(t, c, chunks, int(at))
		got, err := c.Open(chunks...)
		if err != nil {
			t.Fatal(err)
		}
		id := &got.Identity
		switch {
		case len(dropped) == 0 && !reflect.DeepEqual(*got, want):
			t.Errorf("%+v came back as %+v", want, *got)
		case !slices.Equal(id.Roles, want.Identity.Roles) || !slices.Equal(id.Scopes, want.Identity.Scopes) || id.Key() != want.Identity.Key() || id.Name != name:
			t.Errorf("%+v came back as %+v", want, *got)
		case ticket.SID(id) != ticket.SID(&want.Identity):
			t.Errorf("sid %q, want %q", ticket.SID(id), ticket.SID(&want.Identity))
		case !slices.Equal(id.Groups, want.Identity.Groups) && !id.GroupsUnknown:
			t.Error("groups are missing, and not unknown")
		}
		for _, g := range id.Groups {
			if !slices.Contains(want.Identity.Groups, g) {
				t.Errorf("group %q", g)
			}
		}
	})
}

// checkChunks presents the cookies of a ticket in every wrong way.
func checkChunks(t *testing.T, c *ticket.Codec, chunks []string, at int) {
	t.Helper()
	whole := strings.Join(chunks, "")
	if len(whole) > ticket.MaxLength || len(chunks) > ticket.MaxChunks || ticket.Chunks(chunks[0]) != len(chunks) || slices.ContainsFunc(chunks, func(s string) bool { return len(s) > ticket.ChunkLength }) {
		t.Fatalf("%d bytes in %d cookies", len(whole), len(chunks))
	}
	at %= len(whole)
	other := "A"
	if whole[at] == 'A' {
		other = "B"
	}
	bad := map[string][]string{
		"one more":      append(slices.Clone(chunks), chunks[0]),
		"none":          nil,
		"cut":           {whole[:at]},
		"changed":       {whole[:at] + other + whole[at+1:]},
		"no count":      {whole[1:]},
		"another count": {"2" + whole[1:]},
		"in two":        {"2" + whole[1:max(at, 1)], whole[max(at, 1):]},
	}
	if len(chunks) == 2 {
		bad["swapped"], bad["the first alone"], bad["in one"] = []string{chunks[1], chunks[0]}, chunks[:1], []string{"1" + whole[1:]}
		delete(bad, "another count")
		delete(bad, "in two") // the same bytes, cut elsewhere
	}
	for what, chunks := range bad {
		if got, err := c.Open(chunks...); err == nil {
			t.Errorf("%s: opened as %+v", what, got)
		}
	}
}
