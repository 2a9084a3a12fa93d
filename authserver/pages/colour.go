package pages

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// What WCAG 2 asks for at level AA: of text, and of pictures and the edges of controls.
const (
	textContrast = 4.5
	edgeContrast = 3
)

// rgb is a colour as it is sent, so that contrasts are those that are seen.
type rgb [3]uint8

// parseColor reads "#rrggbb", and nothing else that a style sheet may hold.
func parseColor(s string) (rgb, bool) {
	digits, found := strings.CutPrefix(s, "#")
	b, err := hex.DecodeString(digits)
	if !found || err != nil || len(b) != len(rgb{}) {
		return rgb{}, false
	}
	return rgb(b), true
}

func (c rgb) String() string { return "#" + hex.EncodeToString(c[:]) }

// luminance is WCAG 2's relative luminance: 0 is black, 1 is white.
func (c rgb) luminance() float64 {
	var sum float64
	for i, weight := range [...]float64{0.2126, 0.7152, 0.0722} {
		v := float64(c[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// contrast is WCAG 2's: from 1, the same, to 21, black on white.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// mix is a with a share of b, 0 to 1.
func mix(a, b rgb, share float64) rgb {
	var c rgb
	for i := range c {
		c[i] = uint8(math.Round(float64(a[i])*(1-share) + float64(b[i])*share))
	}
	return c
}

// scheme is what the style sheet paints, light or dark, and a brand's colour
// must be read against.
type scheme struct {
	back, card, text, soft rgb
	away                   rgb // what to mix in to stand out: black in the light, white in the dark
}

func lightScheme() scheme {
	return scheme{
		back: rgb{0xee, 0xf1, 0xf7}, card: rgb{0xff, 0xff, 0xff},
		text: rgb{0x18, 0x20, 0x33}, soft: rgb{0x55, 0x60, 0x7a},
	}
}

func darkScheme() scheme {
	return scheme{
		back: rgb{0x0e, 0x12, 0x1b}, card: rgb{0x18, 0x1e, 0x2b},
		text: rgb{0xe9, 0xed, 0xf6}, soft: rgb{0xa5, 0xb0, 0xc8},
		away: rgb{0xff, 0xff, 0xff},
	}
}

// paint is what a brand's colour becomes in one scheme.
type paint struct {
	accent      rgb // links, pictures and the ring of focus
	button      rgb // the colour itself
	buttonHover rgb
	onButton    rgb // black or white
	buttonLine  rgb // around the button
	infoBack    rgb // behind a picture
	glow        rgb // behind the page's head
}

// paint gives every text at least 4.5:1 and every edge and picture at least 3:1,
// whatever the colour. The button keeps the colour as it is; the accent is moved away
// from the ground as far as it must be, and no further.
func (s scheme) paint(c rgb) paint {
	p := paint{button: c, accent: s.accent(c), buttonLine: c}
	p.onButton, p.buttonHover = onButton(c)
	if contrast(c, s.card) < edgeContrast {
		p.buttonLine = p.accent
	}
	p.infoBack = tint(s.card, p.accent, 0.13, edgeContrast, p.accent)
	p.glow = tint(s.back, c, 0.12, textContrast, p.accent, s.soft, s.text)
	return p
}

func (s scheme) accent(c rgb) rgb {
	const steps = 64
	for i := range steps {
		a := mix(c, s.away, float64(i)/steps)
		if contrast(a, s.card) >= textContrast && contrast(a, s.back) >= textContrast {
			return a
		}
	}
	return s.away
}

// onButton is the text on a button of colour c, and the button's colour under
// the pointer: further from the text, or, where there is nothing further, a
// little nearer.
func onButton(c rgb) (text, hover rgb) {
	white, black := rgb{0xff, 0xff, 0xff}, rgb{}
	text, far := white, black
	if contrast(white, c) < textContrast { // then black has at least 4.6
		text, far = black, white
	}
	hover = mix(c, far, 0.15)
	if nearer := mix(c, text, 0.12); contrast(hover, c) < 1.1 && contrast(nearer, text) >= textContrast {
		hover = nearer
	}
	return text, hover
}

// tint is ground with at most that share of c, and at least that contrast to
// each ink.
func tint(ground, c rgb, share, least float64, inks ...rgb) rgb {
next:
	for ; share > 0.01; share *= 0.8 {
		g := mix(ground, c, share)
		for _, ink := range inks {
			if contrast(ink, g) < least {
				continue next
			}
		}
		return g
	}
	return ground
}

func (p paint) css() string {
	return fmt.Sprintf(":root { --accent: %v; --button: %v; --button-hover: %v; --on-button: %v; --button-line: %v; --info-back: %v; --glow: %v; }",
		p.accent, p.button, p.buttonHover, p.onButton, p.buttonLine, p.infoBack, p.glow)
}

// brandCSS follows the style sheet and takes the place of its colours.
func brandCSS(c rgb) string {
	return "\n" + lightScheme().paint(c).css() + "\n@media (prefers-color-scheme: dark) { " + darkScheme().paint(c).css() + " }\n"
}
