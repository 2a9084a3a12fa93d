package pages

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// sheet reads the colours of one scheme from a style sheet.
func sheet(t *testing.T, block string) map[string]rgb {
	t.Helper()
	colours := map[string]rgb{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]+)`).FindAllStringSubmatch(block, -1) {
		digits := m[2]
		if len(digits) == 3 {
			digits = fmt.Sprintf("%c%c%c%c%c%c", digits[0], digits[0], digits[1], digits[1], digits[2], digits[2])
		}
		c, ok := parseColor("#" + digits)
		if !ok {
			t.Fatalf("--%s: #%s is no colour", m[1], m[2])
		}
		colours[m[1]] = c
	}
	return colours
}

// ownSheets are the two colour schemes without a brand.
func ownSheets(t *testing.T) (light, dark map[string]rgb) {
	t.Helper()
	css, err := files.ReadFile("templates/style.css")
	if err != nil {
		t.Fatal(err)
	}
	day, night, found := strings.Cut(string(css), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("no dark colour scheme")
	}
	night, _, _ = strings.Cut(night, "box-sizing")
	return sheet(t, day), sheet(t, night)
}

// checkContrast holds every pair of text and ground to WCAG 2's level AA.
func checkContrast(t *testing.T, name string, colours map[string]rgb) {
	t.Helper()
	for pair, least := range map[string]float64{
		"text/card": 4.5, "text/back": 4.5, "text/glow": 4.5, "text/chip": 4.5, "soft/chip": 4.5, "soft/card": 4.5, "soft/back": 4.5, "soft/glow": 4.5,
		"accent/card": 4.5, "accent/back": 4.5, "accent/glow": 4.5, "accent/info-back": 3,
		"on-button/button": 4.5, "on-button/button-hover": 4.5, "button-line/card": 3, "edge/card": 3, "edge/chip": 3,
		"bad/bad-back": 4.5, "warn/warn-back": 4.5, "good/good-back": 4.5,
	} {
		ink, ground, _ := strings.Cut(pair, "/")
		a, okA := colours[ink]
		b, okB := colours[ground]
		if ratio := contrast(a, b); !okA || !okB || ratio < least {
			t.Errorf("%s: %s, %v on %v, has a contrast of %.2f", name, pair, a, b, ratio)
		}
	}
}

func TestContrast(t *testing.T) {
	light, dark := ownSheets(t)
	checkContrast(t, "light", light)
	checkContrast(t, "dark", dark)
}

func TestContrastIsWCAGs(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want string
	}{
		{"#000000", "#ffffff", "21.00"},
		{"#ffffff", "#000000", "21.00"},
		{"#123456", "#123456", "1.00"},
		{"#777777", "#ffffff", "4.48"}, // the known pair: one step below and one above 4.5
		{"#767676", "#ffffff", "4.54"},
	} {
		a, okA := parseColor(tt.a)
		b, okB := parseColor(tt.b)
		if got := fmt.Sprintf("%.2f", contrast(a, b)); !okA || !okB || got != tt.want {
			t.Errorf("%s on %s: %s, want %s", tt.a, tt.b, got, tt.want)
		}
	}
}

// awkward are colours that cannot be used as they are, and every 17th of each
// channel: 4,096 colours.
func awkward() []string {
	colours := []string{"#ffffff", "#000000", "#ffff00", "#777777", "#767676", "#757575", "#7f7f7f", "#0000ff", "#00ff00", "#ff0000", "#181e2b", "#eef1f7"}
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				colours = append(colours, rgb{uint8(r), uint8(g), uint8(b)}.String())
			}
		}
	}
	return colours
}

func TestEveryBrandColourIsReadable(t *testing.T) {
	light, dark := ownSheets(t)
	for _, color := range awkward() {
		c, ok := parseColor(color)
		if !ok {
			t.Fatal(color)
		}
		day, night, found := strings.Cut(brandCSS(c), "@media")
		if !found {
			t.Fatal("no dark colour scheme")
		}
		for _, scheme := range []struct {
			name string
			own  map[string]rgb
			css  string
		}{{"light", light, day}, {"dark", dark, night}} {
			colours := sheet(t, scheme.css)
			if len(colours) != 7 {
				t.Fatalf("%s: %v", color, colours)
			}
			if colours["button"] != c || colours["button-hover"] == c {
				t.Errorf("%s %s: the button is %v and %v", color, scheme.name, colours["button"], colours["button-hover"])
			}
			for name, value := range scheme.own {
				if _, set := colours[name]; !set {
					colours[name] = value
				}
			}
			checkContrast(t, color+" "+scheme.name, colours)
		}
	}
}

// A colour that is readable as it is stays as it is.
func TestAccentIsMovedNoFurtherThanNeeded(t *testing.T) {
	for _, tt := range []struct {
		color       string
		light, dark bool // is unchanged
	}{
		{"#1a5fb4", true, false},
		{"#000000", true, false},
		{"#ffff00", false, true},
		{"#ffffff", false, true},
		{"#777777", false, false},
	} {
		c, _ := parseColor(tt.color)
		for name, s := range map[string]struct {
			scheme scheme
			same   bool
		}{"light": {lightScheme(), tt.light}, "dark": {darkScheme(), tt.dark}} {
			a := s.scheme.accent(c)
			if (a == c) != s.same {
				t.Errorf("%s %s: the accent is %v", tt.color, name, a)
			}
			nearest := min(contrast(a, s.scheme.card), contrast(a, s.scheme.back))
			if a != c && nearest > 5 {
				t.Errorf("%s %s: %v is moved too far: %.2f", tt.color, name, a, nearest)
			}
		}
	}
}

// The constants of the two schemes are the style sheet's.
func TestSchemesAreTheStyleSheets(t *testing.T) {
	light, dark := ownSheets(t)
	for name, s := range map[string]struct {
		scheme scheme
		sheet  map[string]rgb
	}{"light": {lightScheme(), light}, "dark": {darkScheme(), dark}} {
		for colour, got := range map[string]rgb{"back": s.scheme.back, "card": s.scheme.card, "text": s.scheme.text, "soft": s.scheme.soft} {
			if want := s.sheet[colour]; got != want {
				t.Errorf("%s: %s is %v, in the style sheet %v", name, colour, got, want)
			}
		}
	}
}

func TestParseColor(t *testing.T) {
	for _, bad := range []string{"", "#", "123456", "#12345", "#1234567", "#12345678", "#123", "#gggggg", "#12345g", " #123456", "#123456 ", "red", "#12345;", "＃123456"} {
		if c, ok := parseColor(bad); ok {
			t.Errorf("%q is read as %v", bad, c)
		}
	}
	for _, good := range []string{"#123abc", "#123ABC"} {
		if c, ok := parseColor(good); !ok || c.String() != "#123abc" {
			t.Errorf("%q is read as %v, %v", good, c, ok)
		}
	}
}
