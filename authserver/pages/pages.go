// Package pages writes what a person sees at the door: error pages, the
// question before signing out, and the page about the signed-in user; and the
// same answers as JSON for programs.
//
// It escapes and caps every text that it is given, sends one strict
// Content-Security-Policy and no script at all. It knows nothing of cookies,
// tickets, requirements or identity providers: callers hand in finished texts.
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed templates/*.html templates/style.css
var files embed.FS

// Config sets up Pages. The zero value is good.
type Config struct {
	Title string // the name in the corner and in the tab; "" means EasyAuth; at most 60 characters
}

// Pages holds the parsed templates. It is safe for concurrent use.
type Pages struct {
	brand    string
	message  *template.Template
	confirm  *template.Template
	me       *template.Template
	styleSrc string // the CSP source of the inlined style sheet
}

// frame is what the layout around every page needs.
type frame struct {
	Brand string
	Title string
	Icon  string // which of the layout's pictures
	Wide  bool
	Page  any
}

// New parses the embedded templates. It returns an error for a title that is
// too long or holds control characters.
func New(cfg Config) (*Pages, error) {
	if cfg.Title == "" {
		cfg.Title = "EasyAuth"
	}
	if Cap(cfg.Title, maxBrand) != cfg.Title {
		return nil, fmt.Errorf("pages: the title must be at most %d characters, none of them a control character", maxBrand)
	}
	layout, err := readLayout()
	if err != nil {
		return nil, err
	}
	p := &Pages{brand: cfg.Title}
	for name, dst := range map[string]**template.Template{
		"message": &p.message, "confirm": &p.confirm, "me": &p.me,
	} {
		t, err := template.New("layout").Parse(layout)
		if err == nil {
			*dst, err = t.ParseFS(files, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("pages: parse template %q: %w", name, err)
		}
	}
	p.styleSrc, err = p.hashStyle()
	return p, err
}

// readLayout returns the layout with the style sheet put in its place. The
// style sheet becomes part of the template, so no unescaped text is ever
// handed to one.
func readLayout() (string, error) {
	layout, err := files.ReadFile("templates/layout.html")
	if err != nil {
		return "", fmt.Errorf("pages: %w", err)
	}
	css, err := files.ReadFile("templates/style.css")
	if err != nil {
		return "", fmt.Errorf("pages: %w", err)
	}
	return strings.Replace(string(layout), "STYLESHEET", string(css), 1), nil
}

// hashStyle renders a page and hashes the style sheet as it is really sent:
// html/template drops comments from it, so a hash of the file would not fit.
func (p *Pages) hashStyle() (string, error) {
	var b bytes.Buffer
	if err := p.message.Execute(&b, frame{Page: messageView{}}); err != nil {
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

// write renders into memory first, so that a fault never leaves half a page
// behind a good status. formAction is the value of that CSP directive.
func (p *Pages) write(w http.ResponseWriter, status int, t *template.Template, f frame, formAction string) {
	f.Brand = p.brand
	var body bytes.Buffer
	if err := t.Execute(&body, f); err != nil {
		body.Reset()
		body.WriteString("<!doctype html><title>Internal error</title><p>This page could not be shown.")
		status = http.StatusInternalServerError
	}
	h := w.Header()
	SecurityHeaders(h)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+p.styleSrc+
		"; img-src data:; base-uri 'none'; form-action "+formAction+"; frame-ancestors 'none'")
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
