package floors

import (
	"slices"
	"strings"
	"testing"
)

const module = "example.com/house"

// built makes a tree out of lines "importer: imported imported"; paths without a dot in their first element
// are ours when they begin with "~/", else the standard library's.
func built(lines ...string) tree {
	t := tree{module: module, standard: map[string]bool{}}
	for _, line := range lines {
		path, imports, _ := strings.Cut(line, ":")
		p := pkg{path: path, name: path[strings.LastIndexByte(path, '/')+1:]}
		inTests := false
		for _, imported := range strings.Fields(imports) {
			first, _, _ := strings.Cut(imported, "/")
			switch {
			case imported == "tests":
				inTests = true
				continue
			case first == "~":
				imported = module + strings.TrimPrefix(imported, "~")
			case !strings.Contains(first, "."):
				t.standard[imported] = true
			}
			t.build = append(t.build, imported)
			if inTests {
				p.testImports = append(p.testImports, imported)
			} else {
				p.imports = append(p.imports, imported)
			}
		}
		t.own = append(t.own, p)
	}
	return t
}

// The laws of imports, each with trees that break it and the same tree with one thing put right.
func TestImportLaws(t *testing.T) {
	place := func(t tree) []string { return everyPackageHasAPlace(t, house()) }
	down := func(t tree) []string { return importsPointDown(t, house()) }
	bare := func(t tree) []string { return bareRoomsStayBare(t, house()) }
	guest := func(t tree) []string { return guestsStayInTheirRooms(t, guests()) }
	light := func(t tree) []string { return theGraphSDKStaysLight(t, graphSDKAllowed()) }
	noTests := func(t tree) []string { return productionKnowsNoTests(t, house()) }

	tests := []struct {
		name string
		law  func(tree) []string
		tree string
		want string // part of the only complaint; empty: none
	}{
		{"a server package without a row", place, "authserver/attic:", "authserver/attic has no floor"},
		{"one below a package with a row", place, "authserver/ticket/chunks:", "has no floor"},
		{"a command without a row", place, "cmd/other:", "has no floor"},
		{"a package in a folder of its own", place, "internal/attic:", "outside"},
		{"a package at the root", place, ".:", "outside"},
		{"a package with a row", place, "authserver/ticket:", ""},
		{"tests, examples and charts need none", place, "test/attic:", ""},

		{"upwards", down, "authserver/seal: ~/authserver/ticket", "authserver/seal (floor 1, reaches 0) imports authserver/ticket (floor 2)"},
		{"downwards", down, "authserver/ticket: ~/authserver/seal", ""},
		{"sideways", down, "authserver/ticket: ~/authserver/headers", "imports authserver/headers"},
		{"ground to ground", down, "authserver/cookie: ~/authserver/secret", "imports authserver/secret"},
		{"fault names access", down, "authserver/fault: ~/authserver/access", ""},
		{"fault names nothing else", down, "authserver/fault: ~/authserver/hosts", "imports authserver/hosts"},
		{"access imports nothing of ours", down, "authserver/access: ~/authserver/fault", "imports authserver/fault"},
		{"adapters do not seal", down, "ingress: ~/authserver/seal", "imports authserver/seal"},
		{"adapters read tickets", down, "ingress: ~/authserver/ticket ~/authserver/access", ""},
		{"adapters know no provider", down, "ingress: ~/authserver/entra", "imports authserver/entra"},
		{"the configuration knows the ground", down, "authserver/config: ~/authserver/secret", ""},
		{"the configuration knows no more", down, "authserver/config: ~/authserver/seal", "imports authserver/seal"},
		{"the configuration is for cmd", down, "cmd/easyauth: ~/authserver/config", ""},
		{"the configuration is for nobody else", down, "authserver: ~/authserver/config", "for cmd/easyauth alone"},
		{"annotations are not the server's", down, "authserver: ~/ingress/annotations", "for ingress/translate, cmd/easyauth alone"},
		{"the server imports adapters", down, "authserver: ~/ingress", ""},
		{"the server imports no tests", down, "authserver: ~/test/entra", "no part of the server"},
		{"the server imports no examples", down, "authserver: ~/examples/app", "no part of the server"},
		{"tests may import upwards", down, "authserver/seal: tests ~/authserver/ticket", ""},
		{"test packages import what they like", down, "test/e2e: ~/authserver ~/authserver/config", ""},
		{"other modules are no floor's matter", down, "authserver/seal: github.com/gorilla/securecookie", ""},

		{"access with a library", bare, "authserver/access: golang.org/x/text", "standard library only"},
		{"access with ours", bare, "authserver/access: ~/authserver/cache", "standard library only"},
		{"access alone", bare, "authserver/access: slices strings", ""},
		{"cookie with a library", bare, "authserver/cookie: github.com/gorilla/securecookie", "standard library only"},
		{"seal with the same library", bare, "authserver/seal: github.com/gorilla/securecookie", ""},

		{"the Graph core elsewhere", guest, "authserver/entra: github.com/microsoftgraph/msgraph-sdk-go-core", "for authserver/graph alone"},
		{"the Graph core in its room", guest, "authserver/graph: github.com/microsoftgraph/msgraph-sdk-go-core", ""},
		{"kiota elsewhere", guest, "authserver/signin: github.com/microsoft/kiota-abstractions-go", "for authserver/graph alone"},
		{"kiota in its room", guest, "authserver/graph: github.com/microsoft/kiota-abstractions-go", ""},
		{"the Graph SDK in a test", guest, "test/entra: tests github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors", "for authserver/graph alone"},

		{"the SDK's root", light, "authserver/graph: github.com/microsoftgraph/msgraph-sdk-go", "the build contains"},
		{"its models", light, "authserver/graph: github.com/microsoftgraph/msgraph-sdk-go/models", "the build contains"},
		{"a request builder", light, "authserver/graph: github.com/microsoftgraph/msgraph-sdk-go/users", "the build contains"},
		{"a request builder in a test", light, "authserver/graph: tests github.com/microsoftgraph/msgraph-sdk-go/users", "the build contains"},
		{"its errors", light, "authserver/graph: github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors", ""},
		{"the core", light, "authserver/graph: github.com/microsoftgraph/msgraph-sdk-go-core", ""},

		{"testing in the program", noTests, "authserver: testing", "imports testing"},
		{"a part of testing", noTests, "ingress: testing/fstest", "imports testing/fstest"},
		{"httptest", noTests, "cmd/easyauth: net/http/httptest", "imports net/http/httptest"},
		{"our tests", noTests, "cmd/easyauth: ~/test/entra", "imports " + module + "/test/entra"},
		{"testing in tests", noTests, "authserver: net/http tests testing net/http/httptest", ""},
		{"testing in the emulator", noTests, "test/entra: testing", ""},
		{"testing in a room for tests", noTests, "authserver/session/storetest: testing", ""},
		{"a room for tests in the program", noTests, "cmd/easyauth: ~/authserver/session/memstore", "imports " + module + "/authserver/session/memstore"},
		{"a room for tests in another", noTests, "authserver/session/storetest: ~/authserver/session/memstore", ""},

		{"util", packagesHaveNames, "authserver/util:", "says nothing"},
		{"a folder called common", packagesHaveNames, "authserver/common/ticket:", "says nothing"},
		{"helpers in tests", packagesHaveNames, "test/helpers:", "says nothing"},
		{"a word that only contains one", packagesHaveNames, "authserver/utilities:", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantOne(t, tt.law(built(tt.tree)), tt.want) })
	}
}

