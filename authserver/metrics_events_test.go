package authserver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// event is something that happens to a server, and the series that count it.
type event struct {
	name string
	with options
	do   func(t *testing.T, k *kit)
	want []string
}

func stored() options {
	return options{store: memstore.New("0123456789abcdef", nil), staleOK: 5 * time.Minute}
}

func (k *kit) endpoint(e emulator.Endpoint, f emulator.EndpointFault) {
	k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{e: f}})
}

func decision(outcome, reason string) string {
	return `easyauth_decisions_total{outcome="` + outcome + `",reason="` + reason + `"}`
}

func step(name, result string) string {
	return `easyauth_signins_total{result="` + result + `",step="` + name + `"}`
}

func asked(target, result string) string {
	return `easyauth_remote_requests_total{result="` + result + `",target="` + target + `"}`
}

func took(endpoint string) string {
	return `easyauth_request_duration_seconds_count{endpoint="` + endpoint + `"}`
}

func storing(operation, result string) string {
	return `easyauth_store_operations_total{operation="` + operation + `",result="` + result + `"}`
}

func decisionEvents() []event {
	check := func(query string) func(*testing.T, *kit) {
		return func(_ *testing.T, k *kit) { k.signedIn(emulator.Bob).check(page, query) }
	}
	return []event{
		{"signed in, and passes", options{}, func(_ *testing.T, k *kit) {
			b := k.signedIn(emulator.Adele)
			for range 3 { // a ticket is remembered when it comes again
				b.check(page, "")
			}
		}, []string{
			decision("sign_in", "no_ticket"), decision("allow", "ok"), step("login", "redirected"), step("callback", "ok"),
			asked("token", "ok"), took("auth"), took("login"), took("callback"),
			`easyauth_remote_request_duration_seconds_count{target="token"}`, `easyauth_cache_requests_total{cache="tickets",result="hit"}`,
		}},
		{"a ticket that does not open", options{}, func(_ *testing.T, k *kit) {
			k.ask("GET", "", nginx("", "Cookie", k.cookies.Ticket.Name+"=AAAA"))
		}, []string{decision("sign_in", "ticket_invalid")}},
		{"a role is missing", options{}, check("role=Nobody"), []string{decision("forbid", "role_missing")}},
		{"a scope is missing", options{}, check("scope=Mail.Read"), []string{decision("step_up", "scope_missing")}},
		{"an auth-url that cannot be read", options{}, check("roles=Admin"), []string{
			decision("deny", "bad_query"), `easyauth_configuration_errors_total{kind="bad_query"}`,
		}},
		{"no X-Original-URL", options{}, func(_ *testing.T, k *kit) { k.ask("GET", "", http.Header{}) }, []string{
			decision("deny", "bad_original_url"), `easyauth_configuration_errors_total{kind="bad_original_url"}`,
		}},
		{"a fault of ours", options{}, func(_ *testing.T, k *kit) {
			for range 5 { // who works in the background may read the clock first
				k.mu.Lock()
				k.clockFails = 1
				k.mu.Unlock()
				k.ask("GET", "", nginx("", "Cookie", k.cookies.Ticket.Name+"=AAAA"))
			}
		}, []string{decision("unsure", "internal")}},
		{"a bearer token", options{bearer: true}, func(_ *testing.T, k *kit) { k.ask("GET", "", k.bearerOf(emulator.Adele)) }, []string{
			decision("allow", "ok"), `easyauth_cache_requests_total{cache="bearer",result="miss"}`,
		}},
		{"identities are signed", signs(), func(_ *testing.T, k *kit) {
			b := k.signedIn(emulator.Adele)
			b.check(page, "app="+payments)
			k.published()
		}, []string{counted("ok"), took("jwks")}},
		{"headers that do not fit", options{}, func(_ *testing.T, k *kit) {
			k.withGroups(emulator.Adele, 150).open(page, "")
		}, []string{"easyauth_header_overflow_total", `easyauth_large_answers_total{endpoint="callback"}`}},
	}
}

