package annotations_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

func serves(list ...string) func(string) bool {
	return func(host string) bool { return slices.Contains(list, host) }
}

func rowsOfHosts() []row {
	host := "    - host: shop.example.com\n      http:\n        paths:\n" + root
	signInHost := "    - host: shop.example.com\n      http:\n        paths:\n          - path: /easyauth/login"
	return []row{
		{name: "served", o: annotations.Options{Served: serves("shop.example.com")}, want: nil},
		{name: "not served", o: annotations.Options{Served: serves("wiki.example.com")}, want: []string{"host-not-served"}},
		{
			name: "an alias that is not served", change: more(`server-alias: "store.example.com"`),
			o: annotations.Options{Served: serves("shop.example.com")}, want: []string{"host-not-served"},
		},
		{
			name: "an alias that is served", change: more(`server-alias: "store.example.com"`),
			o: annotations.Options{Served: serves("shop.example.com", "store.example.com")}, want: nil,
		},
		{name: "an alias that is an expression", change: more(`server-alias: "~^s.*$"`), want: []string{"host-unread"}},
		{
			name: "no host", change: [2]string{host, strings.Replace(host, "- host: shop.example.com\n      http", "- http", 1)},
			want: []string{"host-missing", "signin-paths-protected"},
		},
		{name: "a host below a wildcard", add: wildcard() + open("blog", "blog.wild.example.com", "/", "Prefix", "blog"), want: []string{"host-of-wildcard"}},
		{name: "a host far below a wildcard", add: wildcard() + open("blog", "a.blog.wild.example.com", "/", "Prefix", "blog"), want: []string{"host-of-wildcard"}},
		{name: "a host below none", add: wildcard() + open("blog", "blog-wild.example.com", "/", "Prefix", "blog"), want: nil},
		{name: "sign-in below a wildcard", add: wildcard() + ofEasyAuth(open("login", "login.wild.example.com", "/", "Prefix", "easyauth")), want: nil},
		{
			name: "the client chooses below a wildcard", add: strings.Replace(wildcard(), "easyauth.easyauth.svc.cluster.local", "$host", 1),
			want: []string{"auth-url-public", "auth-url-variable", "signin-paths-protected"},
		},
		{
			name: "another controller serves it too", want: []string{"host-elsewhere"},
			add: strings.Replace(open("gate", "shop.example.com", "/", "Prefix", "shop"), "ingressClassName: nginx", "ingressClassName: traefik", 1),
		},
		{
			name: "another class serves it too", want: []string{"host-elsewhere"},
			add: strings.Replace(open("inside", "shop.example.com", "/", "Prefix", "shop"), "ingressClassName: nginx", "ingressClassName: nginx-internal", 1),
		},
		{
			name: "sign-in of another class", want: nil,
			add: strings.Replace(ofEasyAuth(open("inside", "shop.example.com", "/", "Prefix", "easyauth")), "ingressClassName: nginx", "ingressClassName: nginx-internal", 1),
		},
		{name: "sign-in on another host", change: [2]string{signInHost, strings.Replace(signInHost, "shop.", "login.", 1)}, want: []string{"signin-paths-protected"}},
		{name: "no sign-in path was read", change: [2]string{signInPaths(), "          - path: /other\n" + backend}, want: []string{"open-path", "signin-paths-unread"}},
		{
			name: "no sign-in path is there", change: [2]string{signInPaths(), "          - path: /other\n" + backend}, o: annotations.Options{Whole: true},
			want: []string{"open-path", "signin-paths-protected"},
		},
		{
			name: "a host without sign-in paths", want: []string{"signin-paths-missing"},
			add: open("wiki", "wiki.example.com", "/wiki", "Prefix", "wiki", `auth-url: "http://easyauth.easyauth.svc.cluster.local/easyauth/auth"`,
				signin, `auth-response-headers: "`+strings.Join(annotations.FixedHeaders(), ",")+`"`),
		},
		{
			name: "a host without sign-in paths, for programs", want: nil,
			add: open("wiki", "wiki.example.com", "/api", "Prefix", "wiki", `auth-url: "http://easyauth.easyauth.svc.cluster.local/easyauth/auth"`,
				`auth-response-headers: "`+strings.Join(annotations.FixedHeaders(), ",")+`"`),
		},
		{
			name: "the sign-in paths of another Service", change: [2]string{signInPaths(), strings.ReplaceAll(signInPaths(), "name: easyauth", "name: nosuch")},
			want: []string{"open-path", "signin-paths-missing"},
		},
		{name: "the sign-in paths of the Service by another name", change: [2]string{"name: easyauth\n  namespace: easyauth", "name: easyauth\n  namespace: app"}, want: nil},
		{name: "no callback", change: [2]string{"/easyauth/signin-oidc", "/easyauth/logout"}, want: []string{"signin-paths-protected"}},
		{name: "a callback on another host", change: [2]string{"/easyauth/signin-oidc", "/easyauth/logout"}, o: annotations.Options{CallbackHost: "login.example.com"}, want: nil},
		{
			name: "a sign-in that is itself protected", change: [2]string{`    nginx.ingress.kubernetes.io/proxy-buffer-size: "16k"`, apiURL + prefix + `auth-response-headers: "` + strings.Join(annotations.FixedHeaders(), ",") + `"`},
			want: []string{"signin-missing", "signin-paths-protected"},
		},
		{name: "all paths of EasyAuth", change: [2]string{"- path: /easyauth/login\n            pathType: Exact", "- path: /easyauth\n            pathType: Prefix"}, want: []string{"auth-path-public"}},
		{name: "a small buffer", change: [2]string{`proxy-buffer-size: "16k"`, `proxy-buffer-size: "8k"`}, want: []string{"signin-buffer"}},
		{name: "a large buffer", change: [2]string{`proxy-buffer-size: "16k"`, `proxy-buffer-size: "32K"`}, want: nil},
		{name: "a buffer that is no size", change: [2]string{`proxy-buffer-size: "16k"`, `proxy-buffer-size: "large"`}, want: []string{"signin-buffer"}},
	}
}