func TestPackageClauseCounts(t *testing.T) {
	wantOne(t, packagesHaveNames(tree{own: []pkg{{path: "authserver/ticket", name: "util"}}}), "says nothing")
	wantOne(t, packagesHaveNames(tree{own: []pkg{{path: "authserver/ticket", name: "ticket"}}}), "")
}

func TestTableLaw(t *testing.T) {
	sound := room{path: "a", floor: sealing, reach: ground}
	tests := []struct {
		name string
		room room
		want string
	}{
		{"a second row", sound, "a has two rows"},
		{"a reach of its own height", room{path: "b", floor: sealing, reach: sealing}, "b reaches its own floor"},
		{"an unknown neighbour", room{path: "b", floor: sealing, reach: ground, also: []string{"c"}}, "b names c"},
		{"an unknown importer", room{path: "b", floor: sealing, reach: ground, importers: []string{"c"}}, "b names c"},
		{"a known neighbour", room{path: "b", floor: sealing, reach: ground, also: []string{"a"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantOne(t, theHouseStands([]room{sound, tt.room}), tt.want) })
	}
}

func TestParseListing(t *testing.T) {
	got, err := parse([]byte(`
{"ImportPath":"slices","Standard":true}
{"ImportPath":"example.org/lib","Module":{"Path":"example.org/lib"}}
{"ImportPath":"example.com/house/a","Name":"a","Module":{"Path":"example.com/house","Main":true},"Imports":["slices"],"TestImports":["x"],"XTestImports":["y"]}
{"ImportPath":"example.com/house/a [example.com/house/a.test]","ForTest":"example.com/house/a","Module":{"Path":"example.com/house","Main":true},"Imports":["slices","x"]}
{"ImportPath":"example.com/house/a.test","Name":"main","Module":{"Path":"example.com/house","Main":true}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.own) != 1 || got.own[0].path != "a" || !slices.Equal(got.own[0].imports, []string{"slices"}) || !slices.Equal(got.own[0].testImports, []string{"x", "y"}) {
		t.Errorf("own packages: %+v", got.own)
	}
	if got.module != module || !got.standard["slices"] || got.standard["example.org/lib"] || !slices.Contains(got.build, "example.org/lib") {
		t.Errorf("tree: %+v", got)
	}
	if _, err := parse([]byte(`{"ImportPath":`)); err == nil {
		t.Error("a listing that is cut off was accepted")
	}
}

// wantOne wants exactly one complaint, with these words, or none when there are no words.
func wantOne(t *testing.T, complaints []string, words string) {
	t.Helper()
	switch {
	case words == "" && len(complaints) > 0:
		t.Errorf("complains of %q", complaints)
	case words != "" && (len(complaints) != 1 || !strings.Contains(complaints[0], words)):
		t.Errorf("complains of %q, want one complaint with %q", complaints, words)
	}
}
