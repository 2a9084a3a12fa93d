package translate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// object is one Ingress and what it protects.
type object struct {
	annotations.Ingress
	number     int
	protection annotations.Protection
	protected  bool
	asks       easyAuth
	headers    []string // of auth-response-headers beside those of EasyAuth
	blanked    []string // of auth-response-headers that EasyAuth reads and never sends
}

// plan is everything that is to be written.
type plan struct {
	config  Config
	blanks  bool // of the target
	objects []*object
	files   map[string]int // in the order in which they came
	sites   []*site        // by host
	refused map[int][]Note
	notes   []Note
	general []string
}

func (p *plan) refuse(o *object, line int, subject, why string, args ...any) {
	p.refused[o.number] = append(p.refused[o.number],
		Note{File: o.File, Line: line, Object: o.Title(), Subject: subject, Text: fmt.Sprintf(why, args...), Refused: true})
}

func (p *plan) note(o *object, line int, subject, why string, args ...any) {
	p.notes = append(p.notes, Note{File: o.File, Line: line, Object: o.Title(), Subject: subject, Text: fmt.Sprintf(why, args...)})
}

func (p *plan) say(why string, args ...any) { p.general = append(p.general, fmt.Sprintf(why, args...)) }

func (p *plan) saysOnce(why string) {
	if !slices.Contains(p.general, why) {
		p.general = append(p.general, why)
	}
}

// judge looks at each Ingress by itself.
func (p *plan) judge(m annotations.Manifest) {
	seen := map[string]*object{}
	for i, ingress := range m.Ingresses {
		o := &object{Ingress: ingress, number: i}
		if _, known := p.files[o.File]; !known {
			p.files[o.File] = len(p.files)
		}
		if p.config.Class != "" && o.Class != "" && o.Class != p.config.Class {
			p.note(o, o.Line, "", "left out: its class is %s", strconv.Quote(o.Class))
			continue
		}
		if o.Namespace == "" {
			o.Namespace = p.config.Namespace
		}
		p.objects = append(p.objects, o)
		switch {
		case o.Namespace == "":
			p.refuse(o, o.Line, "", "has no metadata.namespace: write it there, or say --namespace")
		case !isLabel(o.Namespace) || !isName(o.Name):
			p.refuse(o, o.Line, "", "has a name or a namespace that Kubernetes does not take")
		case o.Name == signInName:
			p.refuse(o, o.Line, "", "has a name that is needed for the sign-in paths; give it another")
		case annotations.Foreign(o.Class):
			p.refuse(o, o.Line, "", "is of the class %s, as those of another controller are: what it does with the annotations is not known here", strconv.Quote(o.Class))
		}
		if first := seen[o.Title()]; first != nil {
			p.refuse(o, o.Line, "", "is there twice, the first time in %s:%d", first.File, first.Line)
			p.refuse(first, first.Line, "", "is there twice, again in %s:%d", o.File, o.Line)
		}
		seen[o.Title()] = o
		p.protection(o)
		p.annotations(o)
		p.rules(o)
	}
	p.controller(m)
}

func (p *plan) protection(o *object) {
	o.protection, o.protected = o.Ingress.Protection()
	url, written := o.Annotation("auth-url")
	switch {
	case !o.protected && written:
		p.refuse(o, url.Line, annotations.Prefix+"auth-url", "is empty: ingress-nginx lets everybody in, and whether that is meant cannot be told; take the annotation out")
		return
	case !o.protected:
		return
	}
	var fault string
	if o.asks, fault = easyAuthOf(o.protection); fault != "" {
		p.refuse(o, url.Line, annotations.Prefix+"auth-url", "%s", fault)
	}
	listed := o.protection.ResponseHeaders
	for _, name := range o.protection.Headers {
		name = strings.ToLower(name)
		switch {
		case !isHeader(name):
			p.refuse(o, listed.Line, annotations.Prefix+"auth-response-headers", "a name in it is no name of a header that can be carried over: letters, digits and dashes")
		case slices.Contains(blankable(), name):
			p.blank(o, name)
		case !slices.Contains(p.identityHeaders(), name) && !slices.Contains(o.headers, name):
			o.headers = append(o.headers, name)
		}
	}
	p.signIn(o)
}