// ofEasyAuth puts an Ingress into EasyAuth's namespace.
func ofEasyAuth(ingress string) string {
	return strings.Replace(ingress, "namespace: app", "namespace: easyauth", 1)
}

func signInPaths() string {
	of := "            backend: {service: {name: easyauth, port: {name: http}}}\n"
	return "          - path: /easyauth/login\n            pathType: Exact\n" + of + "          - path: /easyauth/signin-oidc\n            pathType: Exact\n" + of
}

// wildcard is a protected host with its sign-in paths.
func wildcard() string {
	text := open("wild", "\"*.wild.example.com\"", "/", "Prefix", "wild",
		`auth-url: "http://easyauth.easyauth.svc.cluster.local/easyauth/auth"`, signin, `auth-response-headers: "`+strings.Join(annotations.FixedHeaders(), ",")+`"`)
	signIn := open("wild-signin", "\"*.wild.example.com\"", "/easyauth/login", "Exact", "easyauth", `proxy-buffer-size: 16k`)
	return text + signIn + strings.TrimPrefix(signInPaths()[strings.Index(signInPaths(), "          - path: /easyauth/signin"):], "\n")
}

func rowsOfPaths() []row {
	return []row{
		{name: "an open path", add: open("public", "shop.example.com", "/public", "Prefix", "shop"), want: []string{"open-path"}},
		{
			name: "an open path that is meant", add: open("public", "shop.example.com", "/public", "Prefix", "shop"),
			o: annotations.Options{Public: []string{"shop.example.com/public"}}, want: nil,
		},
		{
			name: "another one is meant", add: open("public", "shop.example.com", "/public", "Prefix", "shop"),
			o: annotations.Options{Public: []string{"shop.example.com/pub"}}, want: []string{"open-path", "public-unmatched"},
		},
		{
			name: "a host in capitals is meant", add: open("public", "shop.example.com", "/public", "Prefix", "shop"),
			o: annotations.Options{Public: []string{"Shop.Example.com/public"}}, want: nil,
		},
		{
			name: "a path in capitals is meant", add: open("public", "shop.example.com", "/public", "Prefix", "shop"),
			o: annotations.Options{Public: []string{"shop.example.com/Public"}}, want: []string{"open-path", "public-unmatched"},
		},
		{name: "a protected path is meant", o: annotations.Options{Public: []string{"shop.example.com/api"}}, want: []string{"public-unmatched"}},
		{name: "nothing is meant", o: annotations.Options{Public: []string{"nonsense"}}, want: []string{"public-unmatched"}},
		{
			name: "a path of a host that is open as a whole", add: open("public", "blog.example.com", "/public", "Prefix", "shop"),
			o: annotations.Options{Public: []string{"blog.example.com/public"}}, want: []string{"public-unmatched"},
		},
		{name: "an open path of another host", add: open("public", "blog.example.com", "/public", "Prefix", "shop"), want: nil},
		{
			name: "an open path that is EasyAuth's on another host", want: []string{"open-path"},
			add: asking("wiki", "wiki.example.com", "/api", "wiki", "http://x.y.svc.cluster.local/wiki/auth") + open("admin", "shop.example.com", "/wiki/admin", "Prefix", "admin"),
		},
		{
			name: "an open path of a Service that is asked about another host", want: []string{"open-path"},
			add: asking("wiki", "wiki.example.com", "/api", "wiki", "http://admin.app.svc.cluster.local/wiki/auth") + open("admin", "shop.example.com", "/admin", "Prefix", "admin"),
		},
		{name: "an open path below EasyAuth's, of another Service", add: open("admin", "shop.example.com", "/easyauth/admin", "Prefix", "admin"), want: []string{"open-path"}},
		{name: "a path of EasyAuth", add: open("more", "shop.example.com", "/easyauth/logout", "Exact", "easyauth"), want: nil},
		{name: "another path of EasyAuth's Service", add: ofEasyAuth(open("more", "shop.example.com", "/more", "Exact", "easyauth")), want: nil},
		{name: "another path of a Service that is called like it", add: open("more", "shop.example.com", "/more", "Exact", "easyauth"), want: []string{"open-path"}},
		{name: "a challenge", add: open("acme", "shop.example.com", "/.well-known/acme-challenge/x", "Exact", "solver"), want: nil},
		{
			name: "an open default backend", change: [2]string{"- path: /\n", "- path: /shop\n"}, want: []string{"open-parent", "open-path"},
			add: open("static", "shop.example.com", "/static", "Prefix", "shop") + "  defaultBackend: {service: {name: shop, port: {number: 80}}}\n",
		},
		{
			name: "an open path above a protected one", add: open("wide", "shop.example.com", "/api/", "Exact", "shop") + open("wider", "shop.example.com", "/ap", "ImplementationSpecific", "shop"),
			want: []string{"open-beginning", "open-parent", "open-path"},
		},
		{name: "an open path above, of another Service", add: open("wider", "shop.example.com", "/ap", "ImplementationSpecific", "blog"), want: []string{"open-path"}},
		{name: "beginnings of words", add: open("public", "shop.example.com", "/public", "ImplementationSpecific", "shop"), want: []string{"open-beginning", "open-path"}},
		{name: "beginnings of folders", add: open("public", "shop.example.com", "/public/", "ImplementationSpecific", "shop"), want: []string{"open-path"}},
		{name: "expressions", change: more(`use-regex: "true"`), want: []string{"regex-host"}},
		{name: "no expressions", change: more(`use-regex: "false"`), want: nil},
		{name: "a rewrite", change: more(`rewrite-target: /`), want: []string{"regex-host"}},
		{
			name: "an open expression", add: open("public", "shop.example.com", "/public/(.*)", "ImplementationSpecific", "shop", `use-regex: "true"`),
			want: []string{"open-path", "regex-host", "regex-open"},
		},
		{name: "an expression as a prefix", change: [2]string{"- path: /api\n", "- path: /api/(.*)\n"}, want: []string{"path-characters"}},
		{name: "a path that is there twice", change: [2]string{api, strings.Replace(api, "/api", "/", 1)}, want: []string{"duplicate-path", "signin-missing"}},
		{name: "a path that is open too", add: open("twin", "shop.example.com", "/", "Prefix", "shop"), want: []string{"duplicate-path", "open-parent"}},
		{name: "an object in two files", add: open("shop", "shop.example.com", "/static", "Prefix", "shop"), want: []string{"open-path"}},
		{name: "a path as another type", add: open("twin", "shop.example.com", "/easyauth/login", "Prefix", "easyauth"), want: nil},
	}
}

