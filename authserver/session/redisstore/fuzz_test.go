package redisstore

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// FuzzRecord reads what may stand where a record should. It is a record of the key
// that was asked for, within the bounds, which is written as it was; or damaged, which
// is not the same as gone.
func FuzzRecord(f *testing.F) {
	at := time.UnixMilli(1_795_000_000_123)
	good := &session.Record{Key: session.Key{1}, User: session.Handle{2}, SID: session.Handle{3}, Version: 7, Issued: at, Seen: at, Expires: at.Add(time.Hour), Label: []byte("l"), Value: []byte("v")}
	hash := map[string]string{}
	for list := fields(good); len(list) > 1; list = list[2:] {
		hash[list[0]] = list[1]
	}
	if got, err := decode(text(good.Key), hash, true); err != nil || !reflect.DeepEqual(got, good) {
		f.Fatalf("%+v, %v", got, err) // the seed must get as far as it can
	}
	f.Add(text(good.Key), hash[fieldVersion], hash[fieldValue], hash[fieldUser], hash[fieldSID], hash[fieldIssued], hash[fieldSeen], hash[fieldExpires], hash[fieldLabel])
	f.Add(strings.ToUpper(text(session.Key{0xab})), "18446744073709551615", strings.Repeat("v", 2000), "", "", "-1", "0", "9223372036854775807", "")
	f.Add("", "0", "", "ab", strings.Repeat("z", 64), "today", "1e3", "+1", strings.Repeat("l", session.MaxLabel+1))
	f.Fuzz(func(t *testing.T, key, version, value, user, sid, issued, seen, expires, label string) {
		hash := map[string]string{
			fieldVersion: version, fieldValue: value, fieldUser: user, fieldSID: sid, fieldIssued: issued, fieldSeen: seen, fieldExpires: expires, fieldLabel: label,
		}
		r, err := decode(key, hash, true)
		if err != nil {
			if r != nil || !errors.Is(err, errRecord) || errors.Is(err, session.ErrNoRecord) || len(value) > 8 && strings.Contains(err.Error(), value) && !strings.Contains(key, value) {
				t.Fatalf("%+v, %v", r, err)
			}
			return
		}
		if text(r.Key) != strings.ToLower(key) || r.Version == 0 || string(r.Value) != value || string(r.Label) != label || len(r.Value) == 0 || len(r.Value) > session.MaxValue || len(r.Label) > session.MaxLabel {
			t.Fatalf("%+v", r)
		}
		again := map[string]string{}
		for list := fields(r); len(list) > 1; list = list[2:] {
			again[list[0]] = list[1]
		}
		if got, err := decode(text(r.Key), again, true); err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("%+v is read again as %+v, %v", r, got, err)
		}
		delete(again, fieldExpires)
		if _, err := decode(text(r.Key), again, true); err == nil {
			t.Fatal("a record without an end")
		}
	})
}

// FuzzRevocation reads what may stand in the list of revoked tickets, and the place to
// go on from, which a client of List gives back.
func FuzzRevocation(f *testing.F) {
	handle := text(session.Handle{7})
	f.Add("1", handle, "1795000000123", "1795000001123", "1-1", "0.5."+text(session.Key{1}))
	f.Add("4", "", "0", "1", "0-0", "2..")
	f.Add("4", handle, "x", "-1", "18446744073709551615-18446744073709551615", "0.18446744073709551615."+text(session.Key{1}))
	f.Add("0", "", "", "", "-", "..")
	f.Add("257", strings.Repeat("z", 64), "1", "1", "1", "0.1.")
	if r, err := decodeRevocation(rueidis.XRangeEntry{FieldValues: map[string]string{"s": "1", "h": handle, "t": "1", "u": "2"}}); err != nil || r.Handle != (session.Handle{7}) {
		f.Fatalf("%+v, %v", r, err) // the seed must get as far as it can
	}
	f.Fuzz(func(t *testing.T, scope, handle, issued, until, id, after string) {
		r, err := decodeRevocation(rueidis.XRangeEntry{ID: id, FieldValues: map[string]string{"s": scope, "h": handle, "t": issued, "u": until}})
		if err == nil {
			if checkRevocation(r) != nil || text(r.Handle) != strings.ToLower(handle) || (r.Scope == session.AllTickets) != (handle == "" || r.Handle == session.Handle{}) || r.Until.UnixMilli() <= 0 {
				t.Fatalf("%+v", r)
			}
		}
		if validPlace(id) && strings.Trim(id, "0123456789-") != "" {
			t.Fatalf("place %q", id)
		}
		p, err := readPlace(after, 3)
		if err != nil {
			if p != (place{}) || !errors.Is(err, errPlace) {
				t.Fatalf("%+v, %v", p, err)
			}
			return
		}
		if after != "" && (p.index < 0 || p.index > 2 || strings.Trim(p.score, "0123456789") != "" || p.member != "" && len(p.member) != 64) {
			t.Fatalf("%q is %+v", after, p)
		}
		if again, err := readPlace(p.String(), 3); err != nil || again != p {
			t.Fatalf("%q is %+v, and again %+v, %v", after, p, again, err)
		}
	})
}

// FuzzKeyNames tells indexes of any realm from everything else in a database.
func FuzzKeyNames(f *testing.F) {
	for _, s := range []string{"easyauth:0123456789abcdef:a", "easyauth:0123456789abcdef:u:x", "easyauth:any:lease:x", "easyauth:0123456789abcdef:s:a", "other:0123456789abcdef:a", "0123456789abcdef:a", "easyauth::a"} {
		f.Add(s)
	}
	if n, ok := indexOf("easyauth:0123456789abcdef:a"); !ok || n.all() != "easyauth:0123456789abcdef:a" {
		f.Fatal("the seed must get as far as it can")
	}
	f.Fuzz(func(t *testing.T, key string) {
		n, ok := indexOf(key)
		if ok && key != n.all() && !strings.HasPrefix(key, n.prefix+"u:") && !strings.HasPrefix(key, n.prefix+"i:") {
			t.Fatalf("%q is an index of %q", key, n.prefix)
		}
		if ok && !strings.HasPrefix(key, "easyauth:") {
			t.Fatalf("%q is ours", key)
		}
	})
}