// signIn looks at auth-signin. Where it leads elsewhere, people who are refused are sent to EasyAuth all the same.
func (p *plan) signIn(o *object) {
	v := o.protection.SignIn
	if !v.Given() {
		p.note(o, o.Line, "", "has no auth-signin: %s", map[bool]string{
			true:  "who sends no Authorization is sent to sign in all the same, and gets JSON there if it is no browser",
			false: "a browser that opens a page is sent to sign in all the same; others get 401, as before",
		}[p.config.To == "haproxy"])
		return
	}
	if _, host, path, _ := annotations.SplitURL(v.Text); path != o.asks.Base+"/login" || !strings.HasPrefix(host, "$") {
		p.note(o, v.Line, annotations.Prefix+"auth-signin", "does not lead to https://$host%s/login; browsers are sent there all the same", o.asks.Base)
	}
}

// annotations names what is not carried over. Nothing is left out: what is not known is refused.
func (p *plan) annotations(o *object) {
	for _, key := range slices.Sorted(maps.Keys(o.Annotations)) {
		v := o.Annotations[key]
		short, ours := strings.CutPrefix(key, annotations.Prefix)
		if !ours {
			switch {
			case key == "kubernetes.io/ingress.class" || key == "kubectl.kubernetes.io/last-applied-configuration":
			case ofController(key):
				p.refuse(o, v.Line, key, "is of another ingress controller, or ingress-nginx under another prefix, and may be what keeps requests out")
			default:
				p.note(o, v.Line, key, "not carried over: it is another program's")
			}
			continue
		}
		k := fateOf(short)
		switch {
		case idle(short, v.Text):
		case k.fate == carried:
			p.carried(o, short, v)
		case k.fate == dropped:
			p.note(o, v.Line, key, "not carried over: %s", k.why)
		default:
			p.refuse(o, v.Line, key, "%s", k.why)
		}
	}
	if o.Class != "" {
		p.note(o, o.Line, "", "the class %q is not carried over", o.Class)
	}
}

// idle reports whether an annotation says what holds without it.
func idle(short, text string) bool {
	switch short {
	case "use-regex", "ssl-passthrough", "enable-modsecurity", "enable-owasp-core-rules", "canary", "mirror-request-body", "enable-cors":
		return text == "false"
	case "satisfy":
		return text == "all"
	}
	return false
}

// carried looks at annotations whose values make a difference.
func (p *plan) carried(o *object, short string, v annotations.Value) {
	key := annotations.Prefix + short
	switch {
	case short == "backend-protocol" && !strings.EqualFold(v.Text, "HTTP"):
		p.refuse(o, v.Line, key, "only HTTP is carried over")
	case short == "ssl-redirect" && v.Text != "true":
		p.note(o, v.Line, key, "plain http is redirected to https all the same")
	case short == "force-ssl-redirect" && v.Text == "true" && len(o.TLS) == 0:
		p.note(o, v.Line, key, "not carried over for hosts without a certificate: what ends TLS in front must redirect")
	case !o.protected && strings.HasPrefix(short, "auth-") && short != "auth-url":
		p.note(o, v.Line, key, "does nothing without auth-url")
	}
}

// rules looks at hosts, paths and backends.
func (p *plan) rules(o *object) {
	paths := 0
	for _, r := range o.Rules {
		host := strings.ToLower(r.Host)
		switch {
		case host == "":
			p.refuse(o, r.Line, "", "has a rule without a host: which hosts it is for is not known here")
		case strings.HasPrefix(host, "*."):
			p.refuse(o, r.Line, "", "has the host %s: proxies differ in what a * stands for; write out the hosts", strconv.Quote(host))
		case !isHost(host):
			p.refuse(o, r.Line, "", "has the host %s, which is no name of a host", strconv.Quote(host))
		}
		for _, path := range r.Paths {
			paths++
			p.path(o, path)
		}
	}
	if paths == 0 {
		p.refuse(o, o.Line, "", "has no path")
	}
}

func (p *plan) path(o *object, path annotations.Path) {
	subject := "path " + strconv.Quote(path.Path)
	if path.Type != "Prefix" && path.Type != "Exact" {
		p.refuse(o, path.Line, subject, "has the pathType %s: only Prefix and Exact mean the same everywhere", strconv.Quote(path.Type))
	}
	if fault := pathFault(path.Path); fault != "" {
		p.refuse(o, path.Line, subject, "%s", fault)
	}
	if !isLabel(path.Service) {
		p.refuse(o, path.Line, subject, "leads to no Service")
	}
}
