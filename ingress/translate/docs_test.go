package translate

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const page = "../../docs/proxies/translate.md"

// The example of the document is a golden test, whole.
func TestDocumentHasTheExample(t *testing.T) {
	text := golden(t, page)
	for _, c := range []struct{ heading, language, file string }{
		{"## Example", "yaml", "shop.yaml"},
		{"### Traefik", "yaml", "shop.traefik.yaml"},
		{"### Envoy Gateway", "yaml", "shop.envoy-gateway.yaml"},
		{"### HAProxy", "haproxy", "shop.haproxy.cfg"},
		{"### Caddy", "caddyfile", "shop.Caddyfile"},
		{"### inline", "yaml", "shop.inline.yaml"},
		{"The report for Traefik:", "text", "shop.traefik.report"},
	} {
		_, rest, found := strings.Cut(text, "\n"+c.heading+"\n")
		_, rest, opened := strings.Cut(rest, "```"+c.language+"\n")
		block, _, closed := strings.Cut(rest, "\n```\n")
		want := golden(t, filepath.Join("testdata", c.file))
		if c.language == "text" {
			want += "4 Ingress objects: 4 written, 0 refused"
		}
		if !found || !opened || !closed || block != strings.TrimSuffix(want, "\n") {
			t.Errorf("%s: the block is not %s", c.heading, c.file)
		}
	}
}

// Every annotation that is known stands in the table of its fate, and nowhere else.
func TestDocumentHasAllAnnotations(t *testing.T) {
	text := golden(t, page)
	tables := map[fate]string{}
	for f, heading := range map[fate]string{carried: "### Carried over", dropped: "### Named in the report", guarding: "### Refused"} {
		_, rest, found := strings.Cut(text, "\n"+heading+"\n")
		_, rest, begun := strings.Cut(rest, "|---|---|\n")
		table, _, _ := strings.Cut(rest, "\n\n")
		if !found || !begun {
			t.Fatalf("%s has no table", heading)
		}
		tables[f] = table
	}
	count := 0
	look := func(name string, k known) {
		count++
		for f, table := range tables {
			if in := strings.Contains(table, "`"+name+"`"); in != (f == k.fate) {
				t.Errorf("%s: in table %d: %v", name, f, in)
			}
		}
		if k.why == "" && k.fate != carried {
			t.Errorf("%s has no reason", name)
		}
	}
	for name, k := range byName() {
		look(name, k)
	}
	for name, k := range byPrefix() {
		look(name+"…", k)
	}
	rows := 0
	for _, table := range tables {
		for row := range strings.Lines(table) {
			names, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " | ")
			rows += len(strings.Split(names, ", "))
		}
	}
	if rows != count {
		t.Errorf("the tables name %d annotations, %d are known", rows, count)
	}
}

func TestDocumentHasTheTargets(t *testing.T) {
	text := golden(t, page)
	for _, to := range Targets() {
		if !strings.Contains(text, "\n| [`"+to+"`](#"+to+") | ") {
			t.Errorf("%s has no row", to)
		}
	}
}

// What must be set beside the objects stands before them, in the words that the programs take.
func TestDocumentHasTheSettings(t *testing.T) {
	text := golden(t, page)
	for heading, want := range map[string][]string{
		"### Traefik":       {"`EASYAUTH_ADAPTERS=nginx,forward`", "`--providers.kubernetesCRD.safeNaming=true`"},
		"### Envoy Gateway": {"The translation is the HTTP form, so set `EASYAUTH_ADAPTERS=nginx,envoy` while both proxies run.\n"},
	} {
		_, rest, _ := strings.Cut(text, "\n"+heading+"\n")
		before, _, _ := strings.Cut(rest, "```")
		for _, words := range want {
			if !strings.Contains(before, words) {
				t.Errorf("%s does not say %s", heading, words)
			}
		}
	}
	_, rest, _ := strings.Cut(text, "of `X-Original-…` all but ")
	named, _, _ := strings.Cut(rest, " |")
	for _, name := range rerouting() {
		if last, original := strings.CutPrefix(name, "x-original-"); original && !strings.Contains(strings.ToLower(named), "`-"+last+"`") {
			t.Errorf("Traefik's row does not say that %s is taken out", name)
		}
	}
}

func TestDocumentHasTheControllersSettings(t *testing.T) {
	_, rest, _ := strings.Cut(golden(t, page), "refuse every\nIngress: `")
	list, _, _ := strings.Cut(rest, "`. Once")
	names := strings.Split(strings.ReplaceAll(list, ",\n", ", "), "`, `")
	if want := slices.Sorted(maps.Keys(keepingOut())); !slices.Equal(slices.Sorted(slices.Values(names)), want) {
		t.Errorf("the page names %q, what refuses is %q", names, want)
	}
}
