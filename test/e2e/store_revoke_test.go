package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// warm lets every EasyAuth remember a session: it is served without the store.
func (v *visitor) warm() {
	v.t.Helper()
	const hits = `easyauth_cache_requests_total{cache="sessions",result="hit"}`
	for i := range 2 {
		waitUntil(v.t, "a session to be remembered", func() bool {
			before := v.metric(i, hits)
			return v.at(i, v.ticket()).status == http.StatusAccepted && v.metric(i, hits) > before
		})
	}
}

// currentSession is what /easyauth/me calls the session of this browser.
func (v *visitor) currentSession() string {
	v.t.Helper()
	var me struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	r := v.do(http.MethodGet, "/easyauth/me", http.Header{"Accept": {"application/json"}})
	if err := json.Unmarshal([]byte(r.body), &me); err != nil {
		v.t.Fatalf("/easyauth/me: %d %v\n%.300s", r.status, err, r.body)
	}
	for _, s := range me.Sessions {
		if s.Current {
			return s.ID
		}
	}
	v.t.Fatalf("/easyauth/me does not name the session: %.500s", r.body)
	return ""
}

// post sends a form of ours, as a browser on our page does.
func (v *visitor) post(target string, form url.Values) *reply {
	v.t.Helper()
	h := joined(page(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"same-origin"}, "Origin": {strings.TrimSuffix(v.url("/"), "/")}})
	r, err := v.ask(http.MethodPost, target, h, form.Encode())
	if err != nil {
		v.t.Fatal(err)
	}
	return r
}

// A session that is ended on one EasyAuth ends on the other, which remembers it: each
// within the 5 s of the law, and half of the ways within a second, which is some
// hundred times what it takes. The figures say how long each took.
func TestAttack30Revoked(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		s := start(t, k.replicas(nil))
		ways := []struct {
			name string
			end  func(t *testing.T, v, other *visitor) // other is the same person in another browser
			all  bool                                  // the other browser's session ends too
		}{
			{"sign-out", func(t *testing.T, v, _ *visitor) {
				if r := v.do(http.MethodGet, "/easyauth/logout", clicked()); r.status != http.StatusFound {
					t.Errorf("%d\n%.300s", r.status, r.body)
				}
			}, false},
			{"sign-out-everywhere", func(t *testing.T, _, other *visitor) {
				if r := other.post("/easyauth/logout", url.Values{"everywhere": {"1"}}); r.status != http.StatusFound {
					t.Errorf("%d\n%.300s", r.status, r.body)
				}
			}, true},
			{"me", func(t *testing.T, v, other *visitor) {
				id := v.currentSession()
				if r := other.post("/easyauth/me", url.Values{"session": {id}}); r.status != http.StatusSeeOther {
					t.Errorf("%d\n%.300s", r.status, r.body)
				}
			}, false},
			{"command", func(t *testing.T, _, _ *visitor) {
				out, err := s.Command(t.Context(), "sessions", "revoke", "--user", entra.AdeleOID)
				if err != nil || !strings.Contains(out, "Revoked 2 sessions.") {
					t.Errorf("%v\n%s", err, out)
				}
			}, true},
		}
		var all []time.Duration
		for _, way := range ways {
			v, other, stranger := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob)
			kept, others := v.ticket(), other.ticket()
			for _, each := range []*visitor{v, other, stranger} {
				each.warm()
			}
			way.end(t, v, other)
			ended := time.Now()
			took := max(v.refused(0, kept, ended), v.refused(1, kept, ended))
			attr(t, way.name+"-ms", took.Milliseconds())
			all = append(all, took)
			for i := range 2 {
				want := http.StatusAccepted
				if way.all {
					other.refused(i, others, ended)
					want = http.StatusUnauthorized
				}
				if r := other.at(i, others); r.status != want {
					t.Errorf("%s: replica %d: the other browser: %d", way.name, i, r.status)
				}
				if r := stranger.at(i, stranger.ticket()); r.status != http.StatusAccepted {
					t.Errorf("%s: replica %d: somebody else: %d", way.name, i, r.status)
				}
			}
			if r := v.with(kept, "/echo"); r.status != http.StatusFound {
				t.Errorf("%s: through nginx: %d", way.name, r.status)
			}
			if r := v.with(kept, "/easyauth/me"); r.status != http.StatusUnauthorized {
				t.Errorf("%s: /easyauth/me: %d", way.name, r.status)
			}
			if out, err := s.Command(t.Context(), "sessions", "revoke", "--all"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		if slices.Sort(all); all[(len(all)-1)/2] > time.Second {
			t.Errorf("half of the ways took longer than a second: %v", all)
		}
	})
}
