package wire_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

// FuzzWriter writes anything and reads it again: it comes back as it was, takes no
// more than a few bytes beside itself, and not one byte of it can be missing.
func FuzzWriter(f *testing.F) {
	f.Add("text", guid+","+guid, uint64(1), int64(1_795_000_000_123))
	f.Add(guid, "a,,b", uint64(1)<<63, int64(-1))
	f.Add("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", guid+",x", uint64(0), int64(0))
	f.Add("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", strings.ToUpper(guid), uint64(127), int64(1)<<50)
	f.Fuzz(func(t *testing.T, text, joined string, number uint64, ms int64) {
		list := strings.Split(joined, ",")
		at := time.UnixMilli(min(max(ms, -1), 1<<50)).UTC()
		var w wire.Writer
		w.Text(text)
		w.List(list)
		w.Number(number)
		w.Time(at)
		if most := len(text) + len(joined) + 10*(len(list)+4); len(w) > most {
			t.Errorf("%d bytes, want at most %d", len(w), most)
		}
		read := func(b []byte) (string, []string, uint64, time.Time, error) {
			r := wire.NewReader(b)
			text, list, number, at := r.Text(), r.List(), r.Number(), r.Time()
			return text, list, number, at, r.End()
		}
		if at.Before(time.UnixMilli(0)) {
			at = time.UnixMilli(0).UTC()
		}
		gotText, gotList, gotNumber, gotAt, err := read(w)
		if err != nil || gotText != text || !slices.Equal(gotList, list) || gotNumber != number || !gotAt.Equal(at) {
			t.Errorf("%q, %q, %d, %v came back as %q, %q, %d, %v, %v", text, list, number, at, gotText, gotList, gotNumber, gotAt, err)
		}
		if _, _, _, _, err := read(w[:len(w)-1]); err == nil {
			t.Error("a byte is missing, and nobody noticed")
		}
		if _, _, _, _, err := read(append(bytes.Clone(w), 0)); err == nil {
			t.Error("a byte is left over, and nobody noticed")
		}
	})
}
