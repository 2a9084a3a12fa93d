package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// The alphabets of everything that is written. What is outside of them is refused rather than escaped, so
// that no two proxies can read it in two ways.

// isLabel reports whether a text is a DNS label, as namespaces and Services have it.
func isLabel(s string) bool {
	return len(s) <= 63 && isName(s) && !strings.Contains(s, ".")
}

// isName reports whether a text is a name of Kubernetes (RFC 1123 subdomain).
func isName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || part[0] == '-' || part[len(part)-1] == '-' || !only(part, "-", false) {
			return false
		}
	}
	return true
}

// isHost reports whether a text is the name of one host, in lower case. An address is none.
func isHost(s string) bool {
	if !isName(s) || len(s) > 200 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if len(part) > 63 {
			return false
		}
	}
	last := s[strings.LastIndexByte(s, '.')+1:]
	return strings.Trim(last, "0123456789") != ""
}

// only reports whether a text has nothing but letters, digits and these signs.
func only(s, signs string, upper bool) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || upper && 'A' <= c && c <= 'Z'
		if !letter && strings.IndexByte(signs, c) < 0 {
			return false
		}
	}
	return true
}

const pathSigns = "/-._~@:+,=!"

// pathFault says why a path cannot be written; "" if it can.
func pathFault(path string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return "does not begin with a slash"
	case len(path) > 1024:
		return "is longer than 1024 characters"
	case !only(path, pathSigns, true):
		return "has a sign that proxies read in different ways; letters, digits and " + pathSigns + " are carried over"
	case strings.Contains(path, "//"):
		return "has an empty segment"
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "." || part == ".." {
			return "has a dot segment"
		}
	}
	return ""
}

const querySigns = "-._~:/?@!&'()*+,;=%|"

// isQuery reports whether a text can be the query of an auth-url in every target: of these signs, and
// with whole escapes.
func isQuery(s string) bool {
	if len(s) > 2048 || !only(s, querySigns, true) {
		return false
	}
	for i := range len(s) {
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// isHeader reports whether a text can be listed as a header: letters, digits and dashes.
func isHeader(s string) bool { return s != "" && len(s) <= 64 && only(s, "-", true) && s[0] != '-' }

func isPrefix(s string) bool { return isHeader(s) && len(s) > 1 && strings.HasSuffix(s, "-") }

// short makes a name of at most 63 characters out of parts, unlike any other: what is cut off is replaced by a hash of all.
func short(parts ...string) string {
	name := strings.ReplaceAll(strings.Join(parts, "-"), ".", "-")
	if len(name) <= 63 && !strings.Contains(strings.Join(parts, ""), ".") {
		return name
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.TrimRight(name[:min(len(name), 52)], "-") + "-" + hex.EncodeToString(sum[:5])
}

// service is a port of a Service.
type service struct {
	Namespace, Name string
	Port            int
}

// url is how a program of the cluster finds it.
func (s service) url() string { return "http://" + s.address() }

func (s service) address() string { return s.host() + ":" + strconv.Itoa(s.Port) }

func (s service) host() string { return s.Name + "." + s.Namespace + ".svc" }

// serviceOf reads the host of an auth-url: NAME.NAMESPACE.svc, with the cluster's domain behind it or not.
func serviceOf(host string) (service, bool) {
	host, port, hasPort := strings.Cut(host, ":")
	s := service{Port: 80}
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) < 3 || parts[2] != "svc" || !isName(strings.Join(parts, ".")) || !isLabel(parts[0]) || !isLabel(parts[1]) {
		return s, false
	}
	s.Name, s.Namespace = parts[0], parts[1]
	if hasPort {
		var ok bool
		if s.Port, ok = portOf(port); !ok {
			return s, false
		}
	}
	return s, true
}

func portOf(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && n < 1<<16 && strconv.Itoa(n) == s
}

// easyAuth is where a protected Ingress asks.
type easyAuth struct {
	service
	pages service // whose the sign-in paths are: this one, or that of the chart's sign-in part
	Base  string  // /easyauth
	Auth  string  // /easyauth/auth
}

// signInPart is what the chart puts behind the name of the Service that is asked, for the pages' (roles.separate).
const signInPart = "-signin"

// serves reports whether a Service is EasyAuth's own. Its port is not compared: it may have a name.
func (e easyAuth) serves(s service) bool {
	return s.Namespace == e.Namespace && (s.Name == e.Name || s.Name == e.pages.Name)
}

// easyAuthOf reads where an auth-url leads, or says why not.
func easyAuthOf(p annotations.Protection) (easyAuth, string) {
	base, isAuth := strings.CutSuffix(p.Path, "/auth")
	s, isService := serviceOf(p.Host)
	switch {
	case strings.Contains(p.AuthURL.Text, "$"):
		return easyAuth{}, "has a variable of nginx ($…), which no other proxy fills in"
	case !p.EasyAuth || !isAuth:
		return easyAuth{}, "does not lead to EasyAuth's /easyauth/auth"
	case p.Scheme != "http":
		return easyAuth{}, "must be http:// to a Service: which certificates are trusted is not known here"
	case !isService:
		return easyAuth{}, "must name a Service, as http://easyauth.NAMESPACE.svc.cluster.local/easyauth/auth"
	case base == "" || pathFault(base) != "" || strings.HasSuffix(base, "/"):
		return easyAuth{}, "has a path that cannot be carried over"
	case strings.ContainsAny(p.AuthURL.Text, "#") || !isQuery(p.Query):
		return easyAuth{}, "has a query with a sign that cannot be carried over, or a broken escape"
	case p.Query != "" && !strings.Contains(p.Query, "="):
		return easyAuth{}, "has a query that is no rule"
	}
	return easyAuth{service: s, pages: s, Base: base, Auth: p.Path}, ""
}
