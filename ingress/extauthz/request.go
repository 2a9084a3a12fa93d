package extauthz

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/net/http/httpguts"
)

var (
	errMethod = errors.New("the method is none")
	errName   = errors.New("a header has a name that is none")
	errValue  = errors.New("a header holds a control character")
)

// Request returns the client's request, without its path and its body. Its headers are those of Header.
func (c *Check) Request(ctx context.Context) (*http.Request, error) {
	if !httpguts.ValidHeaderFieldName(c.Method) {
		return nil, errMethod
	}
	h, err := c.Header()
	if err != nil {
		return nil, err
	}
	r := &http.Request{Method: c.Method, URL: &url.URL{Path: "/"}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: http.NoBody, Host: c.Host}
	return r.WithContext(ctx), nil
}

// Header returns the client's headers as http.Header has them, without the host and HTTP/2's pseudo headers. A
// header that was sent twice is there twice, if Envoy says so (Raw).
func (c *Check) Header() (http.Header, error) {
	h := make(http.Header, max(len(c.Headers), len(c.Lines)))
	if c.Raw {
		for _, l := range c.Lines {
			if err := add(h, l.Name, l.Value); err != nil {
				return nil, err
			}
		}
		return h, nil
	}
	for name, value := range c.Headers {
		if err := add(h, name, value); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func add(h http.Header, name, value string) error {
	pseudo := name != "" && name[0] == ':'
	switch {
	case pseudo && httpguts.ValidHeaderFieldName(name[1:]):
		return nil
	case !httpguts.ValidHeaderFieldName(name):
		return errName
	case !httpguts.ValidHeaderFieldValue(value):
		return errValue
	}
	if key := http.CanonicalHeaderKey(name); key != "Host" {
		h[key] = append(h[key], value)
	}
	return nil
}
