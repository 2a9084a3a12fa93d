package examples

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

// renderer makes identity headers as EasyAuth does with its defaults.
func renderer(t *testing.T) *headers.Renderer {
	t.Helper()
	r, err := headers.New(headers.Config{Prefix: "x-injected-"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
