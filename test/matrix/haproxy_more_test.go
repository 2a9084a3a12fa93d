package matrix

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// The files of examples/haproxy are what the document explains.
func TestHAProxyFilesAreTheDocuments(t *testing.T) {
	for language, name := range map[string]string{"haproxy": "haproxy.cfg", "lua": "easyauth.lua"} {
		text, err := os.ReadFile(filepath.Join(root(), "examples", "haproxy", name))
		if err != nil {
			t.Fatal(err)
		}
		if Block(t, haproxyPage, language, 1) != string(text) {
			t.Errorf("%s does not hold examples/haproxy/%s as it is", haproxyPage, name)
		}
	}
}

// HAProxy goes on when a script breaks; the configuration does not.
func TestHAProxyRefusesWhenTheScriptBreaks(t *testing.T) {
	t.Parallel()
	program := build(t)
	const first = `	local page = "https://"`
	for name, change := range map[string][]string{
		"as it is":                {},
		"it breaks at once":       {first, "\tnil_is_no_function()\n" + first},
		"it breaks at the answer": {"\tlocal status = told", "\ttold = told.nothing.here\n\tlocal status = told"},
		"it returns":              {first, "\tif true then return end\n" + first},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := haproxy()
			p.Start = func(t *testing.T, at Place) { startHAProxy(t, at, change...) }
			s := begin(t, program, p, false)
			adele := s.visit(t, entra.Adele)
			if len(change) == 0 {
				if r := adele.open("/home"); !r.fromApplication() {
					t.Error(describe(r))
				}
				return
			}
			r := s.unseen(t, name, func() *reply { return adele.get("/home") })
			if r.status != http.StatusServiceUnavailable {
				t.Error(describe(r))
			}
			if r := adele.get("/public/x"); !r.fromApplication() {
				t.Errorf("a public page: %s", describe(r))
			}
		})
	}
}
