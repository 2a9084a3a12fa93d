package exchange

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxForm bounds the body of a request, in bytes.
const maxForm = 32 << 10

// params are the parameters of a request, each of which came once. Those without a
// value are left out: they count as omitted (RFC 6749, section 3.2).
type params map[string]string

// readForm reads a body of a program's: one form, in UTF-8, without another encoding,
// and nothing in the query, where it would be logged. No error holds a byte of it.
func readForm(w http.ResponseWriter, r *http.Request) (params, error) {
	if r.URL.RawQuery != "" {
		return nil, malformed("parameters belong into the body, not into the URL")
	}
	if !isForm(r.Header) {
		return nil, malformed("the body must be application/x-www-form-urlencoded in UTF-8")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			f := malformed("the body is longer than 32 KB")
			f.status = http.StatusRequestEntityTooLarge
			return nil, f
		}
		return nil, malformed("the body could not be read")
	}
	return decode(string(body), "the body")
}

func isForm(h http.Header) bool {
	types, encodings := h["Content-Type"], h["Content-Encoding"]
	if len(types) != 1 || len(encodings) > 1 || len(encodings) == 1 && !strings.EqualFold(encodings[0], "identity") {
		return false
	}
	kind, more, err := mime.ParseMediaType(types[0])
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return false
	}
	charset, found := more["charset"]
	if !found {
		return len(more) == 0
	}
	return len(more) == 1 && strings.EqualFold(charset, "utf-8")
}

// readQuery reads the parameters of a URL.
func readQuery(r *http.Request) (params, error) { return decode(r.URL.RawQuery, "the query") }

func decode(text, where string) (params, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, malformed(where + " is malformed")
	}
	p := params{}
	for name, list := range values {
		if len(list) > 1 {
			return nil, malformed("a parameter came more than once")
		}
		if list[0] != "" {
			p[name] = list[0]
		}
	}
	return p, nil
}

// need returns the values of parameters that must be there.
func (p params) need(names ...string) ([]string, error) {
	var out []string
	for _, name := range names {
		value := p[name]
		switch {
		case value == "":
			return nil, malformed(name + " is missing")
		case !printable(value):
			return nil, malformed(name + " has characters that it may not have")
		}
		out = append(out, value)
	}
	return out, nil
}

// printable reports whether s is of printable ASCII, as all parameters here are (RFC
// 6749, appendix A).
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
