package pages

import (
	"testing"
	"unicode/utf8"
)

func TestInitials(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"Adele Vance", "AV"},
		{"adele vance", "AV"},
		{"Adele Maria van der Vance", "AV"},
		{"Adele", "A"},
		{"Vance, Adele", "VA"},
		{"Adele Vance (Contoso GmbH)", "AV"},
		{"Adele Vance [External]", "AV"},
		{"(External) Adele", "EA"},
		{"adele.vance@contoso.example.com", "AV"},
		{"adele@contoso.example.com", "A"},
		{"adele_vance-smith", "AS"},
		{"  Émile\u00a0Zola ", "ÉZ"},
		{"Ωmega Άλφα", "ΩΆ"},
		{"🙂 Ada 🙂 Bee", "AB"},
		{"'Ada' \"Bee\"", "AB"},
		{"<script>alert(1)</script>", "S"},
		{"ßeta ßeta", "ß"},
		{"7 Seas", "7"},
		{"Ada 2", "A"},
		{"王小明", "王"},
		{"أديل فانس", "أ"},
		{"אדל ואנס", "א"},
		{"श्री राम", "श"},
		{"김 민준", "김"},
		{"\xff\xfe", ""},
		{"🙂", ""},
		{"@example.com", ""},
		{"...", ""},
		{"()", ""},
		{"", ""},
	} {
		if got := initials(tt.name); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzInitials(f *testing.F) {
	f.Add("Adele Vance (x) @ é\xff")
	f.Fuzz(func(t *testing.T, name string) {
		got := initials(name)
		if n := utf8.RuneCountInString(got); n > 2 || !utf8.ValidString(got) || Cap(got, 2) != got {
			t.Errorf("%q: %q", name, got)
		}
	})
}
