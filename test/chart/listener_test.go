package chart

import (
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

// Where EasyAuth has a certificate of its own, nginx must speak TLS to the sign-in pages and to the endpoint that it
// asks, by the port of TLS; probes stay plain, at the administrators' port, which has no TLS.
func TestListenerSpeaks(t *testing.T) {
	const (
		protocol = "nginx.ingress.kubernetes.io/backend-protocol"
		tls      = "tls: {secretName: listener}\n"
	)
	tests := []struct {
		name, change, annotation string
		port                     int32
		address                  string
	}{
		{"plain", "", "", 80, "http://easyauth.easyauth.svc.cluster.local/"},
		{"TLS", tls, "HTTPS", 443, "https://easyauth.easyauth.svc.cluster.local/"},
		{"TLS at another port", tls + "service: {port: 8443}\n", "HTTPS", 8443, "https://easyauth.easyauth.svc.cluster.local:8443/"},
		{"plain at the port of TLS", "service: {port: 443}\n", "", 443, "http://easyauth.easyauth.svc.cluster.local:443/"},
		{"an annotation of one's own", tls + "ingress: {annotations: {" + protocol + ": GRPCS}}\n", "GRPCS", 443, "https://easyauth.easyauth.svc.cluster.local/"},
		{"no annotations", tls + "ingress: {annotations: null}\n", "HTTPS", 443, "https://easyauth.easyauth.svc.cluster.local/"},
		{"roles apart", tls + "roles: {separate: true}\n", "HTTPS", 443, "https://easyauth.easyauth.svc.cluster.local/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all := objects(t, render(t, minimal+secret, tt.change))
			if got := as[*networking.Ingress](t, all, "Ingress", release).Annotations[protocol]; got != tt.annotation {
				t.Errorf("the Ingress says %q, want %q", got, tt.annotation)
			}
			for _, service := range every[*core.Service](t, all) {
				if got := service.Spec.Ports[0].Port; got != tt.port {
					t.Errorf("Service %s: port %d, want %d", service.Name, got, tt.port)
				}
			}
			if got := annotation(t, notes(t, minimal+secret, tt.change), "auth-url"); got != tt.address+"easyauth/auth" {
				t.Errorf("NOTES say %s, want it at %s", got, tt.address)
			}
			for _, c := range every[*core.Pod](t, all)[0].Spec.Containers {
				if scheme, _, _ := strings.Cut(tt.address, ":"); !strings.HasPrefix(c.Args[1], "--url="+scheme+"://") || slices.Contains(c.Args, "--insecure") != (scheme == "https") {
					t.Errorf("the test asks by %q", c.Args)
				}
			}
			for _, d := range every[*apps.Deployment](t, all) {
				c := d.Spec.Template.Spec.Containers[0]
				for _, probe := range []*core.Probe{c.ReadinessProbe, c.LivenessProbe} {
					if probe.HTTPGet.Port.String() != "admin" || probe.HTTPGet.Scheme == core.URISchemeHTTPS {
						t.Errorf("Deployment %s is probed by %v", d.Name, probe.HTTPGet)
					}
				}
			}
		})
	}
}