func rowsOfController() []row {
	return []row{
		{name: "settings", add: settings("  proxy-buffer-size: 16k\n  no-auth-locations: /.well-known/acme-challenge\n  large-client-header-buffers: 4 16k\n"), want: nil},
		{name: "locations without auth", add: settings("  no-auth-locations: /.well-known/acme-challenge,/health\n"), want: []string{"no-auth-locations"}},
		{name: "small buffers for requests", add: settings("  large-client-header-buffers: 4 4k\n"), want: []string{"request-buffer"}},
		{name: "snippets of the controller", add: settings("  location-snippet: auth_request off;\n"), want: []string{"snippet-auth"}},
		{name: "snippets for servers", add: settings("  server-snippet: location /raw { proxy_pass http://x; }\n"), want: []string{"snippet-auth", "snippet-unread"}},
		{name: "a snippet against tunnels", add: settings("  server-snippet: |\n    " + annotations.OnlyWebSocket + "\n"), want: nil},
		{name: "that, and more", add: settings("  server-snippet: |\n    " + annotations.OnlyWebSocket + "\n    auth_request off;\n"), want: []string{"snippet-auth", "snippet-unread"}},
		{name: "snippets that are harmless", add: settings("  http-snippet: proxy_set_header X-Team blue;\n"), want: nil},
		{name: "headers for all", add: settings("  proxy-set-headers: ingress-nginx/sent\n") + sent("X.Injected-Roles"), want: []string{"sent-headers"}},
		{name: "headers for all, of the same namespace", add: settings("  proxy-set-headers: sent\n") + sent("X-Injected-Roles"), want: []string{"sent-headers"}},
		{name: "headers that are cleared for all", add: settings("  proxy-set-headers: sent\n") + strings.Replace(sent("X-Injected-Roles"), "Admin", `""`, 1), want: nil},
		{name: "headers for all that are no identity", add: settings("  proxy-set-headers: ingress-nginx/sent\n") + sent("X-Team"), want: nil},
		{name: "headers for all, unread", add: settings("  proxy-set-headers: ingress-nginx/other\n") + sent("X-Team"), want: []string{"asked-headers-unread"}},
		{name: "underscores in headers", add: settings("  enable-underscores-in-headers: \"true\"\n"), want: []string{"loose-headers"}},
		{name: "no underscores in headers", add: settings("  enable-underscores-in-headers: \"false\"\n"), want: nil},
		{name: "any sign in headers", add: settings("  ignore-invalid-headers: \"false\"\n"), want: []string{"loose-headers"}},
		{name: "not any sign in headers", add: settings("  ignore-invalid-headers: \"true\"\n"), want: nil},
	}
}

