package annotations

import (
	"slices"
	"strconv"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress"
)

// headers checks what is copied into the request.
func (c *checker) headers(g guard) {
	if len(g.Headers) == 0 {
		c.add("headers-missing", g.of(g.AuthURL), "there is no auth-response-headers: the application gets whatever identity the client sends")
		return
	}
	at := g.of(g.ResponseHeaders)
	listed := map[string]bool{}
	for _, name := range g.Headers {
		if bad := badLetters(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"); bad != "" {
			c.add("headers-characters", at, "auth-response-headers holds %s, which ingress-nginx refuses", bad)
		}
		listed[strings.ToLower(name)] = true
	}
	var missing []string
	for _, name := range c.Headers {
		if !listed[strings.ToLower(name)] {
			missing = append(missing, strings.ToLower(name))
		}
	}
	if len(missing) > 0 {
		c.add("headers-incomplete", at, "auth-response-headers does not list %s: the client's own reach the application", strings.Join(missing, ", "))
	}
}

// asking checks how nginx asks.
func (c *checker) asking(g guard) {
	if n, err := strconv.Atoi(strings.TrimSpace(g.Keepalive.Text)); g.Keepalive.Given() && (err != nil || n > 0) && !strings.Contains(g.Host, "$") {
		c.add("keepalive", g.of(g.Keepalive), "with auth-keepalive, ingress-nginx 1.13 and later answers 500 when headers are copied, and takes no status but 200 for yes")
	}
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}
	if m := g.Method.Text; m != "" && !slices.Contains(methods, m) {
		c.add("method", g.of(g.Method), "auth-method %s is no method that ingress-nginx knows: it answers 503", shown(m))
	}
	if key := g.CacheKey.Text; key != "" {
		var missing []string
		for _, name := range []string{"http_cookie", "http_authorization"} {
			if !slices.Contains(variablesOf(key), name) {
				missing = append(missing, "$"+name)
			}
		}
		if len(missing) > 0 {
			c.add("cache-key", g.of(g.CacheKey), "auth-cache-key has no %s: one person's answer may be given to another", strings.Join(missing, " and no "))
		} else {
			c.add("cache-idle", g.of(g.CacheKey), "auth-cache-key has no effect: every answer says no-store")
		}
	}
	c.snippet(g.of(g.Snippet), "auth-snippet", g.Snippet.Text)
}

// ways checks what of an Ingress goes around its own protection.
func (c *checker) ways(i *Ingress, g guard) {
	if v, ok := i.Annotation("satisfy"); ok && i.is("satisfy", "any") {
		c.add("satisfy-any", i.at(v.Line), "satisfy is any, so that a sign-in is one of several ways in")
	}
	if !g.EasyAuth {
		return
	}
	v, _ := i.Annotation("configuration-snippet")
	c.snippet(i.at(v.Line), "configuration-snippet", v.Text)
	c.askedHeaders(i, g)
	least, at := c.controllerSize("proxy-buffer-size")
	if n, ok := bufferSize(i); ok {
		v, _ := i.Annotation("proxy-buffer-size")
		least, at = n, i.at(v.Line)
	} else if least == 0 {
		least, at = 4<<10, i.at(0) // of ingress-nginx
	}
	switch {
	case c.Tokens && least < 32<<10:
		c.add("token-buffer", at, "tokens are handed over, and proxy-buffer-size is less than 32k: every page is answered 500")
	case least < 4<<10:
		c.add("auth-buffer", at, "proxy-buffer-size is less than 4k, and the identity headers take up to 3,500 bytes: pages are answered 500")
	}
}

// askedHeaders checks the ConfigMap of headers that nginx adds when it asks.
func (c *checker) askedHeaders(i *Ingress, g guard) {
	m := c.named("auth-proxy-set-headers", i.Namespace, g.ProxySetHeaders, g.of)
	if m == nil {
		return
	}
	for header, v := range m.Data {
		if steers(header) {
			c.add("asked-headers", m.at(v), "%s is set for EasyAuth by auth-proxy-set-headers of %s", shown(header), i.Title())
		}
	}
}

