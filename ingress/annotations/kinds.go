package annotations

// Kind is one kind of finding.
type Kind struct {
	ID       string
	Severity Severity
	Do       string // what to do
}

// Kinds are all there are, in the order of docs/proxies/check.md.
func Kinds() []Kind {
	var all []Kind
	for _, part := range [][]Kind{kindsOfAuthURL(), kindsOfSignIn(), kindsOfHeaders(), kindsOfWays(), kindsOfHosts(), kindsOfPaths(), kindsOfController()} {
		all = append(all, part...)
	}
	return all
}

func kindsOfAuthURL() []Kind {
	return []Kind{
		{"auth-url-missing", Danger, "Set auth-url, or take the other auth annotations away."},
		{"annotation-name", Danger, "Write nginx.ingress.kubernetes.io/ and the name as ingress-nginx spells it."},
		{"auth-url-characters", Error, "Use letters, digits and -._~/:,?&=$ only: role-any=A,B in place of role=A|B, and the name of a query in EASYAUTH_GRAPH_QUERIES in place of a graph address."},
		{"auth-url-address", Error, "Write the whole address: http://easyauth.easyauth.svc.cluster.local/easyauth/auth."},
		{"auth-url-short-name", Error, "Write SERVICE.NAMESPACE.svc.cluster.local: nginx has no search domains."},
		{"auth-url-path", Danger, "Ask the path of EASYAUTH_AUTH_PATH, /easyauth/auth if it is not set."},
		{"auth-url-query", Error, "Write the rule as docs/kubernetes.md#rules-of-an-auth-url has it; what cannot be read refuses everybody."},
		{"auth-url-dollar", Error, "Give the query a name in EASYAUTH_GRAPH_QUERIES, and write graph=NAME."},
		{"auth-url-variable", Danger, "Write the Service's name, and the rule itself, in place of a variable of nginx that the client fills."},
		{"auth-url-plain", Danger, "Ask the Service inside of the cluster, or use https."},
		{"auth-url-public", Warning, "Ask the Service inside of the cluster: http://easyauth.easyauth.svc.cluster.local/easyauth/auth."},
		{"other-server", Warning, "Look at this Ingress by yourself, or let it ask EasyAuth."},
	}
}

func kindsOfSignIn() []Kind {
	return []Kind{
		{"signin-missing", Warning, "Set auth-signin to https://$host/easyauth/login, if people use it with a browser."},
		{"signin-characters", Error, "Use letters, digits and -._~/:,?&=$ only."},
		{"signin-host", Error, "Write https://$host/easyauth/login: the cookie that says what was missing is for that host alone."},
		{"signin-path", Error, "Send browsers to the path of EASYAUTH_SIGNIN_PATH, /easyauth/login if it is not set."},
		{"signin-http", Warning, "Write https: the cookies are sent over https alone."},
		{"signin-return", Error, "Leave rd out, so that ingress-nginx appends the page, or write rd=$escaped_request_uri."},
		{"signin-return-cut", Warning, "Write rd=$escaped_request_uri, or leave rd out."},
		{"signin-parameter", Error, "Take auth-signin-redirect-param away: EasyAuth reads rd."},
	}
}

func kindsOfHeaders() []Kind {
	return []Kind{
		{"headers-missing", Danger, "Set auth-response-headers to all names in docs/headers.md#what-the-proxy-must-copy."},
		{"headers-incomplete", Danger, "Append these names to auth-response-headers, also those that the application does not read."},
		{"headers-characters", Error, "Use letters, digits, - and _ in names, and commas between them."},
		{"auth-buffer", Error, "Take proxy-buffer-size away here: 4k, which ingress-nginx has by default, is enough."},
		{"token-buffer", Error, "Set proxy-buffer-size to 32k, here or on the Ingress: tokens are handed over."},
	}
}

