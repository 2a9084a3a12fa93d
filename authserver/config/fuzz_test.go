package config

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
)

// FuzzKeys reads any text as the list of keys. What is read is keys of their length,
// all different, of which one seals; what is wrong is said without a key.
func FuzzKeys(f *testing.F) {
	for _, text := range []string{
		keyText(1), keyText(1) + "," + keyText(2) + "\nnext:" + keyText(3), "next:" + keyText(1), strings.TrimRight(keyText(4), "="), strings.NewReplacer("+", "-", "/", "_").Replace(keyText(0xff)),
		keyText(1) + " " + keyText(1), keyText(0), "AAAA", "", ",", strings.Repeat(keyText(1)+",", 9), keyText(1)[:20] + "\r\n" + keyText(1)[20:], "next:next:" + keyText(5), keyText(1) + "\x00",
	} {
		f.Add(text)
	}
	if keys, next, err := ParseKeys(keyText(1) + "," + keyText(2) + "\nnext:" + keyText(3)); err != nil || len(keys) != 2 || len(next) != 1 {
		f.Fatal(err) // the seed must get as far as it can
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, next, err := ParseKeys(text)
		if err != nil {
			if keys != nil || next != nil {
				t.Fatal("keys and an error")
			}
			for field := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
				if len(field) > 20 && strings.Contains(err.Error(), field) {
					t.Fatalf("the error holds an entry: %v", err)
				}
			}
			return
		}
		all := slices.Concat(keys, next)
		if len(keys) == 0 || len(all) > 8 {
			t.Fatalf("%d keys, %d of them later", len(all), len(next))
		}
		var again []string
		for i, key := range all {
			if len(key) != keySize || bytes.Equal(key, make([]byte, keySize)) || slices.ContainsFunc(all[:i], func(b []byte) bool { return bytes.Equal(b, key) }) {
				t.Fatalf("key %d of %d bytes", i+1, len(key))
			}
			entry := base64.StdEncoding.EncodeToString(key)
			if i >= len(keys) {
				entry = "next:" + entry
			}
			again = append(again, entry)
		}
		keys2, next2, err := ParseKeys(strings.Join(again, ","))
		if err != nil || !slices.EqualFunc(keys, keys2, bytes.Equal) || !slices.EqualFunc(next, next2, bytes.Equal) {
			t.Fatalf("%d and %d keys, read again %d and %d, %v", len(keys), len(next), len(keys2), len(next2), err)
		}
	})
}

// FuzzLoad gives two variables any values. Whatever they are, every fault names what
// is expected and never a value that is secret; what is accepted is accepted again.
func FuzzLoad(f *testing.F) {
	names := variables()
	index := func(name string) uint8 { return uint8(slices.Index(names, name)) } //nolint:gosec // some 80 names
	for _, seed := range [][4]string{
		{"EASYAUTH_HOSTS", "app.example.com,*.apps.example.com:8443", "EASYAUTH_COOKIE_DOMAIN", "example.com"},
		{"EASYAUTH_GRAPH_QUERIES", "profile=/me?$select=displayName;boss=/me/manager", "EASYAUTH_SESSION_IDLE", "30m"},
		{"EASYAUTH_STORE", "redis", "EASYAUTH_REDIS_URL", "redis://user:pass@127.0.0.1:6379/0"},
		{"EASYAUTH_KEYS", keyText(1), "EASYAUTH_CLIENT_SECRET", marker},
		{"EASYAUTH_TENANT_ID", "organizations", "EASYAUTH_ALLOWED_TENANTS", tenantGUID},
		{"EASYAUTH_HOSTS", marker + "\x00", "EASYAUTH_BASE_PATH", "//" + marker},
		{"EASYAUTH_POSTGRES_URL", "postgres://u:" + marker + "@h/d?sslmode=x%zz", "EASYAUTH_STORE", "postgres"},
	} {
		f.Add(index(seed[0]), seed[1], index(seed[2]), seed[3])
	}
	if _, _, err := Load(environ(minimal()), Roles{}); err != nil {
		f.Fatal(err) // the seed must get as far as it can
	}
	f.Fuzz(func(t *testing.T, first uint8, one string, second uint8, other string) {
		vars := with(map[string]string{names[int(first)%len(names)]: one, names[int(second)%len(names)]: other})
		for _, name := range []string{names[int(first)%len(names)], names[int(second)%len(names)]} {
			if strings.HasSuffix(name, "_FILE") { // what is read there is not what is looked at here
				delete(vars, name)
			}
		}
		c, _, err := Load(environ(vars), Roles{})
		var faults Faults
		switch {
		case c == nil && err == nil, err != nil && !errors.As(err, &faults):
			t.Fatalf("%v, %v", c, err)
		case err != nil && (len(faults) == 0 || strings.Contains(err.Error(), marker)):
			t.Fatalf("%d faults: %v", len(faults), err)
		case err == nil:
			if _, _, err := Load(environ(vars), Roles{}); err != nil {
				t.Fatalf("accepted once, and not again: %v", err)
			}
			if len(c.Keys) == 0 || c.ClientID == "" || len(c.Hosts) == 0 {
				t.Fatal("accepted without what is required")
			}
		}
		for _, fault := range faults {
			if fault.Name == "" || fault.Expected == "" || strings.ContainsAny(fault.Name, "\r\n\x00") {
				t.Fatalf("%+v", fault)
			}
		}
	})
}
