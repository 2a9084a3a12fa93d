package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// controls are what a page lets people do, in the order of its text.
const controls = `[...document.querySelectorAll("a, button, input:not([type=hidden]), summary")]`

// reached describes the element that has the focus.
type reached struct {
	Index                    int // among the controls; -1: none of them
	Top, Bottom, Left, Right int // on the page, in pixels

	Ring   bool // a ring of at least two pixels shows the focus
	InView bool
}

// follows reports whether r is read after last: below it, or right of it.
func (r reached) follows(last reached) bool { return r.Top >= last.Bottom || r.Left >= last.Right }

const whereFocusIs = `(() => {
	const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
	return JSON.stringify({
		index: ` + controls + `.indexOf(e),
		top: Math.round(r.top + scrollY), bottom: Math.round(r.bottom + scrollY), left: Math.round(r.left), right: Math.round(r.right),
		ring: e.matches(":focus-visible") && s.outlineStyle === "solid" && parseFloat(s.outlineWidth) >= 2 && s.outlineColor !== "transparent",
		inView: r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth,
	});
})()`

func (b *tab) press(key string) {
	b.t.Helper()
	if err := b.try(chromedp.KeyEvent(key)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) focused() reached {
	b.t.Helper()
	var r reached
	if err := json.Unmarshal([]byte(b.js(whereFocusIs)), &r); err != nil {
		b.t.Fatal(err)
	}
	return r
}

// listen notes what the keyboard activates, and keeps the browser on the page.
// A list does open.
const listen = `(() => {
	window.activated = [];
	const note = (e, what) => { window.activated.push(what); e.preventDefault(); };
	document.addEventListener("click", e => {
		if (e.target.closest("a")) note(e, e.target.closest("a").getAttribute("href"));
		if (e.target.closest("summary")) window.activated.push("open");
	});
	document.addEventListener("submit", e => note(e, "submit " + e.target.getAttribute("action")));
	return "";
})()`

// wantActivated is what each control does.
const wantActivated = `JSON.stringify(` + controls + `.map(e =>
	e.tagName === "SUMMARY" ? "open" : e.tagName === "A" ? e.getAttribute("href") : "submit " + e.form.getAttribute("action")))`

// Everything that a page offers is reached with Tab, in the order in which it
// is read, shows that it has the focus, and does its work on Enter.
func TestBrowserAccessibilityKeyboard(t *testing.T) {
	t.Parallel()
	origin := gallery(t)
	for brand, s := range map[string]screen{
		"plain":  {width: 1280, height: 800},
		"yellow": {width: 390, height: 844, dark: true},
	} {
		t.Run(brand, func(t *testing.T) {
			t.Parallel()
			b := newProfile(t).tab(t)
			b.look(s)
			for _, kind := range kindsIn(brand) {
				b.open(origin + "/" + brand + "/" + kind)
				b.js(listen)
				var want, got []string
				if err := json.Unmarshal([]byte(b.js(wantActivated)), &want); err != nil {
					t.Fatal(err)
				}
				var last reached
				for i := range want {
					b.press(kb.Tab)
					at := b.focused()
					if at.Index != i || !at.Ring || !at.InView || !at.follows(last) {
						t.Errorf("%s: Tab %d is at %+v, after %+v", kind, i+1, at, last)
					}
					last = at
					b.press(kb.Enter)
				}
				b.press(kb.Tab)
				if at := b.focused(); at.Index > 0 {
					t.Errorf("%s: one Tab more is at %+v", kind, at)
				}
				if err := json.Unmarshal([]byte(b.js(`JSON.stringify(activated)`)), &got); err != nil {
					t.Fatal(err)
				}
				if closed := b.js(`[...document.querySelectorAll("details:not([open])")].map(d => d.textContent).join()`); closed != "" {
					t.Errorf("%s: still closed: %.80s", kind, closed)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: Enter did %v, want %v", kind, got, want)
				}
			}
		})
	}
}

// The siblings without anything that holds the browser back: the policy lets
// the link and the form through.
func TestBrowserAccessibilityEnterLeads(t *testing.T) {
	t.Parallel()
	origin := gallery(t)
	b := newProfile(t).tab(t)
	b.look(screen{width: 1280, height: 800})
	for _, tt := range []struct {
		kind string
		tabs int
		want string
	}{
		{"signed-out", 1, "by a link"},
		{"confirm", 1, "posted rd=%2Farrived%3Frd"},
		{"confirm-everywhere", 2, "posted everywhere=1&rd=%2Farrived%3Frd"},
		{"me", 1, "posted session=h-0"},
		{"me", 2, "posted session=h-2"}, // h-1 is this session
		{"me", 3, "by a link"},
		{"me", 4, "posted everywhere=1"},
		{"me-everywhere", 2, "posted everywhere=1"},
		{"me-alone", 1, "by a link"},
	} {
		b.open(origin + "/plain/" + tt.kind)
		for range tt.tabs {
			b.press(kb.Tab)
		}
		if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
			t.Fatal(err)
		}
		if got := b.text("body"); b.url() != origin+"/arrived" || got != tt.want {
			t.Errorf("%s, Tab %d: %q at %s, want %q", tt.kind, tt.tabs, got, b.url(), tt.want)
		}
	}
}

