package config

import (
	"slices"
	"strings"
)

const (
	maxHeaderPrefix = 64 // bytes
	maxClaimHeaders = 50
	maxClaimName    = 200 // bytes
)

// headerPrefix is what the names of identity headers begin with, in lower case.
type headerPrefix string

// Decode implements envconfig.Decoder. "_" becomes "-", as it did in
// EasyAuthForK8s: proxies and frameworks take the two for one.
func (p *headerPrefix) Decode(value string) error {
	value = strings.ReplaceAll(strings.ToLower(value), "_", "-")
	switch {
	case !isToken(value) || len(value) > maxHeaderPrefix:
		return expect("must be letters, digits and hyphens, such as x-injected-, at most %d bytes", maxHeaderPrefix)
	case slices.ContainsFunc(standardHeaders(), func(name string) bool { return strings.HasPrefix(name, value) }):
		return expect("must not begin like a header with a meaning of its own, such as content-length or x-forwarded-for: a claim's name could complete it")
	}
	*p = headerPrefix(value)
	return nil
}

// standardHeaders are names that servers, proxies and browsers act upon. A
// prefix is completed by names of claims, which other people choose.
func standardHeaders() []string {
	return []string{
		"accept", "accept-encoding", "accept-ranges", "access-control-allow-origin", "age", "allow", "alt-svc", "authorization",
		"cache-control", "clear-site-data", "connection", "content-length", "content-security-policy", "cookie", "cross-origin-opener-policy",
		"date", "etag", "expect", "expires", "forwarded", "from", "front-end-https", "host", "http2-settings", "if-match", "keep-alive",
		"last-modified", "link", "location", "max-forwards", "origin", "permissions-policy", "pragma", "priority", "proxy-authorization",
		"range", "referer", "referrer-policy", "refresh", "retry-after", "sec-fetch-site", "server", "set-cookie", "sourcemap", "status",
		"strict-transport-security", "te", "timing-allow-origin", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via",
		"warning", "www-authenticate", "x-accel-redirect", "x-content-type-options", "x-csrf-token", "x-forwarded-for", "x-frame-options",
		"x-http-method-override", "x-method-override", "x-original-url", "x-real-ip", "x-request-id", "x-requested-with", "x-rewrite-url",
		"x-scheme", "x-sendfile", "x-xss-protection",
	}
}

// claims lists the claims whose headers are always sent.
type claims []string

// Decode implements envconfig.Decoder.
func (c *claims) Decode(value string) error {
	var l list
	if err := l.Decode(value); err != nil {
		return err
	}
	if len(l) > maxClaimHeaders {
		return expect("must list at most %d claims; there are %d", maxClaimHeaders, len(l))
	}
	for i, name := range l {
		last := name[strings.LastIndexByte(strings.TrimRight(name, "/"), '/')+1:]
		switch {
		case len(name) > maxClaimName || !strings.ContainsFunc(last, isLetterOrDigit):
			return expect("must list names of claims; entry %d has no letter or digit to make a header's name of, or is longer than %d bytes", i+1, maxClaimName)
		case slices.Contains(l[:i], name):
			return expect("must list every claim once; entry %d is there twice", i+1)
		}
	}
	*c = claims(l)
	return nil
}

// encoding is how a value is written into a header.
type encoding string

func encodings() []string { return []string{"UrlEncode", "Base64", "None", "NoneWithReject"} }

// Decode implements envconfig.Decoder.
func (e *encoding) Decode(value string) error {
	choice, err := choose(value, encodings()...)
	*e = encoding(choice)
	return err
}

// headerFormat is whether each claim has a header or all share one.
type headerFormat string

func headerFormats() []string { return []string{"Separate", "Combined"} }

// Decode implements envconfig.Decoder.
func (f *headerFormat) Decode(value string) error {
	choice, err := choose(value, headerFormats()...)
	*f = headerFormat(choice)
	return err
}

// headers warns of a prefix that works but reads badly.
func (s *spec) headers(r *report) {
	if p := string(s.HeaderPrefix); p != "" && !strings.HasSuffix(p, "-") {
		r.warn("EASYAUTH_HEADER_PREFIX", `does not end with "-": names of claims follow it without a gap`)
	}
	if s.HeaderFormat == "Combined" && !r.has("EASYAUTH_HEADER_FORMAT") {
		if s.HeaderProfile != "easyauth" && !r.has("EASYAUTH_HEADER_PROFILE") {
			r.fault("EASYAUTH_HEADER_PROFILE", "does not go with EASYAUTH_HEADER_FORMAT=Combined, whose one header no other product has")
		}
		if len(s.HeaderMap) > 0 {
			r.fault("EASYAUTH_HEADER_MAP", "does not go with EASYAUTH_HEADER_FORMAT=Combined, which has one header")
		}
	}
	if strings.ContainsFunc(string(s.HeaderPrefix), func(c rune) bool { return !isLetterOrDigit(c) && c != '-' }) {
		r.warn("EASYAUTH_HEADER_PREFIX", `holds more than letters, digits and "-": nginx has no variable for such a header and cannot copy it`)
	}
}