// sent is a ConfigMap of one header.
func sent(header string) string {
	return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: sent, namespace: ingress-nginx}\ndata: {" + header + ": Admin}\n"
}

func rowsOfGlobalAuth() []row {
	global := settings("  global-auth-url: http://easyauth.easyauth.svc.cluster.local/easyauth/auth\n  global-auth-signin: https://$host/easyauth/login\n  global-auth-response-headers: " +
		strings.Join(annotations.FixedHeaders(), ",") + "\n")
	optsOut := [2]string{`proxy-buffer-size: "16k"`, "proxy-buffer-size: \"16k\"\n" + prefix + "enable-global-auth: \"false\""}
	with := func(lines ...string) string {
		return global + open("public", "shop.example.com", "/public", "Prefix", "shop", lines...)
	}
	another := open("in", "in.example.com", "/", "Prefix", "in", `satisfy: "any"`)
	return []row{
		{name: "a global auth-url before the sign-in paths", add: global, want: []string{"signin-paths-protected"}},
		{name: "a global auth-url of one of two controllers", add: global + strings.Replace(another, "Name: nginx", "Name: internal", 1), want: nil},
		{name: "a global auth-url", change: optsOut, add: with(), want: nil},
		{name: "a global auth-url, and sign-in on a host of its own", change: optsOut, add: with() + ofEasyAuth(open("login", "login.example.com", "/", "Prefix", "easyauth", `enable-global-auth: "false"`)), want: nil},
		{name: "a global auth-url that an Ingress opts out of", change: optsOut, add: with(`enable-global-auth: "false"`), want: []string{"global-auth-off", "open-path"}},
		{name: "a global auth-url that cannot be read", change: optsOut, add: strings.Replace(with(), "/auth\n", "/auth?roles=x\n", 1), want: []string{"auth-url-query"}},
		{name: "a global auth-signin of the client", change: optsOut, add: strings.Replace(with(), "https://$host/", "https://$arg_h/", 1), want: []string{"signin-host"}},
		{
			name: "ways around a global auth-url", change: optsOut, want: []string{"auth-buffer", "satisfy-any", "snippet-auth"},
			add: with(`satisfy: "any"`, `proxy-buffer-size: "1k"`, `configuration-snippet: "auth_request off;"`),
		},
		{name: "auth annotations beside a global auth-url", change: optsOut, add: with(signin, `auth-url: ""`), want: nil},
		{name: "another controller beside a global auth-url", change: optsOut, add: with() + strings.Replace(another, "Name: nginx", "Name: traefik", 1), want: nil},
		{name: "the same controller beside a global auth-url", change: optsOut, add: with() + another, want: []string{"satisfy-any", "signin-paths-protected"}},
	}
}