// named gives the ConfigMap of headers that a setting names; nil when it names none, or one that was not
// read.
func (c *checker) named(setting, namespace string, v Value, at func(Value) place) *ConfigMap {
	name := strings.TrimSpace(v.Text)
	if name == "" {
		return nil
	}
	if !strings.Contains(name, "/") {
		name = title(namespace, name)
	}
	for k := range c.manifest.ConfigMaps {
		if m := &c.manifest.ConfigMaps[k]; m.isCalled(name) {
			return m
		}
	}
	c.add("asked-headers-unread", at(v), "%s names the ConfigMap %s, which is not among what was read", setting, shown(name))
	return nil
}

// steers reports whether a header tells EasyAuth where a request goes, whose it is or who asks.
func steers(header string) bool {
	name := ingress.Fold(header)
	return strings.HasPrefix(name, "x-original-") || strings.HasPrefix(name, "x-forwarded-") || strings.HasPrefix(name, "sec-fetch-") ||
		slices.Contains([]string{"cookie", "authorization", "x-auth-request-redirect", "x-real-ip", "x-rewrite-url", "forwarded", "host", "accept"}, name)
}

// OnlyWebSocket is what docs/proxies/nginx.md has in server-snippet of the controller: no tunnel is opened.
const OnlyWebSocket = `if ($http_upgrade !~* "^(websocket)?$") { return 400; }`

// snippet judges lines of nginx's configuration by the names of their directives.
func (c *checker) snippet(at place, annotation, text string) {
	if text = strings.TrimSpace(text); text == "" || text == OnlyWebSocket {
		return
	}
	for _, line := range directives(text) {
		words := strings.Fields(line)
		headers := headersSet(words)
		decides := slices.IndexFunc(headers, func(header string) bool { return c.isIdentity(annotation, header) })
		switch {
		case strings.HasPrefix(words[0], "auth_request") || words[0] == "satisfy" || words[0] == "proxy_pass" || words[0] == "error_page" || words[0] == "auth_basic":
			c.add("snippet-auth", at, "%s changes who is asked, or what becomes of the answer: %s", annotation, shown(line))
		case decides >= 0:
			c.add("snippet-auth", at, "%s sets %s", annotation, shown(headers[decides]))
		case words[0] == "proxy_ignore_headers" || words[0] == "proxy_cache" || words[0] == "proxy_cache_valid":
			c.add("snippet-auth", at, "%s has answers cached that say no-store: %s", annotation, shown(line))
		case !harmless(words[0]):
			c.add("snippet-unread", at, "%s holds what is not judged here: %s", annotation, shown(line))
		}
	}
}

// isIdentity reports whether a header that a snippet sets is one that decides.
func (c *checker) isIdentity(annotation, header string) bool {
	if annotation == "auth-snippet" {
		return steers(header)
	}
	name := ingress.Fold(header)
	return strings.HasPrefix(name, "x-injected-") || slices.ContainsFunc(c.Headers, func(own string) bool { return ingress.Fold(own) == name })
}

// headersSet are the names of the headers that a directive sets in a request.
func headersSet(words []string) []string {
	switch {
	case len(words) < 2:
		return nil
	case words[0] == "proxy_set_header" || words[0] == "grpc_set_header":
		return []string{strings.Trim(words[1], `"'`)}
	case words[0] != "more_set_input_headers":
		return nil
	}
	var names []string
	for _, word := range words[1:] { // 'Name: value', several, or 'Name' alone
		name, _, colon := strings.Cut(word, ":")
		if colon || strings.HasPrefix(word, `"`) || strings.HasPrefix(word, "'") {
			names = append(names, strings.Trim(name, `"'`))
		}
	}
	return names
}

func harmless(directive string) bool {
	switch directive {
	case "proxy_set_header", "grpc_set_header", "more_set_headers", "more_clear_headers", "more_set_input_headers",
		"add_header", "proxy_hide_header", "proxy_buffer_size", "proxy_buffers", "proxy_busy_buffers_size", "client_max_body_size",
		"proxy_read_timeout", "proxy_send_timeout", "proxy_connect_timeout", "gzip", "gzip_types", "expires", "access_log",
		"log_subrequest", "proxy_cookie_flags", "proxy_cookie_path", "limit_req", "limit_rate", "deny":
		return true
	}
	return false
}
