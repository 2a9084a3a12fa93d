package translate

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

const caddyHead = `# Written by easyauth ingress translate --to caddy.
# EasyAuth needs EASYAUTH_ADAPTERS=forward (or nginx,forward while both proxies run).
`

// caddyPatience is how long an answer of EasyAuth may take. Without it Caddy waits without end.
const caddyPatience = `				transport http {
					dial_timeout 2s
					response_header_timeout 10s
				}
`

// caddyTunnels ends what a client may say of connections. An application that answers "Upgrade: h2c" with 101 would
// open a tunnel in which nobody judges; and Caddy takes out what Connection names after it has copied EasyAuth's headers.
// X-Real-IP is believed by EasyAuth too.
const caddyTunnels = `	# What would open a tunnel, in which nobody judges, or take out what EasyAuth says. A WebSocket may.
	@websocket header_regexp Upgrade (?i)^websocket$
	@no_websocket not header_regexp Upgrade (?i)^websocket$
	request_header -HTTP2-Settings
	request_header @no_websocket -Connection
	request_header @websocket Upgrade websocket
	request_header @websocket Connection Upgrade
	request_header X-Real-IP {http.request.remote.host}
`

// signs are those that a header's name may have instead of a dash (RFC 9110, token).
const signs = "-!#$%&'*+.^_`|~"

// caddy writes a site block for each host. Everything stands in a route, which keeps the order.
func caddy(p *plan) (string, error) {
	var b strings.Builder
	b.WriteString(caddyHead)
	p.caddyStrip(&b)
	for _, s := range p.sites {
		p.caddySite(&b, s)
	}
	p.caddyMissing()
	p.say("certificates are not carried over: Caddy gets its own, or write a line tls CERTIFICATE KEY")
	p.say("the idle cookie of EASYAUTH_SESSION_IDLE cannot be renewed: an answer that lets pass cannot give the browser a cookie; use a session store")
	p.say("leave trusted_proxies out; behind a load balancer name it alone there, and in place of -*Forwarded* what it does not set")
	return b.String(), nil
}

// caddyStrip takes out headers by their beginning. The letters may be of either case, but every sign between them
// needs a line of its own.
func (p *plan) caddyStrip(b *strings.Builder) {
	b.WriteString("\n# What only EasyAuth may say, and what frameworks take for the path, in every spelling.\n(easyauth_strip) {\n")
	line := func(name string) { fmt.Fprintf(b, "\trequest_header -%s\n", name) }
	prefix := p.words()
	for _, words := range [][]string{prefix, {"x", "original"}, {"x", "rewrite"}} {
		for _, name := range spellings(words) {
			line(name + "*")
		}
	}
	line("*Forwarded*")
	for _, name := range p.others() {
		words := strings.Split(name, "-")
		if len(words) < 3 {
			for _, spelling := range spellings(words) {
				line(spelling)
			}
			continue
		}
		for _, sign := range signs { // all of them would be hundreds
			line(strings.Join(strings.Split(titled(name), "-"), string(sign)))
		}
		p.say("spellings of %s with several signs (such as - and _) are not taken out of requests", name)
	}
	b.WriteString(caddyTunnels + "}\n")
}

// spellings are all names that words make with signs between them.
func spellings(words []string) []string {
	list := []string{titled(words[0])}
	for _, word := range words[1:] {
		var longer []string
		for _, sign := range signs {
			for _, name := range list {
				longer = append(longer, name+string(sign)+titled(word))
			}
		}
		list = longer
	}
	return list
}

// caddyMissing tells of headers that not every answer has.
func (p *plan) caddyMissing() {
	for _, o := range p.objects {
		if o.protected && len(p.refused[o.number]) == 0 && len(o.headers) > 0 {
			p.note(o, o.protection.ResponseHeaders.Line, annotations.Prefix+"auth-response-headers",
				"Caddy 2.6 hands on a text in braces for a header that EasyAuth does not send: list %s in EASYAUTH_CLAIM_HEADERS or leave them out", strings.Join(o.headers, ", "))
		}
	}
}

func (p *plan) caddySite(b *strings.Builder, s *site) {
	scheme := ""
	if !s.TLS {
		scheme = "http://"
	}
	fmt.Fprintf(b, "\n%s%s {\n", scheme, s.Host)
	if s.signsIn() {
		fmt.Fprintf(b, "\t@not_found path_regexp `(?i)^%s`\n\t@sign_in path_regexp `^%s/`\n", regexp.QuoteMeta(s.Asks.Auth), regexp.QuoteMeta(s.Asks.Base))
	}
	for i, r := range s.Routes {
		fmt.Fprintf(b, "\t@%s path_regexp `%s`\n", word(i), pathExpression(r))
	}
	b.WriteString("\troute {\n\t\timport easyauth_strip\n")
	if s.signsIn() {
		b.WriteString("\t\thandle @not_found {\n\t\t\trespond 404\n\t\t}\n\t\thandle @sign_in {\n\t\t\treverse_proxy " + s.Asks.pages.url() + "\n\t\t}\n")
	}
	for i, r := range s.Routes {
		fmt.Fprintf(b, "\t\t# %s\n\t\thandle @%s {\n", r.Owner.Title(), word(i))
		if !r.Public {
			fmt.Fprintf(b, "\t\t\tforward_auth %s {\n\t\t\t\turi %s\n\t\t\t\tcopy_headers %s\n%s\t\t\t}\n",
				r.Owner.asks.url(), r.Owner.asks.Auth+"/forward?"+r.query(), titledAll(p.copied(r.Owner)), caddyPatience)
		}
		fmt.Fprintf(b, "\t\t\treverse_proxy %s%s\n\t\t}\n", r.To.url(), caddyBlanks(r.Owner))
	}
	b.WriteString("\t\trespond 404\n\t}\n}\n")
}

// caddyBlanks takes headers out where a request leaves: within handle, request_header would come before the question.
func caddyBlanks(o *object) string {
	if len(o.blanked) == 0 {
		return ""
	}
	lines := " {\n"
	for _, name := range o.blanked {
		lines += "\t\t\t\theader_up -" + titled(name) + "\n"
	}
	return lines + "\t\t\t}"
}

// pathExpression matches on segment boundaries. Caddy's path matcher does not tell /Admin from /admin, this one does.
func pathExpression(r *route) string {
	path := regexp.QuoteMeta(r.Path)
	switch {
	case r.Exact:
		return "^" + path + "$"
	case r.Path == "/":
		return "^/"
	}
	return "^" + path + "(/|$)"
}

func titledAll(names []string) string {
	list := make([]string, 0, len(names))
	for _, name := range names {
		list = append(list, titled(name))
	}
	return strings.Join(list, " ")
}
