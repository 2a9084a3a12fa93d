package entra

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const testGraph = "https://graph.microsoft.com"

// appParty is a relying party whose token endpoint is answer, without a network.
func appParty(answer func(r *http.Request) (*http.Response, error)) *RelyingParty {
	idp := newIDP()
	idp.answer = answer
	rp := must(New(testConfig(idp, nil)))
	rp.tenants.Load().all[0].doc.Store(&tenantDoc{token: "https://login.example/token"})
	return rp
}

// counting answers with a token whose text is the number of the request.
func counting(n *atomic.Int32, members string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return reply(http.StatusOK, fmt.Sprintf(`{"access_token":"app%d"%s}`, n.Add(1), members)), nil
	}
}

func TestAppTokenIsKept(t *testing.T) {
	for _, tt := range []struct {
		name, members string
		keep          time.Duration
	}{
		{"an hour", `,"expires_in":3600`, 55 * time.Minute},
		{"an hour as text", `,"expires_in":"3600"`, 55 * time.Minute},
		{"eleven minutes", `,"expires_in":660`, 6 * time.Minute},
		{"shorter than the margin: half", `,"expires_in":240`, 2 * time.Minute},
		{"a month: a day", `,"expires_in":2592000`, 24*time.Hour - 5*time.Minute},
		{"not said", ``, 0},
		{"none", `,"expires_in":0`, 0},
		{"negative", `,"expires_in":-5`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int32
				rp := appParty(counting(&n, tt.members))
				get := func() string {
					token, err := rp.AppToken(t.Context(), "", testGraph)
					if err != nil {
						t.Fatal(err)
					}
					return token.Reveal()
				}
				if got := get(); got != "app1" {
					t.Fatalf("first: %s", got)
				}
				if tt.keep > 0 {
					time.Sleep(tt.keep - time.Second)
					if got := get(); got != "app1" {
						t.Errorf("just before the end: %s", got)
					}
					time.Sleep(time.Second)
				}
				if got := get(); got != "app2" {
					t.Errorf("after the end: %s", got)
				}
			})
		})
	}
}

func TestAppTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var form, where string
		rp := appParty(func(r *http.Request) (*http.Response, error) {
			_ = r.ParseForm()
			form, where = r.PostForm.Encode(), r.URL.String()
			return reply(http.StatusOK, `{"access_token":"app","expires_in":3600}`), nil
		})
		const want = "client_id=" + testClient + "&client_secret=" + testSecret + "&grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
		if _, err := rp.AppToken(t.Context(), testTenant, testGraph+"/"); err != nil || form != want || where != "https://login.example/token" {
			t.Errorf("%v: %s to %s", err, form, where)
		}
	})
}

func TestAppTokenRefusals(t *testing.T) {
	answer := func(*http.Request) (*http.Response, error) {
		return reply(http.StatusOK, `{"access_token":"app","expires_in":3600}`), nil
	}
	for _, tt := range []struct {
		name             string
		edit             func(*RelyingParty)
		tenant, resource string
		want             Reason
	}{
		{"good", nil, "", testGraph, ""},
		{"the tenant by its GUID", nil, testTenant, testGraph, ""},
		{"another tenant", nil, otherTenant, testGraph, ReasonTenant},
		{"no resource", nil, "", "", ReasonScope},
		{"two resources", nil, "", testGraph + " https://b.test", ReasonScope},
		{"B2C", func(rp *RelyingParty) { rp.cfg.Kind = B2C }, "", testGraph, ReasonClient},
		{"another provider", func(rp *RelyingParty) { rp.cfg.Kind = Plain }, "", testGraph, ReasonClient},
		{"External ID", func(rp *RelyingParty) { rp.cfg.Kind = ExternalID }, "", testGraph, ""},
		{"the tenant's document is not there", func(rp *RelyingParty) { rp.tenants.Load().all[0].doc.Store(nil) }, "", testGraph, ReasonUnavailable},
		{"the tenant is not known", func(rp *RelyingParty) { rp.tenants.Store(nil) }, "", testGraph, ReasonUnavailable},
	} {
		rp := appParty(answer)
		if tt.edit != nil {
			tt.edit(rp)
		}
		token, err := rp.AppToken(t.Context(), tt.tenant, tt.resource)
		if got := reasonOf(t, err); got != tt.want || token.Empty() != (err != nil) {
			t.Errorf("%s: %q, want %q (%v)", tt.name, got, tt.want, err)
		}
	}
}