// cut lists what does not fit: what stands out of the window sideways, what is
// wider or higher than the box around it, and boxes that lie on each other.
const cut = `(() => {
	const found = [], root = document.documentElement, name = e => e.tagName.toLowerCase() + (e.className ? "." + e.className : "");
	if (root.scrollWidth > root.clientWidth) found.push("the page scrolls sideways: " + root.scrollWidth + " > " + root.clientWidth);
	for (const e of document.body.querySelectorAll("*")) {
		if (e.closest("svg") || !e.getClientRects().length) continue;
		const r = e.getBoundingClientRect();
		if (r.left < -0.5 || r.right > root.clientWidth + 0.5) found.push(name(e) + " is outside: " + r.left + " to " + r.right);
		if (getComputedStyle(e).display === "inline") continue;
		if (e.scrollWidth > e.clientWidth + 1) found.push(name(e) + " is too narrow: " + e.scrollWidth + " > " + e.clientWidth);
		if (e.scrollHeight > e.clientHeight + 1) found.push(name(e) + " is too low: " + e.scrollHeight + " > " + e.clientHeight);
	}
	for (const box of document.querySelectorAll("body, main, dl, dl > div, .actions, .brand, .foot, .sessions, .sessions ul, .sessions li"))
		for (const e of box.children) {
			const next = e.nextElementSibling;
			if (!next || !e.getClientRects().length || !next.getClientRects().length) continue;
			const a = e.getBoundingClientRect(), z = next.getBoundingClientRect();
			if (a.bottom > z.top + 0.5 && a.right > z.left + 0.5) found.push(name(e) + " lies on " + name(next));
		}
	return found.join("\n");
})()`

// Nothing is cut, and nothing scrolls sideways: in a narrow window, enlarged to
// 200 and 400 %, and with the browser's own text twice as large.
func TestBrowserAccessibilityZoom(t *testing.T) {
	t.Parallel()
	origin := gallery(t)
	screens := []screen{
		{name: "narrow", width: 320, height: 568},
		{name: "200 percent", width: 640, height: 400, scale: 2},
		{name: "400 percent", width: 320, height: 200, scale: 4},
		{name: "large text", width: 1280, height: 800, font: 32},
		{name: "large text on a phone", width: 390, height: 844, phone: true, font: 32},
	}
	for _, brand := range sorted(brands(t)) {
		t.Run(brand, func(t *testing.T) {
			t.Parallel()
			b := newProfile(t).tab(t)
			for _, kind := range append(kindsIn(brand), longest) {
				b.open(origin + "/" + brand + "/" + kind)
				b.js(`document.querySelectorAll("details").forEach(d => d.open = true), ""`)
				for _, s := range screens {
					b.look(s)
					if found := b.js(cut); found != "" {
						t.Errorf("%s, %s: %s", kind, s.name, found)
					}
					want := fmt.Sprintf("%d %dpx", s.width, max(s.font, 16))
					if got := b.js(`innerWidth + " " + getComputedStyle(document.documentElement).fontSize`); got != want {
						t.Errorf("%s, %s: width and text are %s, want %s", kind, s.name, got, want)
					}
				}
			}
		})
	}
}
