package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"strings"
)

//go:embed templates/*.html templates/style.css
var files embed.FS

// look is how pages appear: the templates in a brand's colours and what is in
// the frame around each of them. It does not change.
type look struct {
	house     house
	logo      *logo // nil: none
	templates map[kind]*template.Template
	styleSrc  string // the CSP source of the inlined style sheet
	imgSrc    string // and those of pictures
}

// house is the brand as the layout needs it.
type house struct {
	Name                string
	Logo                string // path, with a mark that changes with the picture; "" without one
	LogoWide            bool   // the logo is the name in letters
	LogoWidth, LogoHigh int    // pixels
	Support, Privacy    string
}

// newLook expects a brand that is clean.
func newLook(b Brand, l *logo, logoPath string) (*look, error) {
	if b.Name == "" {
		b.Name = "EasyAuth"
	}
	k := &look{
		house:     house{Name: b.Name, Support: b.SupportURL, Privacy: b.PrivacyURL},
		templates: map[kind]*template.Template{}, imgSrc: "data:",
	}
	if l != nil && logoPath != "" {
		k.logo, k.imgSrc = l, "'self' data:"
		k.house.Logo, k.house.LogoWide = logoPath+"?v="+l.tag, l.hasName()
		k.house.LogoWidth, k.house.LogoHigh = l.size.X, l.size.Y
	}
	layout, err := readLayout(b.Color)
	if err != nil {
		return nil, err
	}
	for _, name := range []kind{kindMessage, kindConfirm, kindMe, kindProgram} {
		t, err := template.New("layout").Parse(layout)
		if err == nil {
			t, err = t.ParseFS(files, "templates/"+string(name)+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("pages: parse template %q: %w", name, err)
		}
		k.templates[name] = t
	}
	k.styleSrc, err = k.hashStyle()
	return k, err
}

// readLayout returns the layout with the style sheet put in its place, and the
// colour in the tab's picture. Both become part of the template, so no unescaped
// text is ever handed to one; color is "" or "#rrggbb".
func readLayout(color string) (string, error) {
	layout, err := files.ReadFile("templates/layout.html")
	if err != nil {
		return "", fmt.Errorf("pages: %w", err)
	}
	css, err := files.ReadFile("templates/style.css")
	if err != nil {
		return "", fmt.Errorf("pages: %w", err)
	}
	shield := "2a57d5"
	if c, ok := parseColor(color); ok {
		shield = strings.TrimPrefix(lightScheme().accent(c).String(), "#")
		css = append(css, brandCSS(c)...)
	}
	return strings.NewReplacer("STYLESHEET", string(css), "SHIELD", shield).Replace(string(layout)), nil
}

// hashStyle renders a page and hashes the style sheet as it is really sent:
// html/template drops comments from it, so a hash of the file would not fit.
func (k *look) hashStyle() (string, error) {
	var b bytes.Buffer
	if err := k.templates[kindMessage].Execute(&b, frame{Page: messageView{}}); err != nil {
		return "", fmt.Errorf("pages: render: %w", err)
	}
	_, rest, _ := strings.Cut(b.String(), "<style>")
	css, _, found := strings.Cut(rest, "</style>")
	if !found {
		return "", errors.New("pages: the layout has no style sheet")
	}
	sum := sha256.Sum256([]byte(css))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'", nil
}
