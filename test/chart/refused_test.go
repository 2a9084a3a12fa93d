package chart

import (
	"slices"
	"strings"
	"testing"
)

// Values that cannot work are refused before anything is made, with a text that names them. Each stands beside good
// ones: what is refused is refused for this alone.
func TestValuesRefused(t *testing.T) {
	const (
		none = "clientSecretRef: {name: ''}\n" // no credential
	)
	proxyOf := func(upstreams string) string { return "proxy: {enabled: true, upstreams: [" + upstreams + "]}\n" }
	aProxy := proxyOf("{host: app.example.com, to: 'http://app'}")
	tests := []struct{ name, change, want string }{
		// what is missing
		{"no image", "image: {repository: ''}", "image.repository is required"},
		{"no hosts", "hosts: []", "hosts is required"},
		{"no tenant", "tenantId: ''", "tenantId is required"},
		{"no client", "clientId: ''", "clientId is required"},
		{"no credential", none, "a credential is required"},
		{"no list of tenants", "tenantId: organizations\n", "settings.allowedTenants"},
		{"no cookie domain", "callbackHost: login.example.com\n", "callbackHost needs cookieDomain"},
		{"no address of Redis", "store: redis\n", "redis.urlRef.name is required"},
		{"no address of Redis for the list", "revocation: redis\n", "redis.urlRef.name is required"},
		{"no address of PostgreSQL", "store: postgres\n", "postgres.urlRef.name is required"},
		{"no audit file", "audit: {to: file}\n", "audit.file is required"},
		{"no receiver of traces", "tracing: {serviceName: a}\n", "tracing.endpoint is required"},
		{"a proxy of nothing", "proxy: {enabled: true}\n", "proxy.upstreams is required"},
		// what does not go together
		{"applications without a proxy", "proxy: {upstreams: [{host: app.example.com, to: 'http://app'}]}\n", "nothing is a proxy"},
		{"applications beside a file of yours", "proxy: {enabled: true, upstreams: [{host: app.example.com, to: 'http://app'}]}\nconfigFileRef: {configMap: a}\n", "write upstreams into that file"},
		{"a proxy and adapters", aProxy + "adapters: [forward]\n", "adapters and proxy.enabled are set together"},
		{"a proxy and the secret of another", aProxy + "proxySecretRef: {name: a}\n", "proxySecretRef.name and proxy.enabled are set together"},
		{"an application of a host that is not served", proxyOf("{host: other.example.com, to: 'http://app'}"), "entry 1 (other.example.com): its host must be one of hosts"},
		{"one below a host without a star", proxyOf("{host: a.app.example.com, to: 'http://app'}"), "entry 1 (a.app.example.com): its host"},
		{"a star where there is none", proxyOf("{host: '*.example.com', to: 'http://app'}"), "entry 1 (*.example.com): its host"},
		{"another port", proxyOf("{host: 'app.example.com:8443', to: 'http://app'}"), "entry 1 (app.example.com:8443): its host"},
		{"the same application twice", proxyOf("{host: app.example.com, path: /a, to: 'http://app'}, {host: App.example.com, path: /a/, to: 'http://b'}"), "entry 2 (App.example.com/a/): another one has the same host and path"},
		{"public with a rule", proxyOf("{host: app.example.com, to: 'http://app', public: true, auth: role=A}"), "entry 1 (app.example.com): public lets everybody in"},
		{"an application at the sign-in", proxyOf("{host: app.example.com, path: /easyauth, to: 'http://app'}"), "entry 1 (app.example.com/easyauth): EasyAuth answers all of /easyauth itself"},
		{"one below it", "basePath: /sso\n" + proxyOf("{host: app.example.com, path: /sso/me, to: 'http://app'}"), "EasyAuth answers all of /sso itself"},
		{"a proxy in parts", aProxy + "roles: {separate: true}\n", "roles.separate and proxy.enabled are set together"},
		{"adapters as a variable", "extraEnv: [{name: EASYAUTH_ADAPTERS, value: forward}]\n", "EASYAUTH_ADAPTERS has a value of its own, adapters: set that"},
		{"the proxy's secret in the file", "configFile: {EASYAUTH_PROXY_SECRET_FILE: /a}\n", "EASYAUTH_PROXY_SECRET_FILE is set by proxySecretRef"},
		{"applications as a variable", aProxy + "extraEnv: [{name: EASYAUTH_UPSTREAMS, value: 'app.example.com=http://app'}]\n", "proxy.upstreams: set that"},
		{"two credentials", "clientSecret: s3cret\n", "clientSecret and clientSecretRef are set together"},
		{"a secret and workload identity", "workloadIdentity: {enabled: true}\n", "clientSecretRef and workloadIdentity are set together"},
		{"a certificate and a secret", "clientCertificate: {secretName: a}\n", "clientSecretRef and clientCertificate are set together"},
		{"one Secret for all and a reference", "existingSecret: a\n", "existingSecret holds client secret and keys"},
		{"one Secret for all and keys", none + "existingSecret: a\nkeys: " + aKey + "\n", "existingSecret holds client secret and keys"},
		{"keys twice", "keysRef: {name: a}\nkeys: " + aKey + "\n", "keys and keysRef.name are set together"},
		{"another provider and a tenant", "issuer: https://idp.example.com\n", "leave tenantId and instance empty"},
		{"another provider and workload identity", none + "tenantId: ''\nissuer: https://idp.example.com\nworkloadIdentity: {enabled: true}\n", "workloadIdentity is for Microsoft's tenants"},
		{"for whom when nobody signs", "settings: {assertionAudience: https://orders.example.com}\n", "settings.assertionAudience is set, and no identity is signed"},
		{"who signs when nobody does", "settings: {assertionIssuer: https://app.example.com}\n", "settings.assertionIssuer is set, and no identity is signed"},
		{"in which header when nobody signs", "settings: {assertionHeader: X-Signed}\n", "settings.assertionHeader is set, and no identity is signed"},
		{"keys that sign in the file", "configFile: {EASYAUTH_ASSERTION_KEYS_FILE: /a}\n", "EASYAUTH_ASSERTION_KEYS_FILE is set by assertion.keysRef"},
		{"keys that sign as a variable", "extraEnv: [{name: EASYAUTH_ASSERTION_KEYS_FILE, value: /a}]\n", "assertion.keysRef: set that"},
		{"the header of a signed identity in the file", "configFile: {EASYAUTH_ASSERTION_HEADER: X-Signed}\n", "settings.assertionHeader"},
		{"the checked path where keys are published", "paths: {auth: /easyauth/.well-known/jwks.json}\n", "the Ingress would open it to everybody"},
		{"a store and a list", "store: redis\nrevocation: redis\nredis: {urlRef: {name: a}}\n", "revocation: redis goes with store: cookie"},
		{"an address that nobody reads", "redis: {urlRef: {name: a}}\n", "nothing uses Redis"},
		{"authorities that nobody reads", "postgres: {ca: {secret: a}}\n", "nothing uses PostgreSQL"},
		{"a Secret and a ConfigMap", "logo: {configMap: a, secret: b}\n", "logo.configMap and logo.secret are set together"},
		{"an audit file without a volume", "audit: {to: file, file: /var/log/audit}\n", "audit.file must lie in a volume"},
		{"an audit file and another target", "audit: {to: stdout, file: /var/log/audit}\n", "set audit.to: file too"},
		{"one port for both", "ports: {http: 9090}\n", "must differ"},
		{"a grace period that is too short", "terminationGracePeriodSeconds: 20\n", "must be above shutdownTimeoutSeconds (20)"},
		{"fewer at most than at least", "autoscaling: {enabled: true, minReplicas: 5, maxReplicas: 4}\n", "autoscaling.maxReplicas must not be below"},
		{"the same for a role", "roles: {separate: true, auth: {autoscaling: {enabled: true, maxReplicas: 1}}}\n", "roles.auth.autoscaling.maxReplicas must not be below"},
		{"scaling by nothing", "autoscaling: {enabled: true, targetCPUUtilizationPercentage: 0}\n", "autoscaling needs a target"},
		{"two classes of Ingress", "ingress: {className: nginx, annotations: {kubernetes.io/ingress.class: nginx}}\n", "keep ingress.className"},
		{"two files of settings", "configFile: {EASYAUTH_COMPRESS: false}\nconfigFileRef: {configMap: a}\n", "configFile and configFileRef.configMap are set together"},
		{"a setting in the file and beside it", "settings: {compress: true}\nconfigFile: {EASYAUTH_COMPRESS: false}\n", "EASYAUTH_COMPRESS is set by settings.compress"},
		{"the client in the file", "configFile: {EASYAUTH_CLIENT_ID: a}\n", "EASYAUTH_CLIENT_ID is set by clientId"},
		{"a variable that has a value", "extraEnv: [{name: EASYAUTH_STORE, value: redis}]\n", "set that"},
		{"a setting twice", "settings: {compress: true}\nextraEnv: [{name: EASYAUTH_COMPRESS, value: 'false'}]\n", "settings.compress: set that"},
		{"a secret as a variable", "extraEnv: [{name: EASYAUTH_CLIENT_SECRET, value: a}]\n", "clientSecretRef: set that"},
		{"the checked path open to everybody", "paths: {signin: /easyauth/auth}\n", "the Ingress would open it to everybody"},
		{"the same in other letters", "paths: {auth: /EasyAuth/Me}\n", "the Ingress would open it to everybody"},
		{"EasyAuthForK8s' image", "image: {repository: ghcr.io/azure/easyauthfork8s/easy-auth-proxy}\n", "EasyAuthForK8s' image"},
		// what the schema refuses
		{"an adapter that there is not", "adapters: [traefik]\n", "/adapters/0"},
		{"an adapter twice", "adapters: [nginx, nginx]\n", "/adapters"},
		{"no adapter", "adapters: []\n", "/adapters"},
		{"adapters as one text", "adapters: forward\n", "/adapters"},
		{"an application without an address", "proxy: {enabled: true, upstreams: [{host: app.example.com}]}\n", "missing property 'to'"},
		{"an application without a host", "proxy: {enabled: true, upstreams: [{to: 'http://app'}]}\n", "missing property 'host'"},
		{"an address with a path", "proxy: {enabled: true, upstreams: [{host: app.example.com, to: 'http://app/path'}]}\n", "/proxy/upstreams/0/to"},
		{"a typing error in an application", "proxy: {enabled: true, upstreams: [{host: app.example.com, to: 'http://app', pubilc: true}]}\n", "additional properties 'pubilc' not allowed"},
		{"public as text", "proxy: {enabled: true, upstreams: [{host: app.example.com, to: 'http://app', public: 'yes'}]}\n", "/proxy/upstreams/0/public"},
		{"applications in the file", aProxy + "configFile: {upstreams: []}\n", "invalid propertyName 'upstreams'"},
		{"a Gateway without a name", "gateway: {parentRefs: [{namespace: a}]}\n", "missing property 'name'"},
		{"a typing error in a Gateway", "gateway: {parentRefs: [{name: a, sectionname: b}]}\n", "additional properties 'sectionname' not allowed"},
		{"a Service for everybody", "service: {type: LoadBalancer}\n", "/service/type"},
		{"a host with the scheme that is the default", "hosts: ['HTTPS://app.example.com']\n", "leave out https://"},
		{"the host of all sign-ins with it", "callbackHost: https://in.example.com\ncookieDomain: example.com\n", "leave out https://"},
		{"hosts as one text", "hosts: app.example.com\n", "/hosts"},
		{"a secret in the file", "configFile: {EASYAUTH_KEYS: " + aKey + "}\n", "invalid propertyName 'EASYAUTH_KEYS'"},
		{"a name in the file that is none", "configFile: {sessionLifetime: 1h}\n", "invalid propertyName 'sessionLifetime'"},
		{"a typing error in a policy", "configFile: {policies: {a: {alow: []}}}\n", "/configFile/policies/a"},
		{"a policy that lets nobody in", "configFile: {policies: {a: {deny: []}}}\n", "/configFile/policies/a"},
		{"a nested value in the file", "configFile: {EASYAUTH_HOSTS: {a: b}}\n", "/configFile"},
		{"a duration without a unit", "settings: {sessionLifetime: 12}\n", "/settings/sessionLifetime"},
		{"a boolean as text", "settings: {allowBearer: 'yes'}\n", "/settings/allowBearer"},
		{"a level that there is not", "settings: {logLevel: verbose}\n", "/settings/logLevel"},
		{"a store that there is not", "store: memcached\n", "/store"},
		{"an issuer without a scheme", "issuer: idp.example.com\n", "/issuer"},
		{"a path without a slash in front", "basePath: sso\n", "/basePath"},
		{"a path with one at the end", "basePath: /sso/\n", "/basePath"},
		{"a digest that is a tag", "image: {digest: latest}\n", "/image/digest"},
		{"a port beyond all", "ports: {http: 80800}\n", "/ports/http"},
		{"a name that cannot be one", "keysRef: {name: Our_Keys}\n", "/keysRef/name"},
		{"a password in the address of the traces' receiver", "tracing: {endpoint: 'https://user:pw@collector.example.com'}\n", "/tracing/endpoint"},
		{"a user in it", "tracing: {endpoint: 'http://user@collector:4318'}\n", "/tracing/endpoint"},
		{"a Secret of signing keys that cannot be one", "assertion: {keysRef: {name: Our_Keys}}\n", "/assertion/keysRef/name"},
		{"no entry of it", "assertion: {keysRef: {name: a, key: ''}}\n", "/assertion/keysRef/key"},
		{"a header that is none", "assertion: {keysRef: {name: a}}\nsettings: {assertionHeader: 'X Signed'}\n", "/settings/assertionHeader"},
		{"a long audience", "assertion: {keysRef: {name: a}}\nsettings: {assertionAudience: " + strings.Repeat("a", 201) + "}\n", "/settings/assertionAudience"},
		{"replicas as text", "replicas: two\n", "/replicas"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			switch _, complaint, ok := template(t, minimal+secret, tt.change); {
			case ok:
				t.Error("taken")
			case !strings.Contains(complaint, tt.want):
				t.Errorf("refused with %s\nwant %q", complaint, tt.want)
			}
		})
	}
	for _, good := range []string{
		"", aProxy,
		proxyOf("{host: 'App.Example.com:443', path: /easyauthor, to: 'http://app', auth: role=A}, {host: app.example.com, to: 'http://app', public: true}, {host: app.example.com, path: /A, to: 'http://app', public: false, auth: role=B}"),
		"hosts: ['*.apps.example.com:8443', 'http://localhost:8081', bücher.example]\n" + proxyOf("{host: '*.apps.example.com:8443', to: 'http://a'}, {host: 'a.b.apps.example.com:8443', to: 'http://a'}, {host: 'localhost:8081', to: 'http://a'}, {host: xn--bcher-kva.example, to: 'http://a'}"),
		"hosts: ['*.apps.example.com:8443', 'http://localhost:8081']\n" + proxyOf("{host: '*.apps.example.com:8443', to: 'http://a'}, {host: 'a.b.apps.example.com:8443', to: 'http://a'}, {host: 'localhost:8081', to: 'http://a'}"),
		"configFile: {EASYAUTH_HOSTS: [other.example.com]}\n" + proxyOf("{host: other.example.com, to: 'http://a'}"),
	} {
		if _, complaint, ok := template(t, minimal+secret, good); !ok {
			t.Errorf("what all begin with: %s", complaint)
		}
	}
}

