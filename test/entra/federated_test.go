package entra_test

import (
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestFederatedCredential(t *testing.T) {
	const issuer, subject, id = "https://cluster.example/oidc", "system:serviceaccount:shop:web", "55555555-0000-4000-8000-000000000005"
	cluster, stranger := entra.NewFederatedIssuer(issuer), entra.NewFederatedIssuer(issuer)
	elsewhere := entra.NewFederatedIssuer("https://elsewhere.example")
	w := startWith(t, func(c *entra.Config) {
		own := cluster.Credential("own")
		own.Audience = "api://own"
		c.Clients = append(c.Clients, entra.Client{ID: id, Federated: []entra.FederatedCredential{cluster.Credential(subject), own}})
	})
	for _, f := range []*entra.FederatedIssuer{cluster, stranger, elsewhere} {
		f.SetNow(w.clock.now)
	}
	aud := entra.FederatedAudience
	early := cluster.Token(subject, aud, time.Hour)
	cluster.Rotate()
	for _, row := range []struct{ name, assertion, aadsts string }{
		{"right", cluster.Token(subject, aud, time.Hour), ""},
		{"of the key before", early, ""},
		{"the same again", early, ""},
		{"another audience that is configured", cluster.Token("own", "api://own", time.Hour), ""},
		{"another issuer", elsewhere.Token(subject, aud, time.Hour), "AADSTS700211"},
		{"another subject", cluster.Token(strings.ToUpper(subject), aud, time.Hour), "AADSTS700213"},
		{"another audience", cluster.Token(subject, "api://own", time.Hour), "AADSTS700212"},
		{"another issuer's key", stranger.Token(subject, aud, time.Hour), "AADSTS50013"},
		{"a bad signature", flip(cluster.Token(subject, aud, time.Hour)), "AADSTS700027"},
		{"expired", cluster.Token(subject, aud, -6*time.Minute), "AADSTS700024"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.asserted(w.TenantID(), id, row.assertion)
			if w.LastToken().ClientAuth != entra.AuthFederated || w.LastToken().AssertionClaims["iss"] == nil {
				t.Errorf("LastToken %+v", w.LastToken())
			}
			if row.aadsts != "" {
				refused(t, got, 401, "invalid_client", row.aadsts)
				return
			}
			if got.status != 200 {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	cluster.SetNow(nil)
	if exp, _ := decode(t, cluster.Token(subject, aud, time.Hour))["exp"].(float64); time.Until(time.Unix(int64(exp), 0)) < 59*time.Minute {
		t.Errorf("exp %v", exp)
	}
}

// flip changes a bit in the middle of the signature.
func flip(jwt string) string {
	at := strings.LastIndex(jwt, ".") + 100
	other := byte('A')
	if jwt[at] == 'A' {
		other = 'B'
	}
	return jwt[:at] + string(other) + jwt[at+1:]
}

func TestCredentialsAreChecked(t *testing.T) {
	f := entra.FederatedCredential{Issuer: "https://x", Subject: "s", Keys: entra.NewFederatedIssuer("https://x").Keys}
	for name, edit := range map[string]func(*entra.FederatedCredential){
		"":           func(*entra.FederatedCredential) {},
		"no issuer":  func(f *entra.FederatedCredential) { f.Issuer = "" },
		"no subject": func(f *entra.FederatedCredential) { f.Subject = "" },
		"no keys":    func(f *entra.FederatedCredential) { f.Keys = nil },
	} {
		t.Run(name, func(t *testing.T) {
			changed := f
			edit(&changed)
			defer func() {
				if got := recover(); (got == nil) != (name == "") {
					t.Errorf("panic %v", got)
				}
			}()
			entra.New(entra.Config{Clients: []entra.Client{{ID: "x", Federated: []entra.FederatedCredential{changed}}}})
		})
	}
}
