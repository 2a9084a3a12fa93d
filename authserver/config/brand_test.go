package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBrand(t *testing.T) {
	const name, colour, address = "must be a name of at most 80 characters", "must be a colour such as", "must be https://… or mailto:…"
	checkRefusals(t, "EASYAUTH_BRAND_NAME", []refusal{
		{"a line break", "a\n" + marker, "a " + marker, name, nil},
		{"a control character", "a\x1b" + marker, marker, name, nil},
		{"writes from right to left", "a\u202e" + marker, marker, name, nil},
		{"no UTF-8", "\xff" + marker, marker, name, nil},
		{"81 characters", strings.Repeat("\u00e4", maxBrandName+1), strings.Repeat("\u00e4", maxBrandName), name, nil},
	})
	checkRefusals(t, "EASYAUTH_BRAND_COLOR", []refusal{
		{"a name", "red", "#ff0000", colour, nil},
		{"no hash", "ff0000", "#FF0000", colour, nil},
		{"three digits", "#f00", "#ff0000", colour, nil},
		{"eight digits", "#ff0000aa", "#ff0000", colour, nil},
		{"no digit", "#ff000g", "#ff000f", colour, nil},
		{"more style", "#ff0000;} " + marker, "#ff0000", colour, nil},
	})
	checkRefusals(t, "EASYAUTH_BRAND_SUPPORT_URL", []refusal{
		{"http", "http://" + marker + ".example.com", "https://" + marker + ".example.com", address, nil},
		{"a script", "javascript:alert(" + marker + ")", "https://example.com/(" + marker + ")", address, nil},
		{"data", "data:text/html," + marker, "https://example.com/?a=" + marker + "#b", address, nil},
		{"relative", "/help/" + marker, "https://example.com/help/" + marker, address, nil},
		{"no host", "https:///" + marker, "https://h/" + marker, address, nil},
		{"opaque", "https:" + marker, "https://" + marker, address, nil},
		{"a user name", "https://" + marker + "@example.com", "https://example.com/@" + marker, address, nil},
		{"a blank", "https://example.com/a " + marker, "https://example.com/a%20" + marker, address, nil},
		{"a quote", `https://example.com/"` + marker, "https://example.com/'" + marker, address, nil},
		{"an address alone", marker + "@example.com", "mailto:" + marker + "@example.com", address, nil},
		{"no domain", "mailto:" + marker + "@", "mailto:" + marker + "@example.com?subject=a%20b", address, nil},
		{"nobody", "mailto:" + marker, "MAILTO:" + marker + "@example.com", address, nil},
		{"a letter's address", "mailto://" + marker + "@example.com", "mailto:" + marker + "@example.com", address, nil},
		{"2049 bytes", "https://h/" + strings.Repeat("x", maxSupportURL-9), "https://h/" + strings.Repeat("x", maxSupportURL-10), address, nil},
	})
}

func TestLogo(t *testing.T) {
	dir := t.TempDir()
	path := func(name string, size int) string {
		writeFile(t, filepath.Join(dir, name), strings.Repeat("x", size))
		return filepath.Join(dir, name)
	}
	large, largest, nothing := path("larger", maxLogo+1), path("largest", maxLogo), path("empty", 0)
	const form = "must name an image file of at most 256 KB; "
	checkRefusals(t, "EASYAUTH_BRAND_LOGO_FILE", []refusal{
		{"absent", filepath.Join(dir, "absent"), largest, form + filepath.Join(dir, "absent") + ": no such file", nil},
		{"a directory", dir, largest, form + dir + ": is a directory", nil},
		{"empty", nothing, largest, form + nothing + ": is empty", nil},
		{"one byte more", large, largest, form + large + ": is larger than 262144 bytes", nil},
		{"the picture itself", marker, largest, "(not shown", nil},
	})
	c := good(t, with(map[string]string{"EASYAUTH_BRAND_LOGO_FILE": largest}))
	if content, err := os.ReadFile(largest); err != nil || string(c.Brand.Logo) != string(content) {
		t.Errorf("got %d bytes, %v", len(c.Brand.Logo), err)
	}
}
