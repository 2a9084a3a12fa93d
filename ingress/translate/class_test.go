package translate

import (
	"strings"
	"testing"
)

// classed is plainIngress with a class, and an open path below its own with another.
func classed(class, other string) string {
	app, open := plainIngress, openIngress("shop", "app.example.com", "/a/metrics", "app", "number: 80")
	if class != "" {
		app = strings.Replace(app, "spec:\n", "spec:\n  ingressClassName: "+class+"\n", 1)
	}
	if other != "" {
		open = strings.Replace(open, "spec: {", "spec: {ingressClassName: "+other+", ", 1)
	}
	return app + open
}

// What one controller has open, another may protect: two of them are never made one.
func TestClasses(t *testing.T) {
	for _, c := range [][2]string{{"nginx", "nginx-internal"}, {"nginx", ""}, {"", "nginx"}} {
		refusedEverywhere(t, classed(c[0], c[1]), "app.example.com: is a host of several classes")
	}
	refusedEverywhere(t, classed("nginx", "traefik"), `is of the class "traefik"`)
	refusedEverywhere(t, classed("traefik", "traefik"), `is of the class "traefik"`)
	for _, to := range Targets() {
		for _, c := range [][2]string{{"nginx", "nginx"}, {"own", "own"}, {"", ""}} {
			if r := translation(t, classed(c[0], c[1]), to); r.Refused != 0 || r.Written != 2 {
				t.Errorf("%s %v: %s", to, c, lines(r.Notes))
			}
		}
		apart := strings.Replace(classed("nginx", "nginx-internal"), "host: app.example.com, http", "host: b.example.com, http", 1)
		if r := translation(t, apart, to); r.Refused != 0 || r.Written != 2 {
			t.Errorf("%s, each with a host of its own: %s", to, lines(r.Notes))
		}
	}
}

// One class of a cluster is translated alone. An Ingress that names none may be of it.
func TestOneClass(t *testing.T) {
	for _, to := range Targets() {
		of := func(text, class string) Result {
			r, err := Translate(manifestOf(t, text), Config{To: to, Class: class})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for _, other := range []string{"nginx-internal", "traefik"} {
			r := of(classed("nginx", other), "nginx")
			if r.Refused != 0 || r.Written != 1 || r.LeftOut != 1 || strings.Contains(r.Text, "metrics") ||
				!strings.Contains(lines(r.Notes), `in.yaml:23: shop/open: left out: its class is "`+other+"\"\n") {
				t.Errorf("%s %s: %s\n%s", to, other, lines(r.Notes), r.Text)
			}
		}
		if r := of(classed("nginx", ""), "nginx"); r.Refused != 2 || r.LeftOut != 0 {
			t.Errorf("%s, with one that names none: %s", to, lines(r.Notes))
		}
		if r := of(classed("nginx", "nginx"), "nginx"); r.Refused != 0 || r.Written != 2 {
			t.Errorf("%s, all of it: %s", to, lines(r.Notes))
		}
		if r, err := Translate(manifestOf(t, classed("nginx", "nginx")), Config{To: to, Class: "ngnix"}); err == nil {
			t.Errorf("%s: no Ingress is of the class, and still: %s", to, lines(r.Notes))
		}
	}
}
