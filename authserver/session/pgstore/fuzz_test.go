package pgstore

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// FuzzRow reads what may stand in a row, and in a notification. A record is what the
// row says and nothing more; a change is heard only of a whole key of this realm.
func FuzzRow(f *testing.F) {
	at := time.UnixMilli(1_795_000_000_123).UTC()
	good := &session.Record{Key: session.Key{1}, User: session.Handle{2}, Version: 7, Issued: at, Seen: at, Expires: at.Add(time.Hour), Label: []byte("l"), Value: []byte("v")}
	if got := scanned(f, hex.EncodeToString(good.Key[:]), hex.EncodeToString(good.User[:]), "6c", "76", 7, at.UnixMilli(), good.Expires.UnixMilli()); !reflect.DeepEqual(got, good) {
		f.Fatalf("%+v", got) // the seed must get as far as it can
	}
	f.Add(hex.EncodeToString(good.Key[:]), hex.EncodeToString(good.User[:]), "6c", "76", int64(7), at.UnixMilli(), good.Expires.UnixMilli(), "0123456789abcdef:"+hex.EncodeToString(good.Key[:]))
	f.Add("", "zz", "6", strings.Repeat("00", 5000), int64(-1), int64(-1), int64(1)<<62, "0123456789abcdef:")
	f.Add(strings.Repeat("ab", 33), "AB", "", "", int64(0), int64(0), int64(0), "0123456789abcdee:"+hex.EncodeToString(good.Key[:]))
	s := &Store{realm: "0123456789abcdef"}
	f.Fuzz(func(t *testing.T, key, user, label, value string, version, issued, expires int64, payload string) {
		if r := scanned(t, key, user, label, value, version, issued, expires); r != nil {
			raw, _ := hex.DecodeString(key)
			if n := copy(make([]byte, len(r.Key)), raw); hex.EncodeToString(r.Key[:n]) != hex.EncodeToString(raw[:n]) || hex.EncodeToString(r.Value) != strings.ToLower(value) || r.Issued.UnixMilli() != issued || r.Expires.UnixMilli() != expires {
				t.Fatalf("%+v", r)
			}
		}
		var h heardKeys
		s.tell(&h, payload)
		if len(h) > 1 || len(h) == 1 && strings.ToLower(payload) != "0123456789abcdef:"+hex.EncodeToString(h[0][:]) {
			t.Fatalf("%q is a change of %x", payload, h)
		}
	})
}

// scanned is the record of a row whose texts are these; nil if one is no
// hexadecimal text.
func scanned(t testing.TB, key, user, label, value string, version, issued, expires int64) *session.Record {
	t.Helper()
	w := row{version: version, issued: issued, seen: issued, expires: expires}
	for text, to := range map[*string]*hexed{&key: &w.key, &user: &w.user, &label: &w.label, &value: &w.value} {
		if err := to.ScanText(pgtype.Text{String: *text, Valid: true}); err != nil {
			return nil
		}
	}
	if err := w.sid.ScanText(pgtype.Text{}); err != nil || w.sid != nil {
		t.Fatalf("NULL is %x, %v", w.sid, err)
	}
	return w.record()
}

// heardKeys are the records that a watcher was told of.
type heardKeys []session.Key

func (h *heardKeys) Changed(keys ...session.Key) { *h = append(*h, keys...) }

func (h *heardKeys) Connected(bool) {}
