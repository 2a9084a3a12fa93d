package ticket

import (
	"bytes"
	"compress/flate"
	"reflect"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// A plain ticket never gets here unless we sealed it. It must not crash us even
// so: a bomb, a cut or a wild count ends in an error.
func FuzzDecode(f *testing.F) {
	enc := &encoding{issuer: "https://i", compress: true}
	issued := time.UnixMilli(1_795_000_000_123).UTC()
	id := access.Identity{
		Issuer: "https://i", Name: "name", Roles: []string{"role role role role role role role role"},
		Claims: []access.Claim{{Name: "c", Values: []string{"v", "v"}}},
		Graph:  []access.GraphResult{{Query: "/me", JSON: "{}"}, {Query: "/x", Dropped: true}},
	}
	for _, compress := range []bool{true, false} {
		enc.compress = compress
		f.Add(enc.encode(&Ticket{Issued: issued, Expires: issued.Add(time.Hour), Identity: id}))
	}
	f.Add([]byte{format, flagDeflate})
	f.Fuzz(func(t *testing.T, plain []byte) {
		got, err := enc.decode(plain)
		if err != nil {
			return
		}
		if !got.Identity.GroupsUnknown {
			got.Identity.GroupsChecked = nil // they say nothing then, and are not written
		}
		again, err := enc.decode(enc.encode(got))
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("%+v came back as %+v, %v", got, again, err)
		}
	})
}

func TestAttack15DecodeBoundsABomb(t *testing.T) {
	enc := &encoding{}
	plain := enc.encode(&Ticket{Issued: time.UnixMilli(0), Expires: time.UnixMilli(0)})
	head := bytes.Clone(plain[:len(plain)-len(encodeText(&access.Identity{}, 0))])
	if _, err := enc.decode(append(bytes.Clone(head), encodeText(&access.Identity{}, 0)...)); err != nil {
		t.Fatalf("the same ticket without a bomb: %v", err)
	}
	head[1] |= flagDeflate
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 2<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := enc.decode(append(head, bomb.Bytes()...)); err == nil {
		t.Error("2 MB in a ticket: accepted")
	}
}
