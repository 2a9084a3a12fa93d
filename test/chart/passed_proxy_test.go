package chart

// passedToAdapters are the kinds of proxies that ask: what EasyAuth is told, what the Service says of its port, and what the
// test asks.
func passedToAdapters() []passed {
	return []passed{
		{"adapters", [2]string{"[forward]", "[nginx, envoy-grpc]"}, []string{variable("EASYAUTH_ADAPTERS")}, [2]string{"forward", "'nginx,envoy-grpc'"}},
		{"adapters", [2]string{}, []string{"Service spec.ports.[http].appProtocol"}, [2]string{"null", "kubernetes.io/h2c"}},
		{"adapters", [2]string{}, []string{"Pod spec.containers.[auth].args"}, [2]string{
			"['--url=http://easyauth.easyauth.svc.cluster.local/easyauth/auth/forward', '--status=403']", "['--url=http://easyauth.easyauth.svc.cluster.local/easyauth/auth', '--status=401']",
		}},
	}
}

// passedToTheProxy are the applications: in the file, and in what the pods may reach.
func passedToTheProxy() []passed {
	const one, two = "{host: app.example.com, to: 'http://one:8081', auth: role=Admin, timeout: 5m, max_body: 20m, preserve_host: false}", "{host: app.example.com, path: /two, to: 'https://two', public: true, ca_file: /etc/two.crt}"
	return []passed{
		{"proxy.upstreams", [2]string{"[" + one + "]", "[" + two + "]"}, []string{"ConfigMap/easyauth-config data"}, [2]string{
			`{easyauth.yaml: "EASYAUTH_COMPRESS: false\nupstreams:\n- auth: role=Admin\n  host: app.example.com\n  max_body: 20m\n  preserve_host: false\n  timeout: 5m\n  to: http://one:8081"}`,
			`{easyauth.yaml: "upstreams:\n- ca_file: /etc/two.crt\n  host: app.example.com\n  path: /two\n  public: true\n  to: https://two"}`,
		}},
		{"proxy.upstreams", [2]string{}, []string{variable("EASYAUTH_CONFIG_FILE")}, both("/etc/easyauth/easyauth.yaml")},
		{"proxy.upstreams", [2]string{}, []string{"NetworkPolicy spec.egress.2"}, [2]string{"{ports: [{protocol: TCP, port: 8081}]}", "{ports: [{protocol: TCP, port: 443}]}"}},
		{"configFile", [2]string{"{EASYAUTH_COMPRESS: false}", "{}"}, nil, [2]string{}},
	}
}

// passedAsProxy is whether EasyAuth is the proxy itself: nobody asks it then, and everything leads to it.
func passedAsProxy() []passed {
	const path = "HTTPRoute spec.rules.0.matches.0.path"
	return []passed{
		{"proxy.enabled", [2]string{"true", "false"}, []string{containerOf + "args"}, [2]string{"[proxy]", "[serve]"}},
		{"proxy.enabled", [2]string{}, []string{"Ingress kind"}, [2]string{"null", "Ingress"}},
		{"proxy.enabled", [2]string{}, []string{"Pod spec.containers.[auth].name"}, [2]string{"null", "auth"}},
		{"proxy.enabled", [2]string{}, []string{path}, [2]string{"{type: PathPrefix, value: /}", "{type: Exact, value: /easyauth/login}"}},
	}
}

// passedToGateways are what an HTTPRoute is attached to, and what for.
func passedToGateways() []passed {
	return []passed{
		{"gateway.parentRefs", [2]string{"[{name: one, namespace: a, sectionName: b}]", "[{group: two.example.com, kind: Web, name: two, port: 443}, {name: three}]"}, []string{"HTTPRoute spec.parentRefs"}, [2]string{}},
		{"gateway.hosts", [2]string{"['*.one.example.com', 'HTTPS://two.example.com:8443']", "[]"}, []string{"HTTPRoute spec.hostnames"}, [2]string{"['*.one.example.com', two.example.com]", "[app.example.com]"}},
		{"gateway.annotations", [2]string{"{one: a}", "{two: b}"}, []string{"HTTPRoute metadata.annotations"}, [2]string{}},
		{"service.port", [2]string{"8081", "8082"}, []string{"HTTPRoute spec.rules.1.backendRefs"}, [2]string{"[{name: easyauth, port: 8081}]", "[{name: easyauth, port: 8082}]"}},
		{"ingress.enabled", [2]string{"true", "false"}, []string{"Ingress kind"}, [2]string{"Ingress", "null"}},
	}
}
