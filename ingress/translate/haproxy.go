package translate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const haproxyHead = `# Written by easyauth ingress translate --to haproxy.
# It needs HAProxy 2.6 or later with Lua, and easyauth.lua of docs/proxies/haproxy.md.
# EasyAuth is asked as nginx asks it: EASYAUTH_ADAPTERS=nginx, the default.
global
    lua-load-per-thread /etc/haproxy/easyauth.lua

defaults
    mode http
    timeout connect 5s
    timeout client 1m
    timeout server 1m
    timeout tunnel 1h

resolvers cluster
    parse-resolv-conf

frontend easyauth
    bind :80
`

const haproxyPath = `
    # Host and path as nginx compares them: without a port, decoded once, no slash twice.
    http-request set-var(txn.host) req.hdr(host),host_only,lower
    http-request set-var(txn.path) path,url_dec,regsub(/+,/,g)
    # What nginx would have resolved, and applications may resolve in their own way.
    http-request deny deny_status 400 if { var(txn.path) -m reg '(^|/)[.][.]?(;|/|$)|\\|[\x00-\x1f\x7f]' }
`

// haproxyOwn ends what a client may say of connections: an application that answers "Upgrade: h2c" with 101 would open a
// tunnel in which nobody judges. Then the proxy says its own.
const haproxyOwn = `    http-request del-header '^x[^a-z0-9]forwarded[^a-z0-9]' -m reg
    # What would open a tunnel, in which nobody judges. A WebSocket may.
    http-request del-header http2-settings
    http-request del-header upgrade unless { req.fhdr_cnt(upgrade) eq 1 } { req.fhdr(upgrade) -m str -i websocket }
    http-request del-header connection
    http-request set-header connection upgrade if { req.fhdr(upgrade) -m found }
    http-request set-header X-Real-IP %[src]
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Forwarded-Proto http if !{ ssl_fc }
`

// word is one route as a name that HAProxy needs no quotes for.
func word(i int) string { return "route" + strconv.Itoa(i+1) }