// Each row changes one thing of a manifest with which nothing is wrong.
func TestOneThingChanged(t *testing.T) {
	for _, r := range oneChange() {
		t.Run(r.name, func(t *testing.T) {
			text := good(t)
			if from := r.change[0]; from != "" {
				if n := strings.Count(text, from); n == 0 {
					t.Fatalf("%q is not in the manifest", from)
				}
				text = strings.Replace(text, from, r.change[1], 1)
			}
			if got := ids(t, text+r.add, r.o); !slices.Equal(got, r.want) && len(got)+len(r.want) > 0 {
				t.Errorf("found %q, not %q", got, r.want)
			}
		})
	}
}

// What no row finds may never be found.
func TestEveryKindIsFound(t *testing.T) {
	found := map[string]bool{}
	for _, r := range oneChange() {
		for _, id := range r.want {
			found[id] = true
		}
	}
	for _, k := range annotations.Kinds() {
		if !found[k.ID] {
			t.Errorf("no row finds %s", k.ID)
		}
		delete(found, k.ID)
		if k.Severity != annotations.Error && k.Severity != annotations.Danger && k.Severity != annotations.Warning {
			t.Errorf("%s has the severity %q", k.ID, k.Severity)
		}
	}
	for id := range found {
		t.Errorf("%s is not among the kinds", id)
	}
}
