package config

import (
	"bytes"
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func joined(list []string) string { return strings.Join(list, " ") }

func TestKeysAreRefused(t *testing.T) {
	short := base64.StdEncoding.EncodeToString(key(3)[:31])
	var many []string
	for i := range maxKeys + 1 {
		many = append(many, keyText(byte(i+1)))
	}
	checkRefusals(t, "EASYAUTH_KEYS", []refusal{
		{"no base64", marker + "!", keyText(1), "entry 1: must be base64 of exactly 32 bytes", nil},
		{"31 bytes", short, keyText(3), "entry 1: must be base64 of exactly 32 bytes, and is of another length", nil},
		{"33 bytes", base64.StdEncoding.EncodeToString(append(key(3), 3)), keyText(3), "another length", nil},
		{"hexadecimal", strings.Repeat("0a", 32), keyText(10), "another length", nil},
		{"the second of two", keyText(1) + "," + marker, keyText(1) + "," + keyText(2), "entry 2: must be base64", nil},
		{"all zero", keyText(0), keyText(1), "all zero", nil},
		{"bits left over", strings.TrimRight(keyText(1), "=")[:42] + "F", keyText(1), "entry 1: must be base64", nil},
		{"wrong padding", strings.TrimRight(keyText(1), "=") + "==", keyText(1), "entry 1: must be base64", nil},
		{"twice", keyText(1) + " " + keyText(2) + " " + keyText(1), keyText(1) + " " + keyText(2), "entry 3: is the same key as entry 1", nil},
		{"twice in two spellings", keyText(255) + " " + base64.RawURLEncoding.EncodeToString(key(255)), keyText(255), "entry 2: is the same key as entry 1", nil},
		{"nine", joined(many), joined(many[:maxKeys]), "at most 8 keys; there are 9", nil},
		{"only commas", ",,", keyText(1), "at least one entry", nil},
		{"none that seals", "next:" + keyText(1), keyText(1), "must hold a key without next: in front", nil},
		{"a next one that is none", keyText(1) + " next:" + marker, keyText(1) + " next:" + keyText(2), "entry 2: must be base64", nil},
		{"a blank after the colon", "next: " + keyText(1), "next:" + keyText(1) + "," + keyText(2), "entry 1: must be base64", nil},
		{"next in capitals", keyText(1) + " Next:" + keyText(2), keyText(1) + " next:" + keyText(2), "entry 2: must be base64", nil},
		{"next twice", keyText(1) + " next:next:" + keyText(2), keyText(1) + " next:" + keyText(2), "entry 2: must be base64", nil},
		{"twice, once as the next", "next:" + keyText(1) + " " + keyText(1), "next:" + keyText(1) + " " + keyText(2), "entry 2: is the same key as entry 1", nil},
		{"nine with the next", joined(many[:maxKeys]) + " next:" + many[maxKeys], joined(many[:maxKeys-1]) + " next:" + many[maxKeys], "at most 8 keys; there are 9", nil},
	})
}

func TestKeySpellings(t *testing.T) {
	wild := slices.Repeat([]byte{0xfb, 0xff, 0xfe, 0x3e}, 8)
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		c := good(t, with(map[string]string{"EASYAUTH_KEYS": e.EncodeToString(wild) + "\n" + e.EncodeToString(key(2))}))
		if len(c.Keys) != 2 || !bytes.Equal(c.Keys[0], wild) || !bytes.Equal(c.Keys[1], key(2)) {
			t.Errorf("%s: read wrongly", e.EncodeToString(wild))
		}
	}
}

func TestParseKeys(t *testing.T) {
	keys, next, err := ParseKeys("next:" + keyText(3) + "\n" + keyText(1) + ",\r\n" + keyText(2) + "\n")
	if err != nil || len(keys) != 2 || !bytes.Equal(keys[0], key(1)) || !bytes.Equal(keys[1], key(2)) || len(next) != 1 || !bytes.Equal(next[0], key(3)) {
		t.Errorf("got %d and %d keys, %v", len(keys), len(next), err)
	}
	for text, want := range map[string]string{
		"": "must have at least one entry", "next:" + keyText(1): "must hold a key without next:",
		marker + " " + keyText(1) + " " + keyText(1): "entry 1: must be base64 of exactly 32 bytes; `easyauth keygen` prints a good one; entry 3: is the same key as entry 2",
	} {
		keys, next, err := ParseKeys(text)
		if err == nil || keys != nil || next != nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), marker) {
			t.Errorf("got %d and %d keys, %v; want %q", len(keys), len(next), err, want)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	keys, lines, blank, secretFile := filepath.Join(dir, "keys"), filepath.Join(dir, "lines"), filepath.Join(dir, "blank"), filepath.Join(dir, "secret")
	writeFile(t, keys, keyText(5)+"\r\n"+keyText(6)+"\n")
	writeFile(t, secretFile, "from-file\n")
	writeFile(t, lines, marker+"\ntwo\n")
	writeFile(t, blank, " "+marker+"\n")
	noKeys, noSecret := map[string]string{"EASYAUTH_KEYS": ""}, map[string]string{"EASYAUTH_CLIENT_SECRET": ""}
	checkRefusals(t, "EASYAUTH_KEYS_FILE", []refusal{
		{"absent", filepath.Join(dir, "absent"), keys, "must name a file that can be read; " + filepath.Join(dir, "absent") + ": no such file", noKeys},
		{"a directory", dir, keys, dir + ": is a directory", noKeys},
		{"relative: perhaps no path", marker, keys, "(not shown, because it is no absolute path): no such file", noKeys},
		{"the key itself", "//" + keyText(9)[2:], keys, "(not shown", noKeys},
		{"no key", blank, keys, "entry 1: must be base64", noKeys},
	})
	checkRefusals(t, "EASYAUTH_CLIENT_SECRET_FILE", []refusal{
		{"absent", filepath.Join(dir, "absent"), secretFile, filepath.Join(dir, "absent"), noSecret},
		{"two lines", lines, secretFile, "without line breaks", noSecret},
		{"blanks around", blank, secretFile, "without blanks around", noSecret},
	})
	if c := good(t, with(noSecret, map[string]string{"EASYAUTH_CLIENT_SECRET_FILE": secretFile})); c.Credential.SecretFile != secretFile || !c.Credential.Secret.Empty() {
		t.Error("the client secret's file is not handed on as a path")
	}
	_, _, faults := load(t, with(noKeys, map[string]string{"EASYAUTH_KEYS_FILE": lines}))
	if len(faults) != 2 || strings.Contains(faults.Error(), marker) {
		t.Errorf("two entries that are no keys: got %v", faults)
	}
}

func TestValueAndFileTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	writeFile(t, path, keyText(1))
	for _, name := range []string{"EASYAUTH_KEYS", "EASYAUTH_CLIENT_SECRET"} {
		_, _, faults := load(t, with(map[string]string{name + "_FILE": path}))
		if len(faults) != 1 || faults[0].Name != name || !strings.Contains(faults[0].Expected, "together with "+name+"_FILE") {
			t.Errorf("%s: got %v", name, faults)
		}
		good(t, with(map[string]string{name: "", name + "_FILE": path}))
	}
}