// haproxyQuoted is a text as one word of a configuration. Between single quotes nothing is special to HAProxy.
func haproxyQuoted(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// haproxy writes one frontend: first which route a request takes, then whether it may.
func haproxy(p *plan) (string, error) {
	var b strings.Builder
	b.WriteString(haproxyHead)
	var secured []string
	for _, s := range p.sites {
		if s.TLS {
			secured = append(secured, s.Host)
		}
	}
	if len(secured) > 0 {
		b.WriteString("    bind :443 ssl crt /etc/haproxy/certs/ alpn h2,http/1.1\n")
		p.say("certificates are not carried over: put those of %s into /etc/haproxy/certs", strings.Join(secured, ", "))
	}
	b.WriteString(haproxyPath)
	if len(secured) > 0 {
		fmt.Fprintf(&b, "\n    http-request redirect scheme https code 308 if !{ ssl_fc } { var(txn.host) -m str %s }\n", strings.Join(secured, " "))
	}
	p.haproxyStrip(&b)
	var routes []*route
	for _, s := range p.sites {
		routes = append(routes, s.Routes...)
	}
	p.haproxyRoutes(&b, routes)
	p.haproxyAsk(&b, routes)
	p.haproxyBackends(&b, routes)
	p.say("in HAProxy, EasyAuth's Service and those of the applications are found by their names in the cluster.local domain; outside of the cluster write other addresses")
	return b.String(), nil
}

func (p *plan) haproxyStrip(b *strings.Builder) {
	b.WriteString("\n    # What only EasyAuth may say, and what frameworks take for the path, in every spelling.\n")
	for _, expression := range p.spelledAny() {
		fmt.Fprintf(b, "    http-request del-header %s -m reg\n", haproxyQuoted(strings.TrimSuffix(expression, ".*")))
	}
	b.WriteString(haproxyOwn)
}

// haproxyRoutes says which route a request takes: the first that fits, the strictest first.
func (p *plan) haproxyRoutes(b *strings.Builder, routes []*route) {
	b.WriteString("\n    # The first that fits.\n")
	set := func(name, host, match string) {
		fmt.Fprintf(b, "    http-request set-var(txn.route) str(%s) if !{ var(txn.route) -m found } { var(txn.host) -m str %s } { var(txn.path) %s }\n", name, host, match)
	}
	asked := p.asked()
	for _, s := range p.sites {
		if s.signsIn() {
			set("none", s.Host, "-m beg "+haproxyQuoted(s.Asks.Auth))
			set("easyauth"+strconv.Itoa(slices.Index(asked, s.Asks)+1), s.Host, "-m beg "+haproxyQuoted(s.Asks.Base+"/"))
		}
		for i, r := range routes {
			if r.Host != s.Host {
				continue
			}
			switch {
			case r.Exact:
				set(word(i), r.Host, "-m str "+haproxyQuoted(r.Path))
			case r.Path == "/":
				set(word(i), r.Host, "-m beg /")
			default:
				set(word(i), r.Host, "-m str "+haproxyQuoted(r.Path))
				set(word(i), r.Host, "-m beg "+haproxyQuoted(r.Path+"/"))
			}
		}
	}
	b.WriteString("    http-request return status 404 if !{ var(txn.route) -m found }\n" +
		"    http-request return status 404 if { var(txn.route) -m str none }\n")
}

// haproxyAsk asks EasyAuth for each protected route. Only the script can say that a request passes; if it breaks,
// nothing does.
func (p *plan) haproxyAsk(b *strings.Builder, routes []*route) {
	var all []string
	byURL := map[string][]string{}
	var urls []string
	for i, r := range routes {
		if r.Public {
			continue
		}
		url := "http://" + inCluster(r.Owner.asks.service) + r.Owner.asks.Auth
		if r.query() != "" {
			url += "?" + r.query()
		}
		if byURL[url] == nil {
			urls = append(urls, url)
		}
		byURL[url] = append(byURL[url], word(i))
		all = append(all, word(i))
	}
	if len(all) == 0 {
		return
	}
	b.WriteString("\n")
	for _, url := range urls {
		fmt.Fprintf(b, "    http-request lua.easyauth %s if { var(txn.route) -m str %s }\n", haproxyQuoted(url), strings.Join(byURL[url], " "))
	}
	fmt.Fprintf(b, "    http-request deny deny_status 503 if { var(txn.route) -m str %s } !{ var(txn.easyauth) -m str pass }\n", strings.Join(all, " "))
	b.WriteString("    http-response add-header Set-Cookie %[var(txn.easyauth_cookie)] if { var(txn.easyauth_cookie) -m found }\n")
	p.haproxyUnlisted(b, routes)
}

// haproxyUnlisted takes out what the script copies although the Ingress does not list it, and what only EasyAuth
// may read.
func (p *plan) haproxyUnlisted(b *strings.Builder, routes []*route) {
	remove := func(name string, of func(o *object) bool) {
		var without []string
		for i, r := range routes {
			if !r.Public && of(r.Owner) {
				without = append(without, word(i))
			}
		}
		if len(without) > 0 {
			fmt.Fprintf(b, "    http-request del-header %s if { var(txn.route) -m str %s }\n", titled(name), strings.Join(without, " "))
		}
	}
	for _, name := range handed() {
		name = p.config.HeaderPrefix + name
		remove(name, func(o *object) bool { return !slices.Contains(o.headers, name) })
	}
	for _, name := range blankable() {
		remove(name, func(o *object) bool { return slices.Contains(o.blanked, name) })
	}
}

// checkHAProxy refuses what the script does not do.
func checkHAProxy(p *plan, s *site) {
	for _, o := range s.owners {
		if !o.protected {
			continue
		}
		if o.asks.Base != "/easyauth" && o.asks.Base != "" {
			p.refuse(o, o.protection.AuthURL.Line, s.Host, "easyauth.lua sends people to /easyauth/login, not to %s/login", o.asks.Base)
		}
		if p.config.HeaderPrefix != usualPrefix {
			p.refuse(o, o.Line, s.Host, "easyauth.lua copies x-injected-* alone")
		}
		for _, name := range o.headers {
			if !strings.HasPrefix(name, p.config.HeaderPrefix) {
				p.note(o, o.protection.ResponseHeaders.Line, s.Host, "%s does not reach the application: easyauth.lua copies x-injected-* alone", name)
			}
		}
	}
}

func inCluster(s service) string { return fmt.Sprintf("%s.cluster.local:%d", s.host(), s.Port) }

func (p *plan) haproxyBackends(b *strings.Builder, routes []*route) {
	b.WriteString("\n    use_backend %[var(txn.route)]\n")
	for i, asks := range p.asked() {
		p.haproxyBackend(b, "easyauth"+strconv.Itoa(i+1), asks.pages)
	}
	for i, r := range routes {
		p.haproxyBackend(b, word(i), r.To)
	}
}

func (p *plan) haproxyBackend(b *strings.Builder, name string, to service) {
	fmt.Fprintf(b, "\nbackend %s\n    server %s %s resolvers cluster init-addr libc,none\n", name, to.Name, inCluster(to))
}
