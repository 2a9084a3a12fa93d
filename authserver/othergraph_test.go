package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
)

// TestOtherProviderHasNoGraph: a token of another provider is never sent to
// Microsoft Graph, and a rule that would need that is refused.
func TestOtherProviderHasNoGraph(t *testing.T) {
	plain := func(c *entra.Config) {
		c.Kind, c.TenantID, c.V1Issuer, c.Scopes = entra.Plain, "", "", nil
	}
	everything := signin.Groups{Ask: signin.AskAlways, KeepAll: true}
	k := newKit(t, options{edit: plain, groups: everything})
	b := k.browser(emulator.Adele)
	resp := b.check(app+"/page", "graph=/me")
	if resp.StatusCode != http.StatusForbidden || k.lastReason() != string(access.ReasonBadQuery) || !strings.Contains(k.log.String(), "no Microsoft Graph") {
		t.Errorf("graph=/me: %d, %s", resp.StatusCode, k.lastReason())
	}
	if resp := b.open(app+"/page", "role=Admin"); resp.StatusCode != http.StatusAccepted {
		t.Errorf("without graph=: %d\n%s", resp.StatusCode, resp.text())
	}
	if n := k.idp.Requests(emulator.EndpointGraph); n != 0 {
		t.Errorf("%d requests to Graph", n)
	}

	own := newKit(t, options{})
	b = own.browser(emulator.Adele)
	if resp := b.open(app+"/page", "graph=/me"); resp.StatusCode != http.StatusAccepted || own.idp.Requests(emulator.EndpointGraph) == 0 {
		t.Errorf("with Entra ID: %d", resp.StatusCode)
	}
}
