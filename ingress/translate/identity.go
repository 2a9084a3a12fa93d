package translate

import (
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// usualPrefix is what identity headers begin with where nothing else is set.
const usualPrefix = "x-injected-"

// fixed are the identity headers that every answer of EasyAuth has, without their prefix.
func fixed() []string {
	var list []string
	for _, name := range annotations.FixedHeaders() {
		list = append(list, strings.TrimPrefix(name, usualPrefix))
	}
	return list
}

// handed are those that an answer has only where it is switched on. They are taken out of requests, and
// copied only where they are listed: an application that did not get a token gets none.
func handed() []string { return []string{"access-token", "id-token", "assertion"} }

// identityHeaders are the fixed ones by their whole names.
func (p *plan) identityHeaders() []string {
	var list []string
	for _, name := range fixed() {
		list = append(list, strings.ToLower(p.config.HeaderPrefix)+name)
	}
	return list
}

// copied are the headers that the application of a route gets.
func (p *plan) copied(o *object) []string { return append(p.identityHeaders(), o.headers...) }

// foreign are all headers that clients must not send: identity headers, those that are listed anywhere, and
// those by which frameworks take a request for another than was judged.
func (p *plan) foreign() []string {
	list := p.identityHeaders()
	for _, name := range handed() {
		list = append(list, strings.ToLower(p.config.HeaderPrefix)+name)
	}
	for _, o := range p.objects {
		for _, name := range o.headers {
			if len(p.refused[o.number]) == 0 && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return append(list, rerouting()...)
}

// blankable are headers that EasyAuth needs of clients, and never sends. Where one is listed, ingress-nginx
// replaces the client's by that nothing, after it has asked.
func blankable() []string { return []string{"authorization", "cookie"} }

// blank keeps a client's header from an application that got none, or refuses.
func (p *plan) blank(o *object, name string) {
	subject, line := annotations.Prefix+"auth-response-headers", o.protection.ResponseHeaders.Line
	switch {
	case !p.blanks:
		p.refuse(o, line, subject, "with %s listed, ingress-nginx keeps the client's own from the application, and %s would not; take it out of the list if the application may get it", name, p.config.To)
	case !slices.Contains(o.blanked, name):
		o.blanked = append(o.blanked, name)
		p.note(o, line, subject, "the application gets no %s, as before: EasyAuth sends none, and the client's own is for EasyAuth alone", name)
	}
}

// rerouting are the headers by which an application may take a request for another than was judged: those that
// nginx's recipes, ingress-nginx, IIS and Azure's Application Gateway set, and frameworks therefore read. The list must be
// closed because Traefik's customRequestHeaders takes exact names; on its open paths another X-Original-* stays. Where
// expressions or beginnings are taken, all of X-Original-* goes (spelledAny, caddyStrip): in the other targets, and on
// Traefik's protected paths by authResponseHeadersRegex.
func rerouting() []string {
	return []string{"x-original-url", "x-original-uri", "x-original-method", "x-original-host", "x-original-path", "x-rewrite-url", "forwarded"}
}

// others are the listed headers without the prefix.
func (p *plan) others() []string {
	var list []string
	for _, name := range p.foreign() {
		if !strings.HasPrefix(name, strings.ToLower(p.config.HeaderPrefix)) && !slices.Contains(rerouting(), name) {
			list = append(list, name)
		}
	}
	return list
}

// words are the parts of the header prefix between its dashes: x, injected.
func (p *plan) words() []string {
	return strings.FieldsFunc(strings.ToLower(p.config.HeaderPrefix), func(r rune) bool { return r == '-' })
}

// spelled is a regular expression for a name of which every dash may be another sign: an application may
// read x_injected.oid as X-Injected-Oid.
func spelled(words ...string) string { return strings.Join(words, "[^a-z0-9]") }

// spelledAny matches, without regard to case, every header that foreign names, in every spelling.
func (p *plan) spelledAny() []string {
	list := []string{
		"^" + spelled(p.words()...) + "[^a-z0-9].*",
		"^" + spelled("x", "original") + "[^a-z0-9].*",
		"^" + spelled("x", "rewrite", "url") + "$",
		"^forwarded$",
	}
	for _, name := range p.others() {
		list = append(list, "^"+spelled(strings.Split(name, "-")...)+"$")
	}
	return list
}

// titled writes a header as people do: X-Injected-Oid.
func titled(name string) string {
	parts := strings.Split(name, "-")
	for i, part := range parts {
		if part != "" {
			parts[i] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "-")
}
