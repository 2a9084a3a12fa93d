package annotations

import (
	"net/url"
	"strings"
)

// signIn checks where a browser is sent.
func (c *checker) signIn(g guard) {
	if p := strings.TrimSpace(g.SignInParameter.Text); p != "" && p != "rd" {
		c.add("signin-parameter", g.of(g.SignInParameter), "the page is told in %s, which EasyAuth does not read", shown(p))
	}
	text := strings.TrimSpace(g.SignIn.Text)
	at := g.of(g.SignIn)
	if text == "" {
		if !forPrograms(g.ing) {
			c.add("signin-missing", g.of(g.AuthURL), "there is no auth-signin, so a browser gets a bare 401")
		}
		return
	}
	if bad := badLetters(text, addressLetters+", "); bad != "" {
		c.add("signin-characters", at, "auth-signin holds %s, which ingress-nginx 1.12 and later refuses", bad)
		return
	}
	scheme, host, path, query := SplitURL(text)
	if scheme == "http" {
		c.add("signin-http", at, "auth-signin is not https, and a browser keeps our cookies from it")
	}
	if host == "" || scheme == "" {
		c.add("signin-host", at, "auth-signin %s has no scheme or no host", shown(text))
		return
	}
	if want := c.signInPath(g); path != want {
		c.add("signin-path", at, "auth-signin leads to %s, but people sign in at %s", shown(path), shown(want))
	}
	c.signInHost(g, at, host)
	c.signInReturn(g, at, query)
}

func (c *checker) signInPath(g guard) string {
	if c.SignInPath != "" {
		return c.SignInPath
	}
	return parent(g.Path) + "/login"
}

func (c *checker) callbackPath(g guard) string {
	if c.CallbackPath != "" {
		return c.CallbackPath
	}
	return parent(g.Path) + "/signin-oidc"
}

// signInHost wants the host of the page.
func (c *checker) signInHost(g guard, at place, host string) {
	if isOfPage(host) {
		return
	}
	hosts := hostsOf(g)
	for _, name := range hosts {
		if hostName(host) != name {
			c.add("signin-host", at, "auth-signin leads to %s, but pages are on %s too", shown(host), spoken(name))
			return
		}
	}
	if g.ing == nil && strings.Contains(host, "$") {
		c.add("signin-host", at, "auth-signin takes its host from %s", shown(host))
	}
}

// signInReturn checks rd, the page to return to.
func (c *checker) signInReturn(g guard, at place, query string) {
	for _, part := range strings.Split(query, "&") {
		value, ok := strings.CutPrefix(part, "rd=")
		if !ok || value == "" {
			continue
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		host := ""
		if rest, ok := strings.CutPrefix(value, "//"); ok {
			host, _, _ = strings.Cut(rest, "/")
		} else if _, rest, ok := strings.Cut(value, "://"); ok {
			if end := strings.IndexAny(rest, "/?"); end >= 0 {
				rest = rest[:end]
			}
			for _, page := range []string{"$escaped_request_uri", "$request_uri", "$uri"} {
				rest = strings.TrimSuffix(rest, page)
			}
			host = rest
		}
		if host != "" && !c.isOwnHost(g, host) {
			c.add("signin-return", at, "rd of auth-signin leads to %s, which is not the host of the page", shown(host))
		}
		if strings.Contains(value, "$request_uri") || strings.Contains(value, "$uri") {
			c.add("signin-return-cut", at, "rd of auth-signin is not escaped, so a page's query is cut at its first &")
		}
	}
}

func (c *checker) isOwnHost(g guard, host string) bool {
	if isOfPage(host) || c.Served != nil && c.Served(host) {
		return true
	}
	for _, name := range hostsOf(g) {
		if under(hostName(host), name) {
			return true
		}
	}
	return false
}

// isOfPage reports whether an address has the host of the page. Variables without a port may have one behind
// them.
func isOfPage(host string) bool {
	switch host {
	case "$http_host", "${http_host}", "$best_http_host":
		return true
	}
	switch hostName(host) {
	case "$host", "$server_name", "${host}":
		return true
	}
	return false
}

// hostsOf are the hosts of the Ingress that has these annotations, "" among them for all.
func hostsOf(g guard) []string {
	if g.ing == nil {
		return nil
	}
	return g.ing.Hosts()
}

// forPrograms reports whether an Ingress looks like an API: nobody opens it with a browser.
func forPrograms(i *Ingress) bool {
	if i == nil {
		return false
	}
	if i.is("backend-protocol", "GRPC") || i.is("backend-protocol", "GRPCS") {
		return true
	}
	paths := 0
	for _, r := range i.Rules {
		if strings.HasPrefix(r.Host, "api.") || strings.HasPrefix(r.Host, "api-") {
			paths++
			continue
		}
		for _, p := range r.Paths {
			paths++
			if !apiPath(p.Path) {
				return false
			}
		}
	}
	return paths > 0
}

func apiPath(path string) bool {
	for _, segment := range strings.FieldsFunc(strings.ToLower(path), func(r rune) bool { return strings.ContainsRune(`/^$()|.*?`, r) }) {
		switch segment {
		case "api", "apis", "graphql", "grpc", "rpc", "rest", "webhook", "webhooks":
			return true
		}
	}
	return false
}

// spoken names a host for a person.
func spoken(host string) string {
	if host == "" {
		return "every host"
	}
	return host
}
