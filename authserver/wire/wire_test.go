package wire_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const guid = "8f2a5c1e-9b3d-4e6f-a1b2-c3d4e5f60718"

func TestTextComesBackAsItWas(t *testing.T) {
	tests := []struct {
		text string
		size int // bytes it may take
	}{
		{"", 1},
		{"a", 2},
		{guid, 17},
		{strings.ToUpper(guid), 38},
		{guid + " ", 39},
		{"8f2a5c1e-9b3d-4e6f-a1b2-c3d4e5f6071", 37},
		{"8f2a5c1e+9b3d-4e6f-a1b2-c3d4e5f60718", 38},
		{"8f2a5c1e-9b3d-4e6f-a1b2-c3d4e5f6071g", 38},
		{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 34}, // 32 bytes
		{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", 45}, // stray bits at its end: kept as text
		{"administrator_role", 19},
		{"Zoë | \r\n\x00 李", 20},
		{strings.Repeat("x", 70000), 70003},
	}
	for _, tt := range tests {
		var w wire.Writer
		w.Text(tt.text)
		r := wire.NewReader(w)
		if got := r.Text(); got != tt.text || r.End() != nil {
			t.Errorf("%.50q came back as %.50q, %v", tt.text, got, r.End())
		}
		if len(w) > tt.size {
			t.Errorf("%.50q takes %d bytes, want %d", tt.text, len(w), tt.size)
		}
	}
}

func TestListComesBackAsItWas(t *testing.T) {
	for _, list := range [][]string{nil, {""}, {"a", "", "b"}, {guid}, {guid, guid}, {guid, "a", guid}} {
		var w wire.Writer
		w.List(list)
		r := wire.NewReader(w)
		if got := r.List(); !slices.Equal(got, list) || r.End() != nil {
			t.Errorf("%q came back as %q, %v", list, got, r.End())
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	tests := map[string]func(*wire.Reader){
		"number of 11 bytes":        func(r *wire.Reader) { r.Number() },
		"count beyond the bytes":    func(r *wire.Reader) { r.Count() },
		"text beyond the bytes":     func(r *wire.Reader) { r.Text() },
		"list beyond the bytes":     func(r *wire.Reader) { r.List() },
		"more bytes than there are": func(r *wire.Reader) { r.Bytes(1 << 62) },
	}
	huge := bytes.Repeat([]byte{0xff}, 9)
	for name, read := range tests {
		r := wire.NewReader(append(huge, 0xff, 1))
		if name != "number of 11 bytes" {
			r = wire.NewReader(append(slices.Clone(huge), 0x01))
		}
		if read(r); r.Err() == nil || r.Number() != 0 || r.Text() != "" || r.List() != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if r := wire.NewReader([]byte{1<<2 | 1, 0}); r.Text() != "" || r.Err() == nil {
		t.Error("a GUID of one byte: accepted")
	}
	if r := wire.NewReader([]byte{3, 3}); r.Text() != "" || r.Err() == nil {
		t.Error("an unknown kind: accepted")
	}
	if r := wire.NewReader([]byte{0, 0}); r.Number() != 0 || r.End() == nil {
		t.Error("a byte left over: accepted")
	}
}

func FuzzReader(f *testing.F) {
	var w wire.Writer
	w.Text("text")
	w.List([]string{guid, guid})
	w.List([]string{"a"})
	f.Add([]byte(w))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		text, list, more := r.Text(), r.List(), r.List()
		if r.End() != nil {
			return
		}
		var w wire.Writer
		w.Text(text)
		w.List(list)
		w.List(more)
		again := wire.NewReader(w)
		if again.Text() != text || !slices.Equal(again.List(), list) || !slices.Equal(again.List(), more) || again.End() != nil {
			t.Errorf("%x does not survive a round trip", b)
		}
	})
}
