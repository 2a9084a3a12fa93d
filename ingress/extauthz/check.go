package extauthz

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// Bounds of a question beside its size.
const (
	maxLines      = 1000 // headers; Envoy itself lets 100 through unless it is told otherwise
	maxExtensions = 100
)

// Check is what a CheckRequest says of one request. All of it but Extensions and Source is the client's
// text.
type Check struct {
	Method string
	Path   string // with the query, as it was sent
	Host   string // with a port if it was sent with one

	// Headers are those of a request as Envoy sends them by default: the lines of one name in one,
	// joined by commas.
	Headers map[string]string
	// Lines are those of an Envoy with encode_raw_headers: each as it was sent. Raw says that there are such, and
	// Headers do not count.
	Lines []Line
	Raw   bool

	Extensions map[string]string // context_extensions: of Envoy's configuration
	Source     string            // the address of the client as Envoy sees it; "": it is none of IP
}

// Line is one header.
type Line struct{ Name, Value string }

var errNoRequest = errors.New("says nothing of an HTTP request")

// Decode reads a CheckRequest. The error names a field and never what is in it. What does not count here is not
// read: the destination, metadata, the session of TLS, the scheme, the protocol, the body, unknown fields.
func Decode(b []byte) (*Check, error) {
	c := &Check{Headers: map[string]string{}, Extensions: map[string]string{}}
	var seen once
	http := false
	err := each(b, func(f field) error {
		if f.number != 1 {
			return nil
		}
		m, err := seen.message(f)
		if err == nil {
			http, err = c.attributes(m)
		}
		return in("attributes", err)
	})
	if err == nil && !http {
		err = errNoRequest
	}
	if err != nil {
		return nil, in("the CheckRequest", err)
	}
	return c, nil
}

// attributes reads an AttributeContext, and reports whether there is an HTTP request in it.
func (c *Check) attributes(b []byte) (http bool, err error) {
	var seen once
	err = each(b, func(f field) error {
		switch f.number {
		case 1:
			m, err := seen.message(f)
			if err == nil {
				err = c.peer(m)
			}
			return in("source", err)
		case 4:
			m, err := seen.message(f)
			if err == nil {
				http, err = c.request(m)
			}
			return in("request", err)
		case 10:
			return in("context_extensions", entry(f, c.Extensions, maxExtensions))
		}
		return nil
	})
	return http, err
}

func (c *Check) request(b []byte) (http bool, err error) {
	var seen once
	err = each(b, func(f field) error {
		if f.number != 2 {
			return nil
		}
		m, err := seen.message(f)
		if err == nil {
			http, err = true, c.http(m)
		}
		return in("http", err)
	})
	return http, err
}

// http reads an HttpRequest.
func (c *Check) http(b []byte) error {
	var seen once
	var query, fragment string
	texts := map[int]struct {
		name string
		to   *string
	}{
		2: {"method", &c.Method}, 4: {"path", &c.Path}, 5: {"host", &c.Host}, 7: {"query", &query}, 8: {"fragment", &fragment},
	}
	err := each(b, func(f field) error {
		switch f.number {
		case 3:
			return in("headers", entry(f, c.Headers, maxLines))
		case 13:
			m, err := seen.message(f)
			if err == nil {
				c.Raw, err = true, c.lines(m)
			}
			return in("header_map", err)
		}
		if t, ok := texts[f.number]; ok {
			return in(t.name, seen.text(f, t.to))
		}
		return nil
	})
	if err == nil && query+fragment != "" {
		return errors.New("query, fragment: hold what belongs into path") // Envoy leaves them empty
	}
	return err
}

// lines reads a HeaderMap.
func (c *Check) lines(b []byte) error {
	return each(b, func(f field) error {
		switch {
		case f.number != 1:
			return nil
		case f.kind != protowire.BytesType:
			return errKind
		case len(c.Lines) == maxLines:
			return errMany
		}
		l, err := line(f.bytes)
		c.Lines = append(c.Lines, l)
		return err
	})
}

// line reads a HeaderValue, whose value is in one of two fields.
func line(b []byte) (Line, error) {
	var l Line
	var raw []byte
	var seen once
	err := each(b, func(f field) (err error) {
		switch f.number {
		case 1:
			return seen.text(f, &l.Name)
		case 2:
			return seen.text(f, &l.Value)
		case 3:
			raw, err = seen.message(f)
		}
		return err
	})
	switch {
	case err == nil && l.Value != "" && len(raw) > 0:
		err = errTwice
	case l.Value == "":
		l.Value = string(raw)
	}
	return l, err
}

// peer reads the address of a Peer that has one of IP.
func (c *Check) peer(b []byte) error {
	var seen once
	return each(b, func(f field) error {
		if f.number != 1 {
			return nil
		}
		m, err := seen.message(f)
		if err == nil {
			err = c.address(m)
		}
		return in("address", err)
	})
}

// address reads an Address: one of IP, a pipe, or one within Envoy.
func (c *Check) address(b []byte) error {
	kinds := 0
	return each(b, func(f field) error {
		if f.number > 3 {
			return nil
		}
		if kinds++; kinds > 1 {
			return errTwice
		}
		if f.kind != protowire.BytesType {
			return errKind
		}
		if f.number != 1 {
			return nil
		}
		var seen once
		return each(f.bytes, func(f field) error {
			if f.number != 2 {
				return nil
			}
			return seen.text(f, &c.Source)
		})
	})
}
