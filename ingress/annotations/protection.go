package annotations

import "strings"

// Protection is what the auth annotations of one Ingress mean.
type Protection struct {
	AuthURL, SignIn Value
	SignInParameter Value // auth-signin-redirect-param: "" is rd
	Method          Value
	ResponseHeaders Value
	CacheKey        Value
	CacheDuration   Value
	Snippet         Value // auth-snippet
	ProxySetHeaders Value // auth-proxy-set-headers: namespace/name of a ConfigMap
	RequestRedirect Value // auth-request-redirect
	AlwaysSetCookie Value
	Keepalive       Value
	KeepaliveShare  Value // auth-keepalive-share-vars
	KeepaliveMost   Value // auth-keepalive-requests
	KeepaliveWait   Value // auth-keepalive-timeout

	Scheme   string   // of the auth-url: http
	Host     string   // of the auth-url, with a port if there is one; may hold variables of nginx
	Path     string   // of the auth-url: /easyauth/auth
	Query    string   // of the auth-url, raw
	Headers  []string // of auth-response-headers, as written, without empty ones
	EasyAuth bool     // the path is one of an EasyAuth: it ends in /auth, and is not oauth2-proxy's
}

// Protection reads the auth annotations. There is no protection without an auth-url, or with an
// empty one: ingress-nginx then lets everybody in, whatever the other annotations say.
func (i Ingress) Protection() (Protection, bool) {
	var p Protection
	for name, into := range p.fields() {
		*into = i.Annotations[Prefix+name]
	}
	if strings.TrimSpace(p.AuthURL.Text) == "" {
		return Protection{}, false
	}
	p.read()
	return p, true
}

// read takes the texts apart.
func (p *Protection) read() {
	p.Scheme, p.Host, p.Path, p.Query = SplitURL(p.AuthURL.Text)
	for _, name := range strings.Split(p.ResponseHeaders.Text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			p.Headers = append(p.Headers, name)
		}
	}
	p.EasyAuth = strings.HasSuffix(p.Path, "/auth") && !strings.HasSuffix(p.Path, "/oauth2/auth")
}

func (p *Protection) fields() map[string]*Value {
	return map[string]*Value{
		"auth-url":                   &p.AuthURL,
		"auth-signin":                &p.SignIn,
		"auth-signin-redirect-param": &p.SignInParameter,
		"auth-method":                &p.Method,
		"auth-response-headers":      &p.ResponseHeaders,
		"auth-cache-key":             &p.CacheKey,
		"auth-cache-duration":        &p.CacheDuration,
		"auth-snippet":               &p.Snippet,
		"auth-proxy-set-headers":     &p.ProxySetHeaders,
		"auth-request-redirect":      &p.RequestRedirect,
		"auth-always-set-cookie":     &p.AlwaysSetCookie,
		"auth-keepalive":             &p.Keepalive,
		"auth-keepalive-share-vars":  &p.KeepaliveShare,
		"auth-keepalive-requests":    &p.KeepaliveMost,
		"auth-keepalive-timeout":     &p.KeepaliveWait,
	}
}

// SplitURL takes an address of nginx apart: package net/url refuses variables in a host's place.
func SplitURL(address string) (scheme, host, path, query string) {
	address = strings.TrimSpace(address)
	rest := address
	if s, after, ok := strings.Cut(address, "://"); ok {
		scheme, rest = strings.ToLower(s), after
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ = strings.Cut(rest, "?")
	if at := strings.IndexByte(rest, '/'); at >= 0 {
		return scheme, rest[:at], rest[at:], query
	}
	return scheme, rest, "", query
}