func signInEvents() []event {
	refused := func(f emulator.Faults) func(*testing.T, *kit) {
		return func(_ *testing.T, k *kit) {
			b := k.browser(emulator.Adele)
			back := b.atEntra(b.toEntra(page))
			k.idp.SetFaults(f)
			b.get(back)
		}
	}
	token := func(f emulator.EndpointFault) func(*testing.T, *kit) {
		return refused(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: f}})
	}
	return []event{
		{"an ID token that does not hold", options{}, refused(emulator.Faults{IDToken: emulator.WrongSignature}), []string{step("callback", "token_invalid")}},
		{"cancelled", options{}, func(_ *testing.T, k *kit) {
			b := k.browser(emulator.Adele)
			b.cancel = true
			b.get(b.atEntra(b.toEntra(page)))
		}, []string{step("callback", "cancelled")}},
		{"another's client secret", options{}, token(emulator.EndpointFault{Status: 401, Body: `{"error":"invalid_client","error_description":"AADSTS7000222: ended"}`}), []string{
			asked("token", "client_refused"), step("callback", "client_refused"),
		}},
		{"a code that is refused", options{}, token(emulator.EndpointFault{Status: 400, Body: `{"error":"invalid_grant"}`}), []string{
			asked("token", "refused"), step("callback", "code_refused"),
		}},
		{"429", options{}, token(emulator.EndpointFault{Status: 429, RetryAfter: 3}), []string{asked("token", "throttled"), step("callback", "idp_unavailable")}},
		{"500", options{}, token(emulator.EndpointFault{Status: 500}), []string{asked("token", "http_5xx")}},
		{"404", options{}, token(emulator.EndpointFault{Status: 404, Body: "nothing here"}), []string{asked("token", "http_4xx")}},
		{"garbage", options{}, token(emulator.EndpointFault{Garbage: true}), []string{asked("token", "bad_answer")}},
		{"too large", options{}, token(emulator.EndpointFault{HugeBytes: 20 << 20}), []string{asked("token", "too_large")}},
		{"dropped", options{}, token(emulator.EndpointFault{Drop: true}), []string{asked("token", "unreachable")}},
		{"a host that is not served", options{}, func(_ *testing.T, k *kit) { k.browser("").get("https://hostile.example.com" + basePath + "/login") }, []string{
			step("login", "host_not_served"), `easyauth_configuration_errors_total{kind="host_not_served"}`,
		}},
		{"signing in again and again", options{}, func(_ *testing.T, k *kit) {
			b := k.browser(emulator.Adele)
			for range 4 {
				if resp := b.get(loginURL(page)); resp.StatusCode == http.StatusFound {
					b.get(b.atEntra(resp.Header.Get("Location")))
				}
			}
		}, []string{step("login", "loop")}},
		{"the other endpoints", options{}, func(_ *testing.T, k *kit) {
			b := k.signedIn(emulator.Adele)
			for _, path := range []string{"/me", "/logo", "/logout", "/signout-callback-oidc", "/nothing/here"} {
				b.get(app + basePath + path)
			}
			b.do("DELETE", app+basePath+"/me", nil, nil)
			b.do("GET", logoutURL, click(), nil)
		}, []string{
			took("me"), took("logo"), took("logout"), took("signed_out"), took("other"), step("me", "ok"), step("logout", "asked"), step("logout", "redirected"),
		}},
	}
}

func remoteEvents() []event {
	graph := func(f emulator.EndpointFault) func(*testing.T, *kit) {
		return func(_ *testing.T, k *kit) {
			k.endpoint(emulator.EndpointGraph, f)
			k.browser(emulator.Adele).open(page, "scope=User.Read&graph=/me")
		}
	}
	item := emulator.Faults{Graph: map[string]emulator.ItemFault{"/me": {Status: 429}}}
	return []event{
		{"discovery fails", options{noDiscovery: true}, func(t *testing.T, k *kit) {
			k.endpoint(emulator.EndpointDiscovery, emulator.EndpointFault{Status: 503})
			k.run(k.provider.Run)
			waitFor(t, "discovery to fail", func() bool { return k.scrape().series[asked("discovery", "http_5xx")] > 0 })
		}, []string{asked("discovery", "http_5xx")}},
		{"discovery and keys", options{noDiscovery: true}, func(t *testing.T, k *kit) {
			k.run(k.provider.Run)
			waitFor(t, "keys", func() bool { return k.scrape().series[asked("keys", "ok")] > 0 })
		}, []string{asked("discovery", "ok"), asked("keys", "ok"), "easyauth_provider_ready"}},
		{"graph queries", options{}, func(_ *testing.T, k *kit) { k.browser(emulator.Adele).open(page, "scope=User.Read&graph=/me") }, []string{
			asked("graph_queries", "ok"), `easyauth_graph_queries_total{result="ok"}`,
		}},
		{"a graph query is throttled", options{}, func(_ *testing.T, k *kit) {
			k.idp.SetFaults(item)
			k.browser(emulator.Adele).open(page, "scope=User.Read&graph=/me")
		}, []string{asked("graph_queries", "ok"), `easyauth_graph_queries_total{result="throttled"}`}},
		{"graph is throttled", options{}, graph(emulator.EndpointFault{Status: 429}), []string{asked("graph_queries", "throttled")}},
		{"graph fails", options{}, graph(emulator.EndpointFault{Status: 503}), []string{asked("graph_queries", "http_5xx")}},
		{"graph answers garbage", options{}, graph(emulator.EndpointFault{Garbage: true}), []string{asked("graph_queries", "bad_answer")}},
		{"graph drops the connection", options{}, graph(emulator.EndpointFault{Drop: true}), []string{asked("graph_queries", "unreachable")}},
		{"groups", asksOverage(), func(_ *testing.T, k *kit) { k.withGroups(emulator.Adele, 250).open(page, inAny(250)) }, []string{asked("graph_groups", "ok")}},
	}
}

