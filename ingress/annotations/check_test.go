package annotations_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

func good(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ids are the kinds of what is found in a text, each once, in order of the alphabet.
func ids(t *testing.T, text string, o annotations.Options) []string {
	t.Helper()
	m, err := annotations.ReadManifest("test.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, f := range annotations.Check(m, o) {
		list = append(list, f.ID)
		if f.Severity == "" || f.Text == "" || f.Help == "" || f.Object == "" || f.Line == 0 && f.File != "flags" || strings.Contains(f.Help, "check.md") {
			t.Errorf("a finding lacks something: %+v", f)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Of one annotation of the Ingress shop, its value, and what stands behind it there.
const (
	url     = `auth-url: "http://easyauth.easyauth.svc.cluster.local/easyauth/auth"`
	signin  = `auth-signin: "https://$host/easyauth/login"`
	prefix  = "    nginx.ingress.kubernetes.io/"
	backend = "            backend: {service: {name: shop, port: {number: 80}}}\n"
	root    = "          - path: /\n            pathType: Prefix\n" + backend
	api     = "          - path: /api\n            pathType: Prefix\n" + backend
	apiURL  = prefix + `auth-url: "http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role-any=Reader,Writer"` + "\n"
)

// more is a row that puts another annotation beside auth-signin.
func more(lines ...string) [2]string {
	text := signin + "\n"
	for _, line := range lines {
		text += prefix + line + "\n"
	}
	return [2]string{signin + "\n", text}
}

// open is another Ingress without auth annotations.
func open(name, host, path, kind, service string, annotations ...string) string {
	text := "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: " + name + "\n  namespace: app\n"
	for k, line := range annotations {
		if k == 0 {
			text += "  annotations:\n"
		}
		text += prefix + line + "\n"
	}
	return text + "spec:\n  ingressClassName: nginx\n  rules:\n    - host: " + host + "\n      http:\n        paths:\n          - path: " + path +
		"\n            pathType: " + kind + "\n            backend: {service: {name: " + service + ", port: {number: 80}}}\n"
}

// asking is another Ingress, for programs, that has somebody asked.
func asking(name, host, path, service, url string) string {
	return open(name, host, path, "Prefix", service, `auth-url: "`+url+`"`, `auth-response-headers: "`+strings.Join(annotations.FixedHeaders(), ",")+`"`)
}

func settings(data string) string {
	return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: controller, namespace: ingress-nginx}\ndata:\n" + data
}

type row struct {
	name   string
	change [2]string // from, to; once
	add    string    // behind the end
	o      annotations.Options
	want   []string
}

func oneChange() []row {
	return slices.Concat(rowsOfAuthURL(), rowsOfSignIn(), rowsOfHeaders(), rowsOfWays(), rowsOfHosts(), rowsOfPaths(), rowsOfController(), rowsOfGlobalAuth())
}

func rowsOfAuthURL() []row {
	return []row{
		{name: "nothing", want: nil},
		{name: "no auth-url", change: [2]string{prefix + url + "\n", ""}, want: []string{"auth-url-missing", "open-parent"}},
		{name: "an empty auth-url", change: [2]string{url, `auth-url: ""`}, want: []string{"auth-url-missing", "open-parent"}},
		{name: "auth_url", change: [2]string{url, strings.Replace(url, "auth-url", "auth_url", 1)}, want: []string{"annotation-name", "auth-url-missing", "open-parent"}},
		{name: "an old prefix", change: [2]string{prefix + url, "    ingress.kubernetes.io/" + url}, want: []string{"annotation-name", "auth-url-missing", "open-parent"}},
		{name: "an annotation that is none", change: more(`auth-cookies: "x"`), want: []string{"annotation-name"}},
		{name: "another kind of auth", change: more(`auth-tls-secret: "app/ca"`), want: nil},
		{name: "a bar", change: [2]string{"?role-any=Reader,Writer", "?role=Reader|Writer"}, want: []string{"auth-url-characters"}},
		{name: "an escape", change: [2]string{"?role-any=Reader,Writer", "?role=Reader%20One"}, want: []string{"auth-url-characters"}},
		{name: "a comma", change: [2]string{"?role-any=Reader,Writer", "?role=Reader,Writer"}, want: nil},
		{name: "no scheme", change: [2]string{url, `auth-url: "easyauth.easyauth.svc.cluster.local/easyauth/auth"`}, want: []string{"auth-url-address"}},
		{name: "no host", change: [2]string{url, `auth-url: "http:///easyauth/auth"`}, want: []string{"auth-url-address"}},
		{name: "a name of one label", change: [2]string{url, `auth-url: "http://easyauth/easyauth/auth"`}, want: []string{"auth-url-short-name"}},
		{name: "a name without the cluster's domain", change: [2]string{url, `auth-url: "http://easyauth.easyauth.svc/easyauth/auth"`}, want: []string{"auth-url-short-name"}},
		{name: "a name with a namespace that was read", change: [2]string{url, `auth-url: "http://guard.easyauth/easyauth/auth"`}, want: []string{"auth-url-short-name"}},
		{name: "a name with a namespace of settings", change: [2]string{url, `auth-url: "http://easyauth.ingress-nginx/easyauth/auth"`}, add: settings("  x: y\n"), want: []string{"auth-url-short-name"}},
		{
			name: "a name that is asked elsewhere", change: [2]string{url, `auth-url: "http://guard.sso/easyauth/auth"`}, want: []string{"auth-url-short-name"},
			add: asking("wiki", "wiki.example.com", "/api", "wiki", "http://guard.sso.svc.cluster.local/easyauth/auth"),
		},
		{name: "a name with a namespace that was not read", change: [2]string{url, `auth-url: "http://easyauth.sso/easyauth/auth"`}, want: []string{"auth-url-plain"}},
		{
			name: "a host that ends like a namespace", change: [2]string{url, `auth-url: "http://wiki.app/easyauth/auth"`},
			add: open("wiki", "wiki.app", "/", "Prefix", "wiki"), want: []string{"auth-url-public"},
		},
		{name: "a name that ends like a namespace", change: [2]string{url, `auth-url: "https://sso.app/easyauth/auth"`}, want: nil},
		{name: "an address of the cluster", change: [2]string{url, `auth-url: "http://10.0.3.4:8080/easyauth/auth"`}, want: nil},
		{name: "health in place of auth", change: [2]string{url, `auth-url: "http://easyauth.easyauth.svc.cluster.local:9090/healthz"`}, want: []string{"auth-url-path"}},
		{name: "another adapter", change: [2]string{"/easyauth/auth\"", "/easyauth/auth/forward\""}, want: []string{"auth-url-path"}},
		{name: "a path of another configuration", o: annotations.Options{AuthPath: "/sso/auth", SignInPath: "/easyauth/login"}, want: []string{"auth-url-path"}},
		{name: "an unknown parameter", change: [2]string{"?role-any=", "?roles-any="}, want: []string{"auth-url-query"}},
		{name: "an empty value", change: [2]string{"?role-any=Reader,Writer", "?role="}, want: []string{"auth-url-query"}},
		{name: "a name of a graph query", change: [2]string{"?role-any=Reader,Writer", "?graph=profile"}, want: nil},
		{
			name: "a name of no graph query", change: [2]string{"?role-any=Reader,Writer", "?graph=profile"},
			o: annotations.Options{Parser: access.NewParser(access.ParserConfig{Entra: true})}, want: []string{"auth-url-query"},
		},
		{name: "amr, of another provider", change: [2]string{"?role-any=Reader,Writer", "?amr=mfa"}, want: nil},
		{name: "an option of Graph", change: [2]string{"?role-any=Reader,Writer", "?graph=/me?$select=displayName"}, want: []string{"auth-url-dollar"}},
		{name: "the client's own role", change: [2]string{"?role-any=Reader,Writer", "?role=$arg_role"}, want: []string{"auth-url-variable"}},
		{name: "the client's own server", change: [2]string{url, `auth-url: "http://$http_host/easyauth/auth"`}, want: []string{"auth-url-variable"}},
		{name: "nginx's own text", change: [2]string{"?role-any=Reader,Writer", "?role=$namespace"}, want: nil},
		{name: "clear text to elsewhere", change: [2]string{url, `auth-url: "http://sso.example.net/easyauth/auth"`}, want: []string{"auth-url-plain"}},
		{name: "https to elsewhere", change: [2]string{url, `auth-url: "https://sso.example.net/easyauth/auth"`}, want: nil},
		{
			name: "the public host", change: [2]string{url, `auth-url: "https://$host/easyauth/auth"`},
			want: []string{"auth-url-public", "signin-paths-protected"},
		},
		{
			name: "oauth2-proxy", change: [2]string{url, `auth-url: "http://oauth2-proxy.auth.svc.cluster.local/oauth2/auth"`},
			want: []string{"other-server"},
		},
	}
}

func rowsOfSignIn() []row {
	to := func(value string) [2]string { return [2]string{signin, `auth-signin: "` + value + `"`} }
	return []row{
		{name: "no auth-signin", change: [2]string{prefix + signin + "\n", ""}, want: []string{"signin-missing"}},
		{name: "a quote in auth-signin", change: to(`https://$host/easyauth/login?rd='x'`), want: []string{"signin-characters"}},
		{name: "a host of its own", change: to("https://login.example.com/easyauth/login"), want: []string{"signin-host"}},
		{name: "the host of the page, written out", change: to("https://shop.example.com/easyauth/login"), want: nil},
		{name: "the host with its port", change: to("https://$http_host/easyauth/login"), want: nil},
		{name: "the host with another port", change: to("https://$host:8443/easyauth/login"), want: nil},
		{name: "the host with two ports", change: to("https://$http_host:8443/easyauth/login"), want: []string{"signin-host"}},
		{name: "a path alone", change: to("/easyauth/login"), want: []string{"signin-host"}},
		{name: "another path", change: to("https://$host/oauth2/start"), want: []string{"signin-path"}},
		{name: "a path that was moved", change: to("https://$host/enter"), o: annotations.Options{SignInPath: "/enter"}, want: []string{"signin-paths-protected"}},
		{name: "http", change: to("http://$host/easyauth/login"), want: []string{"signin-http"}},
		{name: "rd of the page", change: to("https://$host/easyauth/login?rd=$escaped_request_uri"), want: nil},
		{name: "rd of the page, whole", change: to("https://$host/easyauth/login?rd=https://$host$escaped_request_uri"), want: nil},
		{name: "rd of another host", change: to("https://$host/easyauth/login?rd=https://evil.example.net/"), want: []string{"signin-return"}},
		{name: "rd of another host, without a scheme", change: to("https://$host/easyauth/login?rd=//evil.example.net/"), want: []string{"signin-return"}},
		{name: "rd of an argument", change: to("https://$host/easyauth/login?rd=https://$arg_rd"), want: []string{"signin-return"}},
		{name: "rd that is cut", change: to("https://$host/easyauth/login?rd=$request_uri"), want: []string{"signin-return-cut"}},
		{name: "rd without the query", change: to("https://$host/easyauth/login?rd=https://$host$uri"), want: []string{"signin-return-cut"}},
		{name: "rd of an argument and the path", change: to("https://$host/easyauth/login?rd=https://$arg_h$uri"), want: []string{"signin-return", "signin-return-cut"}},
		{name: "another name for rd", change: more(`auth-signin-redirect-param: "next"`), want: []string{"signin-parameter"}},
		{name: "rd under its name", change: more(`auth-signin-redirect-param: "rd"`), want: nil},
	}
}

func rowsOfHeaders() []row {
	list := "auth-response-headers: \"" + strings.Join(annotations.FixedHeaders(), ",") + "\"\nspec:\n  ingressClassName: nginx\n  tls"
	with := func(names string) [2]string {
		return [2]string{list, "auth-response-headers: \"" + names + "\"\nspec:\n  ingressClassName: nginx\n  tls"}
	}
	all := strings.Join(annotations.FixedHeaders(), ",")
	return []row{
		{name: "no headers", change: with(""), want: []string{"headers-missing"}},
		{name: "one header left out", change: with(strings.Replace(all, "x-injected-roles,", "", 1)), want: []string{"headers-incomplete"}},
		{name: "other letters and blanks", change: with(strings.ToUpper(strings.ReplaceAll(all, ",", ", "))), want: nil},
		{name: "more headers", change: with(all + ",x-injected-department"), want: nil},
		{name: "a header that is configured", o: annotations.Options{Headers: append(annotations.FixedHeaders(), "x-injected-assertion")}, want: []string{"headers-incomplete"}},
		{name: "a dot", change: with(all + ",x.y"), want: []string{"headers-characters"}},
		{name: "a buffer that holds no identity", change: more(`proxy-buffer-size: "2k"`), want: []string{"auth-buffer"}},
		{name: "a buffer as it is by default", change: more(`proxy-buffer-size: "4k"`), want: nil},
		{name: "tokens", o: annotations.Options{Tokens: true}, want: []string{"token-buffer"}},
		{name: "tokens and a buffer of the controller", o: annotations.Options{Tokens: true}, add: settings("  proxy-buffer-size: 32k\n"), want: nil},
	}
}

func rowsOfWays() []row {
	return []row{
		{name: "keepalive", change: more(`auth-keepalive: "10"`), want: []string{"keepalive"}},
		{name: "keepalive of nothing", change: more(`auth-keepalive: "0"`), want: nil},
		{name: "a method that is none", change: more(`auth-method: "get"`), want: []string{"method"}},
		{name: "a method", change: more(`auth-method: "GET"`), want: nil},
		{name: "a key without anything", change: more(`auth-cache-key: "$remote_addr"`), want: []string{"cache-key"}},
		{name: "a key without the bearer token", change: more(`auth-cache-key: "$http_cookie"`), want: []string{"cache-key"}},
		{name: "a key without the cookie", change: more(`auth-cache-key: "$http_authorization$cookie_easyauth"`), want: []string{"cache-key"}},
		{name: "a key with both", change: more(`auth-cache-key: "$http_cookie$http_authorization"`), want: []string{"cache-idle"}},
		{name: "any of several", change: more(`satisfy: "any"`, `whitelist-source-range: "10.0.0.0/8"`), want: []string{"satisfy-any"}},
		{name: "all of several", change: more(`satisfy: "all"`, `whitelist-source-range: "10.0.0.0/8"`), want: nil},
		{name: "another address for EasyAuth", change: more(`auth-snippet: "proxy_set_header X-Original-URL $arg_u;"`), want: []string{"snippet-auth"}},
		{name: "the same on two lines", change: more(`auth-snippet: "proxy_set_header\n  x-original-url $arg_u;"`), want: []string{"snippet-auth"}},
		{name: "behind a quoted sign of a comment", change: more(`configuration-snippet: "add_header X \"a #b\"; auth_request off;"`), want: []string{"snippet-auth"}},
		{name: "in a comment", change: more(`configuration-snippet: "add_header X a; # auth_request off;"`), want: nil},
		{name: "an identity of one's own", change: more(`configuration-snippet: "proxy_set_header X_Injected_Roles $arg_r;"`), want: []string{"snippet-auth"}},
		{name: "another address, with dots", change: more(`auth-snippet: "proxy_set_header X.Original-Url $arg_u;"`), want: []string{"snippet-auth"}},
		{name: "another address, with all signs", change: more(`auth-snippet: "proxy_set_header X~ORIGINAL!URL $arg_u;"`), want: []string{"snippet-auth"}},
		{name: "another word without dashes", change: more(`auth-snippet: "proxy_set_header XOriginalUrl $arg_u;"`), want: nil},
		{name: "an identity with dots", change: more(`configuration-snippet: "proxy_set_header x.injected.roles $arg_r;"`), want: []string{"snippet-auth"}},
		{name: "an identity without a dash", change: more(`configuration-snippet: "proxy_set_header x-injectedroles $arg_r;"`), want: nil},
		{
			name: "an identity of another name, with dots", change: more(`configuration-snippet: "proxy_set_header X.Remote_User $arg_r;"`),
			o: annotations.Options{Headers: []string{"x-injected-oid", "x-remote_user"}}, want: []string{"headers-incomplete", "snippet-auth"},
		},
		{
			name: "another name, and no identity", change: more(`configuration-snippet: "proxy_set_header X.Remote $arg_r;"`),
			o: annotations.Options{Headers: []string{"x-injected-oid", "x-remote_user"}}, want: []string{"headers-incomplete"},
		},
		{name: "the client's own cookie", change: more(`auth-snippet: "more_set_input_headers 'Cookie: $arg_c';"`), want: []string{"snippet-auth"}},
		{name: "an identity behind another header", change: more(`configuration-snippet: "more_set_input_headers -r 'X-Team: blue' 'X-Injected-Roles: $arg_r';"`), want: []string{"snippet-auth"}},
		{name: "a value that is called as a header is", change: more(`auth-snippet: "more_set_input_headers 'X-Team: blue cookie';"`), want: nil},
		{name: "a cache in spite of all", change: more(`auth-snippet: "proxy_ignore_headers Cache-Control;"`), want: []string{"snippet-auth"}},
		{name: "a snippet about something else", change: more(`configuration-snippet: "proxy_set_header X-Team blue;"`), want: nil},
		{name: "a snippet that is a program", change: more(`configuration-snippet: "access_by_lua_block { ngx.exit(0) }"`), want: []string{"snippet-unread"}},
		{name: "a location beside", change: more(`server-snippet: "location /x { proxy_pass http://y; }"`), want: []string{"snippet-auth", "snippet-unread"}},
		{name: "headers for EasyAuth, unread", change: more(`auth-proxy-set-headers: "app/asked"`), want: []string{"asked-headers-unread"}},
		{
			name: "headers for EasyAuth", change: more(`auth-proxy-set-headers: "app/asked"`),
			add: "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: asked, namespace: app}\ndata:\n  X-EasyAuth-Proxy-Secret: s\n", want: nil,
		},
		{
			name: "a header that says where", change: more(`auth-proxy-set-headers: "asked"`),
			add: "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: asked, namespace: app}\ndata:\n  X-Original-URL: s\n", want: []string{"asked-headers"},
		},
		{name: "connections handed on", change: more(`ssl-passthrough: "true"`), want: []string{"ssl-passthrough"}},
		{name: "a canary", add: open("canary", "shop.example.com", "/", "Prefix", "shop2", `canary: "true"`, `canary-weight: "10"`), want: nil},
		{name: "a canary that asks", change: more(`canary: "true"`), want: []string{"canary-auth"}},
		{name: "another controller's class", change: [2]string{"  ingressClassName: nginx\n  tls", "  ingressClassName: traefik\n  tls"}, want: []string{"class"}},
		{name: "a class that is not known", change: [2]string{"  ingressClassName: nginx\n  tls", "  ingressClassName: internal\n  tls"}, want: []string{"signin-paths-protected"}},
	}
}
