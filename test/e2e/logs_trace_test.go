package e2e

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/collector"
	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// A trace that began before nginx holds the check, the sign-in and its call of the
// token endpoint; and nothing of the person.
func TestTraces(t *testing.T) {
	t.Parallel()
	c := collector.Start(t)
	cfg := oneHost()
	cfg.Env = map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_SERVICE_NAME": "gate"}
	s := start(t, cfg)
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	traced := page()
	traced["Traceparent"], traced["Tracestate"], traced["Baggage"] = []string{"00-" + trace + "-" + parent + "-01"}, []string{"vendor=s3cret"}, []string{"user=s3cret"}
	v := newVisitor(t, s, entra.Adele)
	login := v.do(http.MethodGet, v.next(v.do(http.MethodGet, "/echo?q=s3cret", traced)), traced)
	if r := v.do(http.MethodGet, v.next(login), traced); r.status != http.StatusFound {
		t.Fatalf("callback: %d\n%s", r.status, r.body)
	}
	if r := v.do(http.MethodGet, "/echo?q=s3cret", traced); r.status != http.StatusOK {
		t.Fatal(r.status)
	}
	outcomes := map[string]bool{}
	for _, span := range c.Wait(t, "auth", 2) {
		outcomes[span.Attributes["easyauth.outcome"]] = true
	}
	if !outcomes["allow"] || !outcomes["sign_in"] {
		t.Errorf("%v", outcomes)
	}
	callback := c.Wait(t, "callback", 1)[0]
	token := c.Wait(t, "identity_provider", 1)[0]
	if token.ParentID != callback.ID || token.Kind != collector.KindClient || token.Attributes["server.address"] != "127.0.0.1" {
		t.Errorf("the call of the token endpoint: %+v", token)
	}
	closed := []string{"http.request.method", "http.response.status_code", "server.address", "easyauth.outcome", "easyauth.reason", "error.type"}
	for _, span := range c.Spans() {
		if span.TraceID != trace || span.Kind == collector.KindServer && span.ParentID != parent {
			t.Errorf("not of the trace: %+v", span)
		}
		if span.Resource["service.name"] != "gate" || span.TraceState != "" {
			t.Errorf("%+v", span)
		}
		for name := range maps.Keys(span.Attributes) {
			if !slices.Contains(closed, name) {
				t.Errorf("attribute %q", name)
			}
		}
		for _, text := range []string{"s3cret", entra.AdeleOID, appHost, "echo", "Adele", "adele", v.cookie(ticketCookie)} {
			if strings.Contains(span.Body, text) {
				t.Errorf("%q is sent: %s", text, span.Body)
			}
		}
	}
	if !strings.Contains(s.Log(), `"trace_id":"`+trace+`"`) {
		t.Error("the log does not name the trace")
	}
}

// A collector that cannot be reached is no reason to answer anybody otherwise, or to
// end late.
func TestTracesWithoutACollector(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces?key=s3cret", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=s3cret"}
	s := start(t, cfg)
	v := signedIn(t, s, entra.Adele)
	for range 50 {
		if r := v.get("/echo"); r.status != http.StatusOK {
			t.Fatal(r.status)
		}
	}
	waitUntil(t, "the log to tell", func() bool { return strings.Contains(s.Log(), "traces cannot be exported") })
	if log := s.Log(); strings.Count(log, "traces cannot be exported") != 1 || strings.Contains(log, "s3cret") {
		t.Errorf("%s", log)
	}
}
