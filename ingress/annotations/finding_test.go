package annotations_test

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// A buffer is blamed on whoever makes it small.
func TestWhereABufferIsBlamed(t *testing.T) {
	own := more(`proxy-buffer-size: "2k"`)
	for _, c := range []struct {
		name   string
		text   string
		tokens bool
		object string
		line   string // what stands on it
	}{
		{"an annotation", strings.Replace(good(t), own[0], own[1], 1), false, "Ingress app/shop", `proxy-buffer-size: "2k"`},
		{"an annotation, with tokens", strings.Replace(good(t), own[0], own[1], 1), true, "Ingress app/shop", `proxy-buffer-size: "2k"`},
		{"the controller", good(t) + settings("  x: y\n  proxy-buffer-size: 2k\n"), false, "ConfigMap ingress-nginx/controller", "  proxy-buffer-size: 2k"},
		{"nobody", good(t), true, "Ingress app/shop", "apiVersion: networking.k8s.io/v1"},
	} {
		m, err := annotations.ReadManifest("file", strings.NewReader(c.text))
		if err != nil {
			t.Fatal(err)
		}
		blamed := false
		for _, f := range annotations.Check(m, annotations.Options{Tokens: c.tokens}) {
			line := strings.Split(c.text, "\n")[f.Line-1]
			blamed = blamed || strings.HasSuffix(f.ID, "-buffer") && f.Object == c.object && strings.HasSuffix(line, c.line)
		}
		if !blamed {
			t.Errorf("%s is not blamed", c.name)
		}
	}
}

// What a manifest says never makes a line of its own, nor changes a terminal.
func TestFindingsCannotBeForged(t *testing.T) {
	const forged = `x\nfile:1: danger: fake \u001b[31m\u202e\u009b`
	in := func(name, class, key, path, kind, host string) string {
		return open(`"`+name+`"`, `"`+host+`"`, `"`+path+`"`, `"`+kind+`"`, "shop") + strings.Replace(
			open(`"`+name+`"`, "shop.example.com", "/", "Prefix", "shop", `"`+key+`": x`), "Name: nginx", `Name: "`+class+`"`, 1)
	}
	text := good(t) + in(forged, forged, "auth-"+forged, "/"+forged, forged, "shop.example.com") + in("x", forged, "auth-x", "/", "Exact", forged) + in("x", "traefik-"+forged, "auth-x", "/", "Exact", "x") +
		strings.Replace(settings("  no-auth-locations: /x\n"), "name: controller", `name: "`+forged+`"`, 1)
	text = strings.ReplaceAll(text, prefix+`"`, `    "`+strings.TrimSpace(prefix))
	m, err := annotations.ReadManifest("file\n", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	found := annotations.Check(m, annotations.Options{Served: serves("shop.example.com")})
	objects := 0
	for _, f := range found {
		if s := f.String(); strings.Count(s, "\n") != 1 || strings.ContainsAny(s, "\x1b\u202e\u009b") || strings.ContainsAny(f.Object+f.Text, "\n\x1b\u202e\u009b") {
			t.Errorf("%q", s)
		}
		if f.Object == "Ingress app/x?file:1: danger: fake ?[31m??" {
			objects++
		}
	}
	if objects == 0 {
		t.Errorf("nothing is found of the object: %v", found)
	}
	if _, err := annotations.ReadManifest("file", strings.NewReader(one+"  annotations: {\""+forged+"\": 1}\n")); err == nil || strings.ContainsAny(err.Error(), "\n\x1b") {
		t.Errorf("%q", err)
	}
}
