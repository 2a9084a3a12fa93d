package entra

import (
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestEndSessionURL(t *testing.T) {
	idp := newIDP()
	idp.metadata[endSessionMember] = "https://login.example/logout?p=policy&client_id=evil&logout_hint=evil&id_token_hint=evil&state=evil"
	rp := must(New(testConfig(idp, nil)))
	rp.provider.Store(must(rp.discover(t.Context())))
	bare := "https://login.example/logout?client_id=" + testClient
	raw, ok := rp.EndSessionURL(EndSession{ReturnURI: "https://app.example/out", State: "sealed&state", Hint: "O.CiRl+/="})
	q := must(url.Parse(raw)).Query()
	for name, want := range map[string]string{
		"post_logout_redirect_uri": "https://app.example/out", "state": "sealed&state", "client_id": testClient, "logout_hint": "O.CiRl+/=", "p": "policy",
	} {
		if len(q[name]) != 1 || q.Get(name) != want {
			t.Errorf("%s is %q, want once %q", name, q[name], want)
		}
	}
	if !ok || len(q) != 5 || !strings.HasPrefix(raw, "https://login.example/logout?") {
		t.Errorf("%s, %v", raw, ok)
	}
	if raw, ok := rp.EndSessionURL(EndSession{}); !ok || raw != bare+"&p=policy" {
		t.Errorf("nothing known: %q, %v", raw, ok)
	}
	delete(idp.metadata, endSessionMember)
	rp.provider.Store(must(rp.discover(t.Context())))
	if raw, ok := rp.EndSessionURL(EndSession{ReturnURI: "https://app.example/out", State: "s"}); ok || raw != "" {
		t.Errorf("without an address: %q, %v", raw, ok)
	}
}

// One hint is sent: the one that the provider wants if it fits, else the other.
func TestHintOfTheEndSessionURL(t *testing.T) {
	const hint, token = "O.CiRl", "aaa.bbb.ccc"
	// What is left for a hint beside the rest of the address.
	room := func(rp *RelyingParty, name string) int {
		raw, _ := rp.EndSessionURL(EndSession{ReturnURI: "https://app.example/out", State: "s"})
		return maxEndSession - len(raw) - len("&"+name+"=")
	}
	for _, kind := range []Kind{SingleTenant, MultiTenant, B2C, ExternalID, Plain} {
		rp := planParty(t, kind)
		rp.provider.Store(&provider{endSession: must(url.Parse("https://login.example/logout"))})
		ofHint, ofToken := room(rp, logoutHint), room(rp, idTokenHint)
		for _, tt := range []struct {
			name, hint, token string
			want, wantPlain   string // name of the parameter
		}{
			{"both", hint, token, logoutHint, idTokenHint},
			{"a logout_hint", hint, "", logoutHint, logoutHint},
			{"an ID token", "", token, idTokenHint, idTokenHint},
			{"neither", "", "", "", ""},
			{"a logout_hint that just fits", strings.Repeat("h", ofHint), "", logoutHint, logoutHint},
			{"a logout_hint that is too long", strings.Repeat("h", ofHint+1), "", "", ""},
			{"a logout_hint that is too long when it is escaped", strings.Repeat("/", ofHint/3+1), "", "", ""},
			{"a logout_hint that is too long, and an ID token", strings.Repeat("h", ofHint+1), token, idTokenHint, idTokenHint},
			{"an ID token that just fits", "", strings.Repeat("t", ofToken), idTokenHint, idTokenHint},
			{"an ID token that is too long", "", strings.Repeat("t", ofToken+1), "", ""},
			{"an ID token that is too long, and a logout_hint", hint, strings.Repeat("t", ofToken+1), logoutHint, logoutHint},
			{"both too long", strings.Repeat("h", ofHint+1), strings.Repeat("t", ofToken+1), "", ""},
		} {
			want := tt.want
			if kind == Plain {
				want = tt.wantPlain
			}
			raw, ok := rp.EndSessionURL(EndSession{ReturnURI: "https://app.example/out", State: "s", Hint: tt.hint, IDToken: secret.New(tt.token)})
			q := must(url.Parse(raw)).Query()
			if q.Has(logoutHint) != (want == logoutHint) || q.Has(idTokenHint) != (want == idTokenHint) || len(raw) > maxEndSession || !ok {
				t.Errorf("kind %d, %s: logout_hint %v, id_token_hint %v, %d bytes; want %q", kind, tt.name, q.Has(logoutHint), q.Has(idTokenHint), len(raw), want)
			}
			if value := q.Get(want); want != "" && value != tt.hint && value != tt.token {
				t.Errorf("kind %d, %s: %q", kind, tt.name, value)
			}
			if q.Get("client_id") != rp.cfg.ClientID || q.Get("state") != "s" || q.Get("post_logout_redirect_uri") != "https://app.example/out" {
				t.Errorf("kind %d, %s: %v", kind, tt.name, q)
			}
		}
	}
}
