package chart

// passedAsNames are what EasyAuth is told of its surroundings, and what leads to it by these names.
func passedAsNames() []passed {
	const (
		rules = "Ingress spec.rules"
		paths = "Ingress spec.rules.0.http.paths"
		asks  = "Pod spec.containers.[auth].args"
		opens = "Pod spec.containers.[signin].args"
	)
	return []passed{
		{"hosts", [2]string{"[a.example.com, '*.b.example.com']", "['c.example.com:8443']"}, []string{variable("EASYAUTH_HOSTS")}, [2]string{"'a.example.com,*.b.example.com'", "'c.example.com:8443'"}},
		{"hosts", [2]string{}, []string{rules}, [2]string{"[{host: a.example.com}, {host: '*.b.example.com'}]", "[{host: c.example.com}]"}},
		{"hosts", [2]string{}, []string{asks, opens}, [2]string{"['--page=https://a.example.com/']", "['--page=https://c.example.com:8443/']"}},
		{"callbackHost", [2]string{"in.one.example.com", "in.two.example.com"}, []string{variable("EASYAUTH_CALLBACK_HOST")}, [2]string{}},
		{"callbackHost", [2]string{}, []string{rules}, [2]string{"[{host: in.one.example.com}]", "[{host: in.two.example.com}]"}},
		{"cookieDomain", [2]string{"one.example.com", "two.example.com"}, []string{variable("EASYAUTH_COOKIE_DOMAIN")}, [2]string{}},
		{"tenantId", [2]string{tenantID, clientID}, []string{variable("EASYAUTH_TENANT_ID")}, [2]string{}},
		{"clientId", [2]string{clientID, tenantID}, []string{variable("EASYAUTH_CLIENT_ID")}, [2]string{}},
		{"instance", [2]string{"https://one.ciamlogin.com/", "https://two.ciamlogin.com/"}, []string{variable("EASYAUTH_INSTANCE")}, [2]string{}},
		{"clientSecret", [2]string{"s-one", "s-two"}, []string{"Secret/easyauth data.client-secret"}, [2]string{"cy1vbmU=", "cy10d28="}},
		{"clientSecret", [2]string{}, []string{secretsOf}, [2]string{ownSecret("client-secret"), ownSecret("client-secret")}},
		{"keys", [2]string{aKey, "k-two"}, []string{"Secret/easyauth data.keys"}, [2]string{"QVFJREJBVUdCd2dKQ2dzTURRNFBFQkVTRXhRVkZoY1lHUm9iSEIwZUh5QT0=", "ay10d28="}},
		{"keys", [2]string{}, []string{secretsOf}, [2]string{ownSecret("keys"), ownSecret("keys")}},
		{"basePath", [2]string{"/base-one", "/base-two"}, []string{variable("EASYAUTH_BASE_PATH")}, [2]string{}},
		{"basePath", [2]string{}, []string{paths}, [2]string{
			"[{path: /base-one/logout}, {path: /base-one/me}, {path: /base-one/logo}, {path: /base-one/frontchannel-logout}, {path: /base-one/backchannel-logout}, {path: /base-one/.well-known/jwks.json}, {path: /base-one/api/v1/token}, {path: /base-one/api/v1/revoke}, {path: /base-one/api/v1/session}, {path: /base-one/api/v1/login}, {path: /base-one/api/v1/authorize}]",
			"[{path: /base-two/logout}, {path: /base-two/me}, {path: /base-two/logo}, {path: /base-two/frontchannel-logout}, {path: /base-two/backchannel-logout}, {path: /base-two/.well-known/jwks.json}, {path: /base-two/api/v1/token}, {path: /base-two/api/v1/revoke}, {path: /base-two/api/v1/session}, {path: /base-two/api/v1/login}, {path: /base-two/api/v1/authorize}]",
		}},
		{"paths.auth", [2]string{"/ask-one", "/ask-two"}, []string{variable("EASYAUTH_AUTH_PATH")}, [2]string{}},
		{"paths.signin", [2]string{"/in-one", "/in-two"}, []string{variable("EASYAUTH_SIGNIN_PATH")}, [2]string{}},
		{"paths.signin", [2]string{}, []string{paths}, [2]string{toSignin("/in-one"), toSignin("/in-two")}},
		{"paths.callback", [2]string{"/back-one", "/back-two"}, []string{variable("EASYAUTH_CALLBACK_PATH")}, [2]string{}},
		{"paths.callback", [2]string{}, []string{paths}, [2]string{toSignin("/back-one"), toSignin("/back-two")}},
		{"paths.signedOut", [2]string{"/out-one", "/out-two"}, []string{variable("EASYAUTH_SIGNED_OUT_PATH")}, [2]string{}},
		{"paths.signedOut", [2]string{}, []string{paths}, [2]string{toSignin("/out-one"), toSignin("/out-two")}},
		{"clusterDomain", [2]string{"one.local", "two.local"}, []string{asks}, [2]string{
			"['--url=http://easyauth.easyauth.svc.one.local:8081/ask-one']", "['--url=http://easyauth.easyauth.svc.two.local:8082/ask-two']",
		}},
		{"clusterDomain", [2]string{}, []string{opens}, [2]string{
			"['--url=http://easyauth.easyauth.svc.one.local:8081/in-one']", "['--url=http://easyauth.easyauth.svc.two.local:8082/in-two']",
		}},
		{"service.port", [2]string{"8081", "8082"}, []string{"Service/easyauth spec.ports.[http].port"}, [2]string{}},
		{"service.annotations", [2]string{"{one: a}", "{two: b}"}, []string{"Service/easyauth metadata.annotations"}, [2]string{}},
		{"ingress.className", [2]string{"one", "two"}, []string{"Ingress spec.ingressClassName"}, [2]string{}},
		{"ingress.tls", [2]string{"[{secretName: one, hosts: [a.example.com]}]", "[{secretName: two}]"}, []string{"Ingress spec.tls"}, [2]string{}},
		{"ingress.annotations", [2]string{"{one: a}", "{nginx.ingress.kubernetes.io/proxy-buffer-size: 32k}"}, []string{"Ingress metadata.annotations"}, [2]string{
			"{one: a, nginx.ingress.kubernetes.io/proxy-buffer-size: 16k}", "{nginx.ingress.kubernetes.io/proxy-buffer-size: 32k}",
		}},
		{"configFile", [2]string{"{EASYAUTH_COMPRESS: false, policies: {one: {allow: [{signed_in: {is: true}}]}}}", "{EASYAUTH_ALLOWED_TENANTS: [a, b]}"}, []string{"ConfigMap/easyauth-config data"}, [2]string{
			`{easyauth.yaml: "EASYAUTH_COMPRESS: false\npolicies:\n  one:\n    allow:\n    - signed_in:\n        is: true"}`, `{easyauth.yaml: "EASYAUTH_ALLOWED_TENANTS:\n- a\n- b"}`,
		}},
		{"configFile", [2]string{}, []string{variable("EASYAUTH_CONFIG_FILE")}, both("/etc/easyauth/easyauth.yaml")},
		{"configFile", [2]string{}, []string{filesOf}, [2]string{
			"[{configMap: {name: easyauth-config, items: [{key: easyauth.yaml, path: easyauth.yaml}]}}]", "[{configMap: {name: easyauth-config, items: [{key: easyauth.yaml, path: easyauth.yaml}]}}]",
		}},
	}
}

// ownSecret is the source of an entry of the Secret that the chart makes of values.
func ownSecret(entry string) string {
	return "[{secret: {name: easyauth, items: [{key: " + entry + ", path: " + entry + "}]}}]"
}

// toSignin is a path of the Ingress that leads to the Service.
func toSignin(path string) string {
	return "[{path: " + path + ", pathType: Exact, backend: {service: {name: easyauth, port: {name: http}}}}]"
}
