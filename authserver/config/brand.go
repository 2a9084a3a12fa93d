package config

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	maxBrandName  = 80        // characters
	maxLogo       = 256 << 10 // bytes
	maxSupportURL = 2048      // bytes
)

// Brand is what pages show of whom they belong to. What is empty here may come
// from the app registration.
type Brand struct {
	Name       string
	Color      string // #rrggbb in lower case
	SupportURL string // https: or mailto:
	Logo       []byte // the file's content, at most 256 KB; what kind of image it is, is not checked here
}

// brandName is a name to show to people.
type brandName string

// Decode implements envconfig.Decoder.
func (b *brandName) Decode(value string) error {
	if !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxBrandName || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return expect("must be a name of at most %d characters on one line", maxBrandName)
	}
	*b = brandName(value)
	return nil
}

var colorForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// color is a colour as #rrggbb, in lower case.
type color string

// Decode implements envconfig.Decoder.
func (c *color) Decode(value string) error {
	value = strings.ToLower(value)
	if !colorForm.MatchString(value) {
		return expect("must be a colour such as #0f6cbd: # and six hexadecimal digits")
	}
	*c = color(value)
	return nil
}

// supportURL is where people turn to.
type supportURL string

// Decode implements envconfig.Decoder.
func (s *supportURL) Decode(value string) error {
	if !goodSupportURL(value) {
		return expect("must be https://… or mailto:…, such as https://help.example.com or mailto:it@example.com, at most %d bytes", maxSupportURL)
	}
	*s = supportURL(value)
	return nil
}

func goodSupportURL(value string) bool {
	u, err := url.Parse(value)
	if err != nil || !isGraphic(value, maxSupportURL) || strings.ContainsAny(value, `"<>\^{|}`+"`") {
		return false
	}
	if u.Scheme == "mailto" {
		name, domain, found := strings.Cut(u.Opaque, "@")
		return found && name != "" && domain != ""
	}
	return u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Opaque == ""
}

// brand sets what pages show.
func (s *spec) brand(r *report, c *Config) {
	c.Brand = Brand{Name: string(s.BrandName), Color: string(s.BrandColor), SupportURL: string(s.BrandSupportURL)}
	if s.BrandLogoFile == "" {
		return
	}
	logo, err := readLogo(s.BrandLogoFile)
	if err != nil {
		r.fault("EASYAUTH_BRAND_LOGO_FILE", "must name an image file of at most 256 KB; %s: %v", shownPath(s.BrandLogoFile), err)
	}
	r.note("EASYAUTH_BRAND_LOGO_FILE", logo)
	c.Brand.Logo = logo
}

// readLogo returns what is in a file. An error does not name the file.
func readLogo(path string) ([]byte, error) {
	content, err := secret.ReadFile(path, maxLogo)
	switch {
	case err != nil:
		return nil, err
	case len(content) == 0:
		return nil, errors.New("is empty")
	}
	return content, nil
}
