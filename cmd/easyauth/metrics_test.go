package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What only the wired server knows is in its metrics, once a person has signed in.
func TestMetricsOfTheServer(t *testing.T) {
	idp, _ := startEntra(t, "127.0.0.1:0")
	s := start(t, laptop(t, strings.TrimPrefix(idp.BaseURL(), "http://")))
	waitFor(t, "discovery", func() bool { return !strings.Contains(s.get(s.admin, "/readyz", nil).body, "degraded") })
	newBrowser(t, s).signIn()
	body := s.get(s.admin, "/metrics", nil).body
	for _, want := range []string{
		"easyauth_provider_ready 1",
		fmt.Sprintf(`easyauth_key_info{key="%s",state="sealing"} 1`, keyID(t, keyText(1))),
		`easyauth_remote_requests_total{result="ok",target="discovery"} 1`,
		`easyauth_remote_requests_total{result="ok",target="token"} 1`,
		`easyauth_remote_requests_total{result="ok",target="graph_queries"} 0`,
		`easyauth_signins_total{result="ok",step="callback"} 1`,
		"easyauth_configuration_last_load_ok 1",
		`easyauth_configuration_loads_total{result="ok"} 1`,
		`easyauth_configuration_loads_total{result="refused"} 0`,
		"easyauth_audit_failures_total 0",
	} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	for _, begins := range []string{
		"easyauth_configuration_loaded_timestamp_seconds 1", `easyauth_cache_limit_bytes{cache="tickets"} `, `easyauth_cache_limit_bytes{cache="queries"} `,
		`easyauth_cache_limit_bytes{cache="attempts"} `, `easyauth_request_duration_seconds_count{endpoint="callback"} `,
	} {
		if !strings.Contains(body, "\n"+begins) {
			t.Errorf("no %s in\n%s", begins, body)
		}
	}
	if strings.Contains(body, "easyauth_certificate_expiry") {
		t.Error("without a certificate one ends")
	}
}

func TestMetricsOfTheClientCertificate(t *testing.T) {
	certificate, key := pemPair(t)
	path := filepath.Join(t.TempDir(), "client.pem")
	if err := os.WriteFile(path, []byte(certificate+key), 0o600); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(certificate))
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, with(t, map[string]string{"EASYAUTH_CLIENT_SECRET": "", "EASYAUTH_CLIENT_CERTIFICATE_FILE": path}))
	body := s.get(s.admin, "/metrics", nil).body
	if want := fmt.Sprintf(`easyauth_certificate_expiry_timestamp_seconds{use="client"} %v`, float64(parsed.NotAfter.Unix())); !strings.Contains(body, "\n"+want+"\n") {
		t.Errorf("no %s in\n%s", want, body)
	}
	if !strings.Contains(body, "\neasyauth_provider_ready 0\n") {
		t.Error("the provider cannot be reached, and is ready")
	}
}
