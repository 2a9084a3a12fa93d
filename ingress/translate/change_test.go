package translate

import (
	"strings"
	"testing"
)

// Each of these changes one thing in an Ingress that all targets take.
func TestRefused(t *testing.T) {
	const url = "http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role=Admin"
	for name, c := range map[string]struct{ old, new, why string }{
		"auth-url without a path":              {url, "http://easyauth.easyauth.svc.cluster.local", "does not lead to EasyAuth"},
		"auth-url of another program":          {url, "http://proxy.auth.svc/oauth2/auth", "does not lead to EasyAuth"},
		"auth-url with a variable":             {url, "http://$host/easyauth/auth", "variable"},
		"auth-url with a variable in its rule": {url, url + "$arg_x", "variable"},
		"auth-url with https":                  {url, "https://easyauth.easyauth.svc/easyauth/auth", "http://"},
		"auth-url without a scheme":            {url, "easyauth.easyauth.svc/easyauth/auth", "http://"},
		"auth-url to a public name":            {url, "http://login.example.com/easyauth/auth", "Service"},
		"auth-url to an address":               {url, "http://10.0.0.1/easyauth/auth", "Service"},
		"auth-url with a user":                 {url, "http://me@easyauth.easyauth.svc/easyauth/auth", "Service"},
		"auth-url with a port that is none":    {url, "http://easyauth.easyauth.svc:http/easyauth/auth", "Service"},
		"auth-url with a dot segment":          {url, "http://easyauth.easyauth.svc/x/../easyauth/auth", "cannot be carried over"},
		"auth-url without a base":              {url, "http://easyauth.easyauth.svc/auth", "cannot be carried over"},
		"a quote in the rule":                  {url, url + `\"`, "query with a sign"},
		"a brace in the rule":                  {url, url + "{x}", "query with a sign"},
		"a backtick in the rule":               {url, url + "`", "query with a sign"},
		"a backslash in the rule":              {url, url + `\\`, "query with a sign"},
		"a line in the rule":                   {url, url + `\nx`, "query with a sign"},
		"a blank in the rule":                  {url, url + " x", "query with a sign"},
		"a letter beyond ASCII in the rule":    {url, url + "ä", "query with a sign"},
		"a broken escape in the rule":          {url, url + "%zz", "query with a sign"},
		"an escape that ends":                  {url, url + "%4", "query with a sign"},
		"a rule that asks nothing":             {url, strings.Replace(url, "role=Admin", "-", 1), "no rule"},
		"a fragment":                           {url, url + "#x", "query with a sign"},
		"an empty auth-url":                    {url, "", "is empty"},
		"a header that is none":                {`"x-injected-oid"`, `"x-injected-oid,x y"`, "no name of a header"},
		"a header with an underscore":          {`"x-injected-oid"`, `"x_injected_oid"`, "no name of a header"},
		"no host":                              {"host: app.example.com", `host: ""`, "without a host"},
		"a host with a star":                   {"host: app.example.com", `host: "*.example.com"`, "proxies differ"},
		"a host with a port":                   {"host: app.example.com", `host: "app.example.com:80"`, "no name of a host"},
		"a host with a quote":                  {"host: app.example.com", `host: "app\".example.com"`, "no name of a host"},
		"a host with a backtick":               {"host: app.example.com", "host: \"app`\"", "no name of a host"},
		"a host with a brace":                  {"host: app.example.com", `host: "{$X}"`, "no name of a host"},
		"a host with a line":                   {"host: app.example.com", `host: "a\nb"`, "no name of a host"},
		"an address as a host":                 {"host: app.example.com", `host: "10.0.0.1"`, "no name of a host"},
		"a path of no type":                    {"pathType: Prefix", "pathType: ImplementationSpecific", "pathType"},
		"a path without a type":                {"            pathType: Prefix\n", "", "pathType"},
		"a regular expression":                 {"path: /a", "path: /a(/|$)(.*)", "has a sign"},
		"a path with a star":                   {"path: /a", "path: /a*", "has a sign"},
		"a path with a quote":                  {"path: /a", `path: "/a\""`, "has a sign"},
		"a path with a backtick":               {"path: /a", "path: \"/a`\"", "has a sign"},
		"a path with a brace":                  {"path: /a", `path: "/{host}"`, "has a sign"},
		"a path with a dollar":                 {"path: /a", `path: "/$a"`, "has a sign"},
		"a path with a line":                   {"path: /a", `path: "/a\nb"`, "has a sign"},
		"a path with an escape":                {"path: /a", `path: "/%61"`, "has a sign"},
		"a path with a question mark":          {"path: /a", `path: "/a?b"`, "has a sign"},
		"a path with a blank":                  {"path: /a", `path: "/a b"`, "has a sign"},
		"a path with dots":                     {"path: /a", "path: /x/../a", "dot segment"},
		"a path with an empty segment":         {"path: /a", "path: //a", "empty segment"},
		"a path that does not begin":           {"path: /a", "path: a", "begin with a slash"},
		"a path over the sign-in":              {"path: /a", "path: /easyauth", "protects the sign-in paths"},
		"a path over a part of the sign-in":    {"path: /a", "path: /easyauth/login", "protects the sign-in paths"},
		"no Service":                           {"{service: {name: app, port: {number: 80}}}", "{resource: {kind: Bucket, name: app}}", "no Service"},
		"a port with a name":                   {"{number: 80}", "{name: http}", "must be a number"},
		"no port":                              {"{number: 80}", "{}", "must be a number"},
		"no namespace":                         {"  namespace: shop\n", "", "--namespace"},
		"a namespace that is none":             {"namespace: shop", "namespace: Shop", "does not take"},
		"a name that is none":                  {"name: app\n  namespace", "name: \"a b\"\n  namespace", "does not take"},
		"a name that is needed":                {"name: app\n  namespace", "name: easyauth-sign-in\n  namespace", "give it another"},
		"a Secret that is none":                {"secretName: app-tls", "secretName: \"a/b\"", "does not take"},
		"no paths":                             {"      http:\n        paths:\n          - path: /a\n            pathType: Prefix\n            backend: {service: {name: app, port: {number: 80}}}\n", "", "has no path"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(plainIngress, c.old, c.new, 1)
			if text == plainIngress {
				t.Fatalf("%q is not in it", c.old)
			}
			refusedEverywhere(t, text, c.why)
		})
	}
}

