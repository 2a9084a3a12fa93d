package graph

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const emulatedClient = "11111111-0000-4000-8000-000000000001"

// emulated is a client of the emulator's Graph and a token of Adele's for it.
func emulated(t *testing.T, scope string, timeout time.Duration) (*entra.Server, func(queries ...string) []string) {
	t.Helper()
	idp := entra.StartTest(t, entra.Config{Clients: []entra.Client{{ID: emulatedClient, Secret: "s3cret"}}})
	c, err := New(Config{BaseURL: idp.BaseURL(), Client: &http.Client{Transport: &http.Transport{}}, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	token, err := idp.UserToken(entra.Adele, emulatedClient, scope)
	if err != nil {
		t.Fatal(err)
	}
	return idp, func(queries ...string) []string {
		var texts []string
		for i, r := range c.Ask(t.Context(), secret.New(token), queries).Results {
			if r.Query != queries[i] {
				t.Errorf("result %d answers %q", i, r.Query)
			}
			texts = append(texts, r.JSON)
		}
		return texts
	}
}

func TestEmulatedGraph(t *testing.T) {
	_, ask := emulated(t, "User.Read GroupMember.Read.All", time.Minute)
	got := ask("/me?$select=displayName", "/me/memberOf/$count", "/me/manager", "/me/photo/$value", "/me/memberOf?$select=displayName", "/nothing")
	equal(t, "scalars and objects", got[:2], `{"displayName":"Adele Vance"}`, `{"$value":2}`)
	for i, want := range map[int]string{2: `{"error_status":403,"error_message":"`, 3: `{"error_status":404,"error_message":"`, 5: `{"error_status":400,"error_message":"`} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("result %d: %s", i, got[i])
		}
	}
	if !strings.HasPrefix(got[4], `{"value":[{`) {
		t.Errorf("groups: %s", got[4])
	}
	for i, text := range got {
		if strings.Contains(text, "@odata.") {
			t.Errorf("result %d holds annotations: %s", i, text)
		}
	}
}

func TestEmulatedGraphMisbehaves(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault entra.EndpointFault
		want  string
	}{
		{"well behaved", entra.EndpointFault{}, `{"displayName":"Adele Vance"}`},
		{"503", entra.EndpointFault{Status: 503, RetryAfter: 3600}, `{"error_status":503,`},
		{"401", entra.EndpointFault{Status: 401}, `{"error_status":401,`},
		{"garbage", entra.EndpointFault{Garbage: true}, `{"error_status":502,`},
		{"huge", entra.EndpointFault{HugeBytes: 100 << 20}, `{"error_status":502,`},
		{"dropped", entra.EndpointFault{Drop: true}, `{"error_status":503,`},
		{"another content type", entra.EndpointFault{ContentType: "text/html"}, `{"displayName":"Adele Vance"}`},
	} {
		idp, ask := emulated(t, "User.Read", time.Minute)
		idp.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointGraph: tt.fault}})
		if got := ask("/me?$select=displayName"); !strings.HasPrefix(got[0], tt.want) {
			t.Errorf("%s: %s", tt.name, got[0])
		}
	}

	idp, ask := emulated(t, "User.Read", 50*time.Millisecond)
	idp.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointGraph: {Delay: time.Hour}}})
	equal(t, "slow", ask("/me"), errorJSON(504, "Microsoft Graph did not answer in time"))

	idp, ask = emulated(t, "User.Read", time.Minute)
	idp.SetFaults(entra.Faults{Graph: map[string]entra.ItemFault{"/me/manager": {Status: 429, RetryAfter: 3600}}})
	equal(t, "one query throttled", ask("/me/manager", "/me?$select=displayName"), errorJSON(429, "Too many requests."), `{"displayName":"Adele Vance"}`)
}
