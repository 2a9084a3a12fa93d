package tracing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// receiver is who takes spans, and how they are sent to it, as OpenTelemetry's variables
// say. What is said for traces alone (OTEL_EXPORTER_OTLP_TRACES_…) counts before what
// is said for all that is exported (OTEL_EXPORTER_OTLP_…).
type receiver struct {
	url     string
	headers http.Header
	tls     *tls.Config // nil: checked with the system's certificates
	json    bool
	gzip    bool
}

// readReceiver reads the variables of the process. The endpoint must be there. unread
// hears of headers that cannot be read: they are not sent, and the others are. No text,
// of an error neither, holds a value.
func readReceiver(unread func(problem string)) (*receiver, error) {
	address, ours, err := endpoint()
	if err != nil {
		return nil, err
	}
	r := &receiver{url: address.String(), headers: http.Header{}, json: variable("PROTOCOL") == "http/json", gzip: variable("COMPRESSION") == "gzip"}
	for pair := range strings.SplitSeq(variable("HEADERS"), ",") {
		if strings.TrimSpace(pair) != "" && !r.addHeader(pair) {
			unread("a part of OTEL_EXPORTER_OTLP_HEADERS is not NAME=VALUE, and is not sent")
		}
	}
	if r.tls, err = certificates(); err != nil {
		return nil, err
	}
	if r.tls != nil && address.Scheme != "https" {
		return nil, fmt.Errorf("%s: certificates are named for it, and it does not begin with https://", ours)
	}
	return r, nil
}

// variable is the value that counts of OTEL_EXPORTER_OTLP_TRACES_name and
// OTEL_EXPORTER_OTLP_name.
func variable(name string) string {
	if value := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); value != "" {
		return value
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_" + name)
}

// endpoint is where traces are taken, and the variable that says so. The one for traces
// alone is the whole address.
func endpoint() (address *url.URL, from string, err error) {
	from = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	text, below := os.Getenv(from), ""
	if text == "" {
		from = "OTEL_EXPORTER_OTLP_ENDPOINT"
		text, below = os.Getenv(from), "v1/traces"
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, from, fmt.Errorf("%s: it is no URL of a receiver over HTTP", from) // the cause would quote it
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if below != "" {
		u = u.JoinPath(below)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, from, nil
}

// addHeader reads NAME=VALUE, with the value's escapes.
func (r *receiver) addHeader(pair string) bool {
	name, value, found := strings.Cut(pair, "=")
	name = strings.TrimSpace(name)
	value, err := url.PathUnescape(strings.TrimSpace(value))
	if !found || err != nil || name == "" || strings.ContainsFunc(name, notOfAName) || strings.ContainsAny(value, "\r\n\x00") {
		return false
	}
	r.headers.Set(name, value)
	return true
}

// notOfAName finds what RFC 9110 has no place for in the name of a header.
func notOfAName(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// certificates are those that the receiver's own is checked with, and the one that proves
// us to it; nil if none are named.
func certificates() (*tls.Config, error) {
	authorities, own, key := variable("CERTIFICATE"), variable("CLIENT_CERTIFICATE"), variable("CLIENT_KEY")
	if authorities == "" && own == "" && key == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if authorities != "" {
		text, err := os.ReadFile(authorities) //nolint:gosec // the operator names it
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New("OTEL_EXPORTER_OTLP_CERTIFICATE: the file holds no certificate in PEM")
		}
	}
	if own != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(own, key)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