// A name that is not known is refused, wherever it stands: in every object of the schema but those that hold
// names of somebody else's.
func TestTypingErrorsRefused(t *testing.T) {
	free := []string{
		"/affinity", "/podSecurityContext", "/securityContext", "/podAnnotations", "/podLabels", "/nodeSelector", "/service/annotations", "/serviceAccount/annotations", "/ingress/annotations", "/gateway/annotations",
		"/resources/requests", "/resources/limits", "/roles/auth/resources/requests", "/roles/auth/resources/limits", "/roles/signin/resources/requests", "/roles/signin/resources/limits",
		"/roles/worker/resources/requests", "/roles/worker/resources/limits", "/networkPolicy/ingressController/namespaceSelector", "/networkPolicy/ingressController/podSelector",
		"/networkPolicy/prometheus/namespaceSelector", "/networkPolicy/prometheus/podSelector", "/serviceMonitor/labels", "/prometheusRule/labels", "/dashboard/labels", "/dashboard/annotations", "/global",
		"/configFile/policies", // names of policies
		"/configFile",          // its names are checked by their form, and by EasyAuth
	}
	var open, closed []string
	var walk func(path string, s *schema)
	walk = func(path string, s *schema) {
		if s.Type == "object" {
			if string(s.Additional) == "false" {
				closed = append(closed, path)
			} else {
				open = append(open, path)
			}
		}
		for name, property := range s.Properties {
			walk(path+"/"+name, property)
		}
	}
	walk("", readSchema(t))
	slices.Sort(free)
	slices.Sort(open)
	if !slices.Equal(open, free) {
		t.Errorf("objects that take every name:\n%q, want\n%q", open, free)
	}
	if len(closed) < 40 {
		t.Errorf("only %d objects refuse unknown names", len(closed))
	}
	args := append([]string{"template", release, folder, "--kube-version", kubernetes}, valueFlags(t, minimal+secret)...)
	for _, path := range closed {
		args = append(args, "--set="+strings.ReplaceAll(strings.TrimPrefix(path+"/", "/"), "/", ".")+"tpyo=1")
	}
	_, stderr, err := helm(t, args...)
	if err == nil {
		t.Fatal("taken")
	}
	for _, path := range closed {
		if want := "at '" + path + "': additional properties 'tpyo' not allowed"; !strings.Contains(stderr, want) {
			t.Errorf("an unknown name is not refused: no %q", want)
		}
	}
}

func lints(t *testing.T, r rendering) {
	if out, stderr, err := helm(t, append([]string{"lint", "--strict", folder}, valueFlags(t, r.values)...)...); err != nil {
		t.Errorf("%v\n%s%s", err, out, stderr)
	}
}

func TestLint(t *testing.T) {
	if out, stderr, err := helm(t, "lint", "--strict", folder); err != nil {
		t.Errorf("with no values but its own: %v\n%s%s", err, out, stderr)
	}
	if out, _, err := helm(t, "lint", "--strict", folder, "--set", "tpyo=1"); err == nil {
		t.Errorf("a typing error passes:\n%s", out)
	}
}