func kindsOfWays() []Kind {
	return []Kind{
		{"keepalive", Error, "Take auth-keepalive away."},
		{"method", Error, "Take auth-method away: EasyAuth answers any method."},
		{"cache-key", Danger, "Take auth-cache-key away, or put $http_cookie and $http_authorization into it."},
		{"cache-idle", Warning, "Take auth-cache-key away: answers of EasyAuth are never cached."},
		{"satisfy-any", Danger, "Take satisfy away: with any, an address list or a password lets in whoever has not signed in."},
		{"snippet-auth", Danger, "Take these lines away: EasyAuth must hear where a request goes from nginx, and the application who it is from EasyAuth."},
		{"snippet-unread", Warning, "Look at these lines by yourself: what they do is not known here."},
		{"asked-headers", Danger, "Take these entries away: nginx says where a request goes, and the client brings its own credentials."},
		{"asked-headers-unread", Warning, "Add the file with this ConfigMap to what is checked."},
		{"ssl-passthrough", Danger, "Take ssl-passthrough away: nginx does not see these requests, so nobody is asked."},
		{"canary-auth", Warning, "Take the auth annotations away here: those of the main Ingress hold."},
		{"class", Danger, "Use a class of ingress-nginx, or translate the protection: easyauth ingress translate."},
		{"global-auth-off", Warning, "Take enable-global-auth away, unless this is to be open."},
	}
}

func kindsOfHosts() []Kind {
	return []Kind{
		{"host-not-served", Error, "Add the host to EASYAUTH_HOSTS, and register its callback."},
		{"host-missing", Warning, "Name the hosts in the rules."},
		{"host-unread", Warning, "Name the hosts in server-alias, without regular expressions."},
		{"host-of-wildcard", Warning, "Protect this host too: it has rules of its own, so those of the wildcard do not hold for it."},
		{"host-elsewhere", Warning, "See to it that the other controller asks EasyAuth too."},
		{"signin-paths-missing", Error, "Route the sign-in paths of this host to EasyAuth, as examples/ingress/easyauth.yaml does."},
		{"signin-paths-unread", Warning, "Add the file with the Ingress of the sign-in paths to what is checked."},
		{"signin-paths-protected", Error, "Route the sign-in paths in an Ingress of their own, without auth annotations and each exactly."},
		{"auth-path-public", Warning, "Route the sign-in paths alone, each exactly, as examples/ingress/easyauth.yaml does: only nginx has to ask."},
		{"signin-buffer", Warning, "Set proxy-buffer-size to 16k on the Ingress of the sign-in paths."},
	}
}

func kindsOfPaths() []Kind {
	return []Kind{
		{"open-path", Warning, "Protect it, or say that it is meant with --public HOST/PATH; what answers there must not read identity headers."},
		{"public-unmatched", Error, "Write HOST/PATH as the Ingress does, or take the entry away: it has no effect."},
		{"open-parent", Danger, "Protect the wider path too, and make paths that are to be open narrow: /Admin, /admin;x or /admin/ may reach the same page."},
		{"open-beginning", Danger, "Use pathType Prefix: ImplementationSpecific compares beginnings of words."},
		{"regex-host", Warning, "Put what needs use-regex or rewrite-target on a host of its own."},
		{"regex-open", Danger, "Put what needs use-regex or rewrite-target on a host of its own: there every path is a regular expression that ignores case and matches beginnings."},
		{"path-characters", Error, "Use letters, digits and -_./ in paths of type Exact and Prefix; a regular expression needs ImplementationSpecific."},
		{"duplicate-path", Danger, "Leave one of the two: the older one counts, or the webhook refuses the younger."},
	}
}

func kindsOfController() []Kind {
	return []Kind{
		{"no-auth-locations", Danger, "Take these paths out of no-auth-locations: nobody is asked there, on any host."},
		{"sent-headers", Danger, "Take these entries away: EasyAuth alone says who somebody is."},
		{"loose-headers", Danger, "Leave enable-underscores-in-headers false and ignore-invalid-headers true: many applications read X_Injected_Roles as X-Injected-Roles."},
		{"request-buffer", Warning, "Set large-client-header-buffers to 4 16k: cookies and tokens of up to 8 KB arrive in one line."},
	}
}