func sessionEvents() []event {
	faulty := func() (options, *faultyStore) {
		o, f := stored(), &faultyStore{}
		f.Store = o.store
		o.store, o.noCache = f, true
		return o, f
	}
	failing, f := faulty()
	late := func(k *kit) *browser {
		b := k.signedIn(emulator.Adele)
		k.advance(time.Hour + time.Minute)
		return b
	}
	return []event{
		{"a stored session", stored(), func(_ *testing.T, k *kit) { k.signedIn(emulator.Adele).check(page, "") }, []string{
			storing("create", "ok"), storing("get", "ok"), `easyauth_store_operation_duration_seconds_count{operation="create"}`,
			`easyauth_cache_requests_total{cache="sessions",result="hit"}`,
		}},
		{"the store is down", failing, func(_ *testing.T, k *kit) {
			b := k.signedIn(emulator.Adele)
			f.fails("all")
			b.check(page, "")
		}, []string{storing("get", "error"), decision("unsure", "store")}},
		{"a refresh", stored(), func(_ *testing.T, k *kit) { late(k).check(page, "") }, []string{
			`easyauth_refreshes_total{result="ok"}`, storing("acquire", "ok"), storing("update", "ok"), storing("release", "ok"),
		}},
		{"a refresh that fails", stored(), func(_ *testing.T, k *kit) {
			b := late(k)
			k.endpoint(emulator.EndpointToken, emulator.EndpointFault{Status: 503})
			b.check(page, "")
		}, []string{`easyauth_refreshes_total{result="failed"}`, asked("token", "http_5xx")}},
		{"a session that the provider ends", stored(), func(_ *testing.T, k *kit) {
			b := late(k)
			k.idp.SetFaults(emulator.Faults{Refresh: []emulator.RefreshFault{{User: emulator.Adele, Refuse: emulator.RefuseRevoked}}})
			b.check(page, "")
		}, []string{`easyauth_refreshes_total{result="ended"}`, decision("sign_in", "session_refused"), asked("token", "refused")}},
		{"signed out everywhere", stored(), func(_ *testing.T, k *kit) { k.signedIn(emulator.Adele).post(logoutURL, "same-origin", everywhere) }, []string{
			`easyauth_revocations_total{scope="user"}`, storing("delete", "ok"),
		}},
		{"signed out by the provider", stored(), func(_ *testing.T, k *kit) {
			k.send("GET", frontPath+"?sid="+k.signedIn(emulator.Adele).sid(), nil, "")
			k.send("POST", backPath, nil, "logout_token=x")
		}, []string{
			`easyauth_revocations_total{scope="sid"}`, step("frontchannel_logout", "ok"), took("frontchannel_logout"), took("backchannel_logout"),
		}},
		{"a ticket is revoked", options{revoked: memstore.NewLog(nil)}, func(t *testing.T, k *kit) {
			followed := func() float64 { return k.scrape().series[storing("follow", "ok")] }
			waitFor(t, "the list", func() bool { return followed() > 0 })
			n := followed()
			k.signedIn(emulator.Adele).do("GET", logoutURL, click(), nil)
			waitFor(t, "the list to be heard", func() bool { return followed() > n })
		}, []string{storing("append", "ok"), storing("follow", "ok")}},
		{"the store is swept", options{}, func(t *testing.T, k *kit) {
			worker, err := session.NewWorker(memstore.New("0123456789abcdef", nil), k.newLog(), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			worker.Metrics = k.metrics
			k.run(worker.Run)
			waitFor(t, "a sweep", func() bool { return k.scrape().series[storing("sweep", "ok")] > 0 })
		}, []string{storing("sweep", "ok")}},
	}
}

func configurationEvents() []event {
	return []event{
		{"a configuration is loaded, and one refused", options{}, func(_ *testing.T, k *kit) {
			k.metrics.ConfigurationLoaded(nil)
			k.metrics.ConfigurationLoaded(errors.New(strings.Repeat("hostile.example", 10)))
			k.metrics.ListenerCertificate(time.Now())
			k.metrics.ClientCertificate(time.Now)
			k.metrics.AuditFailed()
		}, []string{
			`easyauth_configuration_loads_total{result="ok"}`, `easyauth_configuration_loads_total{result="refused"}`, "easyauth_configuration_loaded_timestamp_seconds",
			`easyauth_certificate_expiry_timestamp_seconds{use="listener"}`, `easyauth_certificate_expiry_timestamp_seconds{use="client"}`, "easyauth_audit_failures_total",
		}},
		{"an application behind easyauth proxy is down", options{}, func(_ *testing.T, k *kit) {
			k.metrics.InlineFailures().Count(metrics.InlineUnreachable)
		}, []string{`easyauth_inline_failures_total{reason="unreachable"}`}},
	}
}
