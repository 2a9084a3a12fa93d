package floors

// A floor is a height in the house. A package imports only what is below it.
type floor int

const (
	nothing     floor = iota - 1 // as a reach: no package of ours
	ground                       // words and tools that know nothing of the flow
	sealing                      // keys
	carrying                     // what a request or an answer carries
	relying                      // the identity provider
	asking                       // who asks: proxies and sessions
	signingIn                    // the way to the identity provider and back
	serving                      // the URLs
	configuring                  // the environment
	commanding                   // the program: it wires everything
)

// room is one package: where it lives, and what it may import.
type room struct {
	path      string
	floor     floor
	reach     floor    // the highest floor it may import; always below its own
	also      []string // rooms above its reach that it may import all the same
	importers []string // when set: the only rooms that may import it
	bare      bool     // imports the standard library and nothing else
	forTests  bool     // no part of the program: only tests import it, and it may import testing
}

// house lists every package of the server, also those that have not been built yet. A package that is not
// here has no place: put it on the lowest floor on which it can do its work.
func house() []room {
	onlyCmd := []string{"cmd/easyauth"}
	return []room{
		{path: "authserver/access", floor: ground, reach: nothing, bare: true},
		{path: "authserver/secret", floor: ground, reach: nothing},
		{path: "authserver/hosts", floor: ground, reach: nothing},
		{path: "authserver/cookie", floor: ground, reach: nothing, bare: true},
		{path: "authserver/wire", floor: ground, reach: nothing, bare: true},
		{path: "authserver/cache", floor: ground, reach: nothing},
		{path: "authserver/fault", floor: ground, reach: nothing, also: []string{"authserver/access"}},
		{path: "authserver/metrics", floor: ground, reach: nothing, also: []string{"authserver/access"}},
		{path: "authserver/audit", floor: ground, reach: nothing},
		{path: "authserver/tracing", floor: ground, reach: nothing},
		{path: "authserver/watch", floor: ground, reach: nothing},

		{path: "client", floor: ground, reach: nothing, also: []string{"authserver/secret"}, importers: onlyCmd},

		{path: "authserver/seal", floor: sealing, reach: ground},

		{path: "authserver/ticket", floor: carrying, reach: sealing},
		{path: "authserver/headers", floor: carrying, reach: sealing},
		{path: "authserver/pages", floor: carrying, reach: sealing},
		{path: "authserver/graph", floor: carrying, reach: sealing},
		{path: "authserver/credential", floor: carrying, reach: sealing},
		{path: "authserver/assertion", floor: carrying, reach: sealing},
		{path: "authserver/policy", floor: carrying, reach: sealing},
		{path: "authserver/policy/celexpr", floor: relying, reach: carrying, importers: onlyCmd},

		{path: "authserver/entra", floor: relying, reach: carrying},

		{path: "ingress", floor: asking, reach: ground, also: []string{"authserver/ticket", "authserver/headers"}},
		{path: "ingress/extauthz", floor: ground, reach: nothing},
		{path: "ingress/annotations", floor: asking, reach: ground, also: []string{"ingress"}, importers: []string{"ingress/translate", "cmd/easyauth"}},
		{path: "ingress/translate", floor: signingIn, reach: asking, importers: onlyCmd},
		{path: "authserver/session", floor: asking, reach: relying},
		{path: "authserver/registration", floor: asking, reach: relying},
		{path: "authserver/keyfile", floor: asking, reach: sealing},

		{path: "authserver/session/memstore", floor: signingIn, reach: asking, forTests: true},
		{path: "authserver/session/redisstore", floor: signingIn, reach: asking, importers: onlyCmd},
		{path: "authserver/session/pgstore", floor: signingIn, reach: asking, importers: onlyCmd},
		{path: "authserver/session/storetest", floor: signingIn, reach: asking, forTests: true},

		{path: "authserver/signin", floor: signingIn, reach: asking},
		{path: "authserver/exchange", floor: signingIn, reach: asking},

		{path: "authserver/inline", floor: signingIn, reach: asking},

		{path: "authserver", floor: serving, reach: signingIn},

		{path: "authserver/config", floor: configuring, reach: ground, importers: onlyCmd},

		{path: "cmd/easyauth", floor: commanding, reach: configuring},
	}
}

// guest is a library that only some rooms may import, in their tests too.
type guest struct {
	prefix string // of the import path
	rooms  []string
}

func guests() []guest {
	graph := []string{"authserver/graph"}
	objects := []string{"test/chart", "test/examples", "test/docs", "ingress/translate"} // what we ship for Kubernetes is decoded there
	return []guest{
		{"github.com/microsoftgraph/", graph},
		{"github.com/microsoft/kiota-", graph},
		{"github.com/redis/rueidis", []string{"authserver/session/redisstore"}},
		{"github.com/jackc/", []string{"authserver/session/pgstore", "test/servers"}},
		{"go.opentelemetry.io/", []string{"authserver/tracing"}},
		{"cel.dev/", []string{"authserver/policy/celexpr"}},
		{"go.yaml.in/yaml/", []string{"authserver/config", "authserver/policy", "ingress/annotations", "ingress/translate", "test/chart", "test/examples", "test/docs", "test/alerts", "test/envoy", "test/matrix"}},
		{"github.com/envoyproxy/", []string{"ingress/extauthz", "authserver", "cmd/easyauth", "test/envoy", "test/matrix"}},
		{"google.golang.org/grpc", []string{"ingress/extauthz", "authserver", "cmd/easyauth", "test/envoy", "test/matrix"}},
		{"istio.io/", []string{"test/envoy"}},
		{"github.com/projectcontour/", []string{"test/envoy"}},
		{"k8s.io/", objects},
		{"sigs.k8s.io/", objects},
		{"github.com/prometheus-operator/", objects},
	}
}

// The Graph SDK's root, models and request builders are 1.95 million lines: minutes to compile, tens of
// megabytes in the program. Of its packages only these may be anywhere in a build, tests included; the
// core and kiota are modules of their own.
const graphSDK = "github.com/microsoftgraph/msgraph-sdk-go"

func graphSDKAllowed() []string {
	return []string{graphSDK + "/models/odataerrors"}
}

// exceptions lists the package-level variables that may be what the law against them refuses, and why.
func exceptions() map[string]string {
	return map[string]string{
		"authserver/config.processEnvironment": "a lock on the environment, which belongs to the process and not to the package",
	}
}
