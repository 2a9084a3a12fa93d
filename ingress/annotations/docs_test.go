package annotations_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// The page lists every kind, in the program's order, and nothing else.
func TestThePageListsEveryKind(t *testing.T) {
	page, err := os.ReadFile("../../docs/proxies/check.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "\n## What is looked for\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var got, want [][2]string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z]+) \\| [^|]").FindAllStringSubmatch(table, -1) {
		got = append(got, [2]string{row[1], row[2]})
	}
	for _, k := range annotations.Kinds() {
		want = append(want, [2]string{k.ID, string(k.Severity)})
	}
	if !found || !slices.Equal(got, want) {
		t.Errorf("the page has\n%v\nnot\n%v", got, want)
	}
	finding := reflect.TypeFor[annotations.Finding]()
	for k := range finding.NumField() {
		if name := "`" + finding.Field(k).Tag.Get("json") + "`"; !strings.Contains(string(page), name) {
			t.Errorf("the page does not tell of %s", name)
		}
	}
}

// The list is what a server with default settings sends, and what the documents have people copy.
func TestFixedHeaders(t *testing.T) {
	r, err := headers.New(headers.Config{Prefix: "x-injected-"})
	if err != nil {
		t.Fatal(err)
	}
	list := annotations.FixedHeaders()
	if got, want := slices.Sorted(slices.Values(list)), slices.Sorted(slices.Values(r.Names())); !slices.Equal(got, want) {
		t.Errorf("%v, but the server sends %v", got, want)
	}
	page, err := os.ReadFile("../../docs/headers.md")
	if err != nil || !strings.Contains(string(page), `"`+strings.Join(list, ",")+`"`) {
		t.Errorf("docs/headers.md has another list: %v", err)
	}
}

// The line against tunnels that is taken for good is the page's.
func TestDocumentHasTheLineAgainstTunnels(t *testing.T) {
	page, err := os.ReadFile("../../docs/proxies/nginx.md")
	if err != nil || !strings.Contains(string(page), "    server-snippet: |\n      "+annotations.OnlyWebSocket+"\n") {
		t.Errorf("%v: docs/proxies/nginx.md has another line", err)
	}
}
