package client

import (
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func theTime() time.Time { return time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC) }

func theKey() key { return key{server: "https://app.example.com/easyauth"} }

func aRecord(left, life time.Duration, refresh string) *record {
	return &record{
		key: theKey(), access: secret.New("ea_abc"), refresh: secret.New(refresh),
		issued: theTime().Add(left - life), expires: theTime().Add(left),
	}
}

func TestDecode(t *testing.T) {
	text, err := aRecord(time.Hour, time.Hour, "ear_def").encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	for _, row := range []struct{ name, text, want string }{
		{"as it is written", good, ""},
		{"without a refresh token", strings.Replace(good, `"ear_def"`, `""`, 1), ""},
		{"empty", "", "damaged"},
		{"cut short", good[:len(good)/2], "damaged"},
		{"more behind", good + good, "damaged"},
		{"zeros", strings.Repeat("\x00", 500), "damaged"},
		{"another version", strings.Replace(good, `"version": 1`, `"version": 2`, 1), "another version"},
		{"no version", strings.Replace(good, `"version": 1`, `"x": 1`, 1), "another version"},
		{"another server's", strings.Replace(good, "app.example", "evil.example", 1), "another server"},
		{"another base path's", strings.Replace(good, "/easyauth", "/sso", 1), "another server"},
		{"an application's", strings.Replace(good, `"server"`, `"client": "x", "server"`, 1), "another server or client"},
		{"no token", strings.Replace(good, "ea_abc", "", 1), "damaged"},
		{"another token", strings.Replace(good, "ea_abc", "eyJhbGciOi", 1), "damaged"},
		{"a line break in it", strings.Replace(good, "ea_abc", `ea_a\nbc`, 1), "damaged"},
		{"another refresh token", strings.Replace(good, "ear_def", "x"+marker, 1), "damaged"},
		{"no times", strings.ReplaceAll(good, "2026-05-17T", "x"), "damaged"},
		{"an end before the beginning", strings.Replace(good, "2026-05-17T13", "2026-05-17T11", 1), "damaged"},
	} {
		r, err := decode([]byte(row.text), theKey())
		switch {
		case row.want == "" && (err != nil || r.access.Reveal() != "ea_abc" || !r.expires.Equal(theTime().Add(time.Hour))):
			t.Errorf("%s: %v", row.name, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), marker) || r != nil):
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// When a token is renewed, and when it is still given out.
func TestLeft(t *testing.T) {
	for _, row := range []struct {
		name          string
		left, life    time.Duration
		fresh, usable bool
	}{
		{"new", time.Hour, time.Hour, true, true},
		{"more than a minute", 61 * time.Second, time.Hour, true, true},
		{"a minute", time.Minute, time.Hour, false, true},
		{"six seconds", 6 * time.Second, time.Hour, false, true},
		{"five seconds", 5 * time.Second, time.Hour, false, false},
		{"over", -time.Second, time.Hour, false, false},
		{"half of a short life", 30 * time.Second, time.Minute, true, true},
		{"a fifth of a short life", 12 * time.Second, time.Minute, false, true},
		{"of tomorrow: the clock went back", 26 * time.Hour, 24 * time.Hour, false, false},
		{"a clock that is half a minute behind", time.Hour + 30*time.Second, time.Hour, true, true},
		{"longer than any", 30 * time.Hour, 48 * time.Hour, false, false},
	} {
		r := aRecord(row.left, row.life, "")
		if r.fresh(theTime()) != row.fresh || r.usable(theTime()) != row.usable {
			t.Errorf("%s: fresh %v, usable %v", row.name, r.fresh(theTime()), r.usable(theTime()))
		}
	}
}

// What is read is a record of this server with tokens that fit into a header, and is read
// again as it is written.
func FuzzRecord(f *testing.F) {
	for _, refresh := range []string{"", "ear_def"} {
		text, err := aRecord(time.Hour, time.Hour, refresh).encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := decode(text, theKey())
		if err != nil {
			return
		}
		if !isToken(r.access.Reveal(), "ea_") || !r.refresh.Empty() && !isToken(r.refresh.Reveal(), "ear_") || r.key != theKey() {
			t.Errorf("%q is taken", text)
		}
		_ = r.fresh(theTime()) // and does not panic
		again, err := r.encode()
		if err != nil {
			return // a year that JSON cannot write
		}
		if back, err := decode(again, theKey()); err != nil || back.access.Reveal() != r.access.Reveal() || !back.expires.Equal(r.expires) {
			t.Errorf("%q: %v", again, err)
		}
	})
}
