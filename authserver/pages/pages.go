// Package pages writes what a person sees at the door: error pages, the
// questions before signing out and before a program is let in, and the page about
// the signed-in user; and the same answers as JSON for programs. It gives them the
// colour, name and logo of a brand.
//
// It escapes and caps every text that it is given, sends one strict
// Content-Security-Policy and no script at all. It knows nothing of cookies,
// tickets, requirements or identity providers: callers hand in finished texts.
package pages

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// Config sets up Pages. The zero value is good.
type Config struct {
	Brand    Brand
	LogoPath string // where Logo is served, "/easyauth/logo"; "": no page shows a logo, and Brand may have none
}

// Pages holds the parsed templates. It is safe for concurrent use.
type Pages struct {
	own      Brand // Config.Brand
	ownLogo  *logo // nil: none
	logoPath string
	look     atomic.Pointer[look]
}

// frame is what the layout around every page needs.
type frame struct {
	House    house
	Title    string
	Icon     string // which of the layout's pictures
	Initials string // shown in place of the picture
	Wide     bool
	Page     any
}

// New parses the embedded templates. It returns an error that names every
// member of the brand that cannot be used, or a logo's path that is none.
func New(cfg Config) (*Pages, error) {
	p := &Pages{own: cfg.Brand, logoPath: cfg.LogoPath}
	var err error
	if p.ownLogo, err = p.own.clean(); err != nil {
		return nil, fmt.Errorf("pages: brand: %w", err)
	}
	if p.logoPath != "" && (p.logoPath[0] != '/' || linkURL(p.logoPath) == "" || strings.ContainsAny(p.logoPath, "?#")) {
		return nil, fmt.Errorf("pages: %q is no path for the logo", p.logoPath)
	}
	if p.ownLogo != nil && p.logoPath == "" {
		return nil, errors.New("pages: there is a logo, but no path for it")
	}
	first, err := newLook(p.own, p.ownLogo, p.logoPath)
	if err != nil {
		return nil, err
	}
	p.look.Store(first)
	return p, nil
}

// kind is one of the templates, by its file.
type kind string

const (
	kindMessage kind = "message"
	kindConfirm kind = "confirm"
	kindMe      kind = "me"
	kindProgram kind = "program"
)

// write renders into memory first, so that a fault never leaves half a page
// behind a good status. formAction is the value of that CSP directive.
func (p *Pages) write(w http.ResponseWriter, status int, which kind, f frame, formAction string) {
	k := p.look.Load()
	f.House = k.house
	var body bytes.Buffer
	if err := k.templates[which].Execute(&body, f); err != nil {
		body.Reset()
		body.WriteString("<!doctype html><title>Internal error</title><p>This page could not be shown.")
		status = http.StatusInternalServerError
	}
	h := w.Header()
	SecurityHeaders(h)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+k.styleSrc+
		"; img-src "+k.imgSrc+"; base-uri 'none'; form-action "+formAction+"; frame-ancestors 'none'")
	send(w, status, "text/html; charset=utf-8", body.Bytes())
}

// send writes a whole body with its length. A status that no handler may mean
// (0, or outside 200 to 599) becomes 500, because an unknown is never a success.
func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	if status < 200 || status > 599 {
		status = http.StatusInternalServerError
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; nothing is left to tell it
}