// The Ingress that TestRefused changes is taken, and so are harmless changes of it.
func TestTaken(t *testing.T) {
	for name, text := range map[string]string{
		"as it is":                plainIngress,
		"satisfy all":             annotated("satisfy", "all"),
		"use-regex false":         annotated("use-regex", "false"),
		"canary false":            annotated("canary", "false"),
		"backend-protocol HTTP":   annotated("backend-protocol", "HTTP"),
		"tuning":                  annotated("proxy-read-timeout", "60"),
		"a cache key":             annotated("auth-cache-key", "$cookie_x"),
		"another path":            strings.Replace(plainIngress, "path: /a", "path: /a-b_c.d~e@f:g+h,i=j!k", 1),
		"every sign of a query":   strings.Replace(plainIngress, "?role=Admin", "?role=-._~:/?@!&'()*+,;=%7C|", 1),
		"no auth-url":             strings.Replace(plainIngress, "    nginx.ingress.kubernetes.io/auth-url: \"http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role=Admin\"\n", "", 1),
		"no certificate":          strings.Replace(plainIngress, "  tls:\n    - hosts: [app.example.com]\n      secretName: app-tls\n", "", 1),
		"a certificate for all":   strings.Replace(plainIngress, "hosts: [app.example.com]\n      secretName: app-tls", "secretName: app-tls", 1),
		"the default certificate": strings.Replace(plainIngress, "      secretName: app-tls\n", "", 1),
		"an Ingress of another host": plainIngress +
			strings.Replace(strings.Replace(plainIngress, "app.example.com", "b.example.com", -1), "name: app\n  namespace", "name: b\n  namespace", 1),
	} {
		t.Run(name, func(t *testing.T) {
			for _, to := range Targets() {
				r := translation(t, text, to)
				if r.Refused != 0 || r.Written != strings.Count(text, "kind: Ingress") || r.Text == "" {
					t.Errorf("%s: %d refused:\n%s", to, r.Refused, lines(r.Notes))
				}
			}
		})
	}
}
