package pages

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
)

// Brand makes the pages look like the house they belong to. Each member may be
// empty.
type Brand struct {
	Name       string // in the header and the tab; at most 80 characters; "" means EasyAuth
	Logo       []byte // see CheckLogo
	LogoType   string // what CheckLogo returned; "" is looked up, any other type is a fault
	Color      string // "#rrggbb"; any colour will do: texts stay readable
	SupportURL string // https or mailto; a link at the foot of every page
	PrivacyURL string // https; a link at the foot of every page
}

// clean empties what cannot be used and says why.
func (b *Brand) clean() (*logo, error) {
	var faults []error
	b.Name = strings.TrimSpace(b.Name)
	if Cap(b.Name, maxBrand) != b.Name {
		faults = append(faults, fmt.Errorf("the name has at most %d characters, none of them a control character", maxBrand))
		b.Name = ""
	}
	l, err := newLogo(b.Logo, b.LogoType)
	if err != nil {
		faults = append(faults, err)
		b.Logo, b.LogoType = nil, ""
	}
	if _, ok := parseColor(b.Color); b.Color != "" && !ok {
		faults = append(faults, errors.New("the colour is not of the form #rrggbb"))
		b.Color = ""
	}
	if b.SupportURL != "" && !isWeb(b.SupportURL) && !isMail(b.SupportURL) {
		faults = append(faults, errors.New("the support URL is neither https nor mailto"))
		b.SupportURL = ""
	}
	if b.PrivacyURL != "" && !isWeb(b.PrivacyURL) {
		faults = append(faults, errors.New("the privacy URL is not https"))
		b.PrivacyURL = ""
	}
	return l, errors.Join(faults...)
}

// isWeb reports whether raw may be a link to an https page.
func isWeb(raw string) bool {
	return len(raw) > len("https://") && strings.EqualFold(raw[:len("https://")], "https://") && linkURL(raw) != ""
}

// isMail reports whether raw is mailto with one plain address. A subject may
// follow.
func isMail(raw string) bool {
	if len(raw) > maxURL || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || unicode.IsControl(r) }) {
		return false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "mailto" {
		return false
	}
	address, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return false
	}
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}

// Adopt takes over what the application's registration says, in place of what
// an earlier call brought. A member that Config.Brand has set stays as it is; of
// the others, those that cannot be used are left out: a longer name is cut. It
// may be called while pages are served.
func (p *Pages) Adopt(b Brand) {
	b.Name = Cap(strings.TrimSpace(b.Name), maxBrand)
	l, _ := b.clean() // a registration's fault is not ours, and no reason to show nothing
	own := p.own
	if own.Name == "" {
		own.Name = b.Name
	}
	if own.Color == "" {
		own.Color = b.Color
	}
	if own.SupportURL == "" {
		own.SupportURL = b.SupportURL
	}
	if own.PrivacyURL == "" {
		own.PrivacyURL = b.PrivacyURL
	}
	if p.ownLogo != nil {
		l = p.ownLogo
	}
	if next, err := newLook(own, l, p.logoPath); err == nil { // it was parsed with other colours before
		p.look.Store(next)
	}
}