// Each tenant is asked at its own endpoint, and has its own token.
func TestAppTokensOfTenants(t *testing.T) {
	var asked []string
	rp := appParty(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Path)
		return reply(http.StatusOK, fmt.Sprintf(`{"access_token":"app%d","expires_in":3600}`, len(asked))), nil
	})
	rp.cfg.Kind = MultiTenant
	var all []*tenant
	for _, id := range []string{testTenant, otherTenant} {
		one := &tenant{id: id, v2: "https://login.example/" + id + "/v2.0"}
		one.doc.Store(&tenantDoc{token: "https://login.example/" + id + "/token"})
		all = append(all, one)
	}
	rp.tenants.Store(newTenantSet(all...))
	for _, tt := range []struct{ tenant, resource, want string }{
		{"", testGraph, "app1"},
		{testTenant, testGraph, "app1"},
		{otherTenant, testGraph, "app2"},
		{otherTenant, "https://b.test", "app3"},
		{otherTenant, testGraph, "app2"},
	} {
		if got, err := rp.AppToken(t.Context(), tt.tenant, tt.resource); err != nil || got.Reveal() != tt.want {
			t.Errorf("%+v: %s, %v", tt, got.Reveal(), err)
		}
	}
	if len(asked) != 3 || asked[0] != "/"+testTenant+"/token" || asked[1] != "/"+otherTenant+"/token" {
		t.Errorf("asked %q", asked)
	}
}

func TestAppTokenPausesAfterAFailure(t *testing.T) {
	for _, tt := range []struct {
		name, after string
		status      int
		body        string
		want        Reason
		pause       time.Duration
	}{
		{"refused", "", 401, `{"error":"invalid_client","error_description":"AADSTS7000222: x"}`, ReasonClient, 30 * time.Second},
		{"500", "", 500, ``, ReasonIDPError, 30 * time.Second},
		{"throttled", "", 429, ``, ReasonUnavailable, 30 * time.Second},
		{"throttled for a second", "1", 429, ``, ReasonUnavailable, 30 * time.Second},
		{"throttled for two minutes", "120", 429, ``, ReasonUnavailable, 2 * time.Minute},
		{"throttled for a day", "86400", 429, ``, ReasonUnavailable, 5 * time.Minute},
		{"503 for a minute", "60", 503, ``, ReasonUnavailable, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int32
				rp := appParty(func(*http.Request) (*http.Response, error) {
					if n.Add(1) > 1 {
						return reply(http.StatusOK, `{"access_token":"app","expires_in":3600}`), nil
					}
					resp := reply(tt.status, tt.body)
					if tt.after != "" {
						resp.Header.Set("Retry-After", tt.after)
					}
					return resp, nil
				})
				get := func() Reason {
					_, err := rp.AppToken(t.Context(), "", testGraph)
					return reasonOf(t, err)
				}
				if got := get(); got != tt.want {
					t.Errorf("first: %q, want %q", got, tt.want)
				}
				time.Sleep(tt.pause - time.Second)
				if got := get(); got != tt.want || n.Load() != 1 {
					t.Errorf("within the pause: %q after %d requests", got, n.Load())
				}
				time.Sleep(time.Second)
				if got := get(); got != "" || n.Load() != 2 {
					t.Errorf("after the pause: %q after %d requests", got, n.Load())
				}
			})
		})
	}
}

// Many who ask at once share one request, which none of them can cancel.
func TestAppTokenSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		rp := appParty(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(3 * time.Second):
				return counting(&n, `,"expires_in":3600`)(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := rp.AppToken(hasty, "", testGraph); reasonOf(t, err) != ReasonUnavailable {
				t.Errorf("who does not wait: %v", err)
			}
		})
		synctest.Wait()
		for range 50 {
			wait.Go(func() {
				if token, err := rp.AppToken(t.Context(), "", testGraph); err != nil || token.Reveal() != "app1" {
					t.Errorf("%s, %v", token.Reveal(), err)
				}
			})
		}
		wait.Wait()
		if n.Load() != 1 {
			t.Errorf("%d requests", n.Load())
		}
	})
}

// A provider that does not answer is given up, and the next caller may ask again.
func TestAppTokenIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rp := appParty(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() })
		begun := time.Now()
		if _, err := rp.AppToken(t.Context(), "", testGraph); reasonOf(t, err) != ReasonUnavailable || time.Since(begun) != fetchTimeout {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

func TestAppTokensAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		rp := appParty(counting(&n, `,"expires_in":3600`))
		for i := range 3 * maxAppTokens {
			if _, err := rp.AppToken(t.Context(), "", fmt.Sprintf("https://r%d.test", i)); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(rp.apps.all); got != maxAppTokens {
			t.Errorf("%d entries, want %d", got, maxAppTokens)
		}
		time.Sleep(time.Hour)
		if _, err := rp.AppToken(t.Context(), "", testGraph); err != nil || len(rp.apps.all) != 1 {
			t.Errorf("%d entries after all have ended: %v", len(rp.apps.all), err)
		}
	})
}
