package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

// drawFault is an endpoint that answers with garbage, or not at all.
func drawFault(r *property.Rand) emulator.EndpointFault {
	switch r.IntN(12) {
	case 0:
		return emulator.EndpointFault{Drop: true}
	case 1:
		return emulator.EndpointFault{Status: property.One(r, []int{204, 301, 400, 401, 403, 404, 429, 500, 502, 503})}
	case 2:
		return emulator.EndpointFault{Garbage: true}
	case 3:
		return emulator.EndpointFault{Location: "/elsewhere", Status: property.One(r, []int{301, 302, 307, 308})}
	case 4:
		return emulator.EndpointFault{Body: drawGarbage(r), ContentType: property.One(r, []string{"text/html", "application/xml", "text/plain; charset=utf-7", "x"})}
	}
	f := emulator.EndpointFault{Body: drawGarbage(r)}
	if r.Chance(4) {
		f.Status = property.One(r, []int{400, 403, 500})
	}
	return f
}

// shortly names a fault in a failure.
func shortly(f emulator.EndpointFault) string {
	return fmt.Sprintf("status %d, drop %v, garbage %v, to %q, body %.80q", f.Status, f.Drop, f.Garbage, f.Location, f.Body)
}

// drawGarbage is a body that says nothing, or almost.
func drawGarbage(r *property.Rand) string {
	depth := r.Between(1, 20_000)
	texts := []string{
		" ", "null", "true", "0", `""`, "[]", "{}", "[[]]", "{", "[", `{"keys"`, `{"keys":`, `{"keys":null}`, `{"keys":{}}`, `{"keys":[]}`, `{"keys":[null]}`, `{"keys":[[]]}`,
		`{"keys":[{}]}`, `{"keys":[{"kty":"RSA"}]}`, `{"keys":[{"kty":"RSA","kid":"x","n":"","e":"AQAB"}]}`, `{"keys":[{"kty":"RSA","kid":"x","n":"AQ","e":"Ag"}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","kid":"x","x":"AA","y":"AA"}]}`, `{"keys":[{"kty":"oct","kid":"x","k":"AAAA"}]}`, `{"keys":[{"kty":1,"kid":2,"n":3}]}`,
		`{"value":null}`, `{"value":[null]}`, `{"value":{}}`, `{"value":[1,2]}`, `{"value":["x"]}`, `{"value":true}`, `{"@odata.nextLink":"x","value":[]}`, `{"responses":[]}`,
		`{"responses":[{"id":"0"}]}`, `{"responses":[{"id":"0","status":200,"body":null}]}`, `{"responses":null}`,
		`{"access_token":""}`, `{"access_token":1,"expires_in":"x"}`, `{"access_token":"x"}`, `{"access_token":"x","token_type":"Bearer","expires_in":-1}`,
		`{"access_token":"x","token_type":"Bearer","expires_in":1e400}`, `{"access_token":"x","id_token":"y"}`, `{"access_token":"x","id_token":"a.b.c","refresh_token":""}`,
		`{"error":""}`, `{"error":null}`, `{"error":{"code":"x"}}`, "<html>", "\x00", "\xff\xfe{", "\xef\xbb\xbf{}", `{"a":1}{"a":2}`, `{"a":1e999999}`, strings.Repeat("[", depth),
		strings.Repeat(`{"a":`, depth), `{"keys":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}", `{"a":"` + strings.Repeat("x", depth) + `"}`,
	}
	const bytes = `{}[]",:0e-\x` + "\x00\xff"
	text := property.One(r, texts)
	if r.Chance(3) { // with some bytes of it changed
		b := []byte(text)
		for range r.Between(1, 4) {
			if len(b) > 0 {
				b[r.IntN(len(b))] = bytes[r.IntN(len(bytes))]
			}
		}
		text = string(b)
	}
	return text
}

// The provider publishes garbage instead of its keys: a token of a key that nobody
// knows never passes, one that is known stays itself, and afterwards both pass.
func TestGarbageInsteadOfKeysNeverOpens(t *testing.T) {
	k := newKit(t, options{bearer: true})
	property.Try(t, 4, func(t *testing.T, r *property.Rand) {
		old := k.bearerOf(emulator.Bob)
		if resp := k.ask("GET", "", old); resp.StatusCode != http.StatusAccepted {
			t.Fatalf("before: %d", resp.StatusCode)
		}
		k.idp.RotateKeys()
		k.idp.DropOldKeys()
		fresh := k.bearerOf(emulator.Adele)
		for range 12 {
			k.advance(61 * time.Second) // keys are asked for once a minute
			f := drawFault(r)
			k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointKeys: f}})
			for name, h := range map[string]http.Header{"of a new key": fresh, "of the old key": old} {
				resp := k.ask("GET", "", h)
				wellAnswered(t, resp)
				if resp.StatusCode == http.StatusAccepted && (name == "of a new key" || resp.Header.Get("X-Injected-Oid") != emulator.BobOID) {
					t.Errorf("%s: a token %s passed as %q", shortly(f), name, resp.Header.Get("X-Injected-Oid"))
				}
			}
		}
		k.idp.ClearFaults()
		k.advance(61 * time.Second)
		if resp := k.ask("GET", "", fresh); resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID {
			t.Errorf("mended: %d %s", resp.StatusCode, k.lastReason())
		}
		if resp := k.ask("GET", "", old); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("a token of a key that was withdrawn: %d", resp.StatusCode)
		}
	})
}

// namesNoGroup reports whether a body is an answer after all: that somebody is in
// none of the groups.
func namesNoGroup(body string) bool {
	var answer struct{ Value []string }
	return json.Unmarshal([]byte(body), &answer) == nil && answer.Value != nil
}

// Graph, or the provider, answers garbage when it is asked for the groups of a
// token: nobody is in a group because of it.
func TestGarbageInsteadOfGroupsNeverOpens(t *testing.T) {
	k := newKit(t, asksForBearers("GroupMember.Read.All"))
	passed, unsure := 0, 0
	property.Try(t, 60, func(t *testing.T, r *property.Rand) {
		k.advance(time.Second) // another token
		grace := k.bearerOf(emulator.Grace)
		f := drawFault(r)
		if namesNoGroup(f.Body) {
			f = emulator.EndpointFault{Garbage: true}
		}
		endpoint := property.One(r, []emulator.Endpoint{emulator.EndpointGraph, emulator.EndpointToken})
		k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{endpoint: f}})
		for query, member := range map[string]bool{inAny(250): true, inAny(251): false, inAny(251) + "&" + inAny(250): false} {
			resp := k.ask("GET", query, grace)
			wellAnswered(t, resp)
			switch {
			case resp.StatusCode == http.StatusAccepted && (!member || resp.Header.Get("X-Injected-Oid") == ""):
				t.Errorf("%s: %s: %q passed", endpoint, shortly(f), query)
			case resp.StatusCode == http.StatusAccepted:
				passed++
			case endpoint == emulator.EndpointGraph && k.lastReason() != "groups_unknown":
				t.Errorf("%s: %q: %d %s, though nobody can tell", shortly(f), query, resp.StatusCode, k.lastReason())
			default:
				unsure++
			}
		}
		k.idp.ClearFaults()
		k.advance(2 * time.Minute)
		if resp := k.ask("GET", inAny(250), grace); resp.StatusCode != http.StatusAccepted {
			t.Errorf("%s: %s: mended: %d %s", endpoint, shortly(f), resp.StatusCode, k.lastReason())
		}
		if resp := k.ask("GET", inAny(251), grace); resp.StatusCode == http.StatusAccepted {
			t.Errorf("%s: %s: mended: in a group of others", endpoint, shortly(f))
		}
	})
	t.Logf("%d passed, of %d nobody could tell", passed, unsure)
}

// The provider answers garbage when a session is refreshed: it is believed for a
// while, then nobody can tell, and it never ends or becomes somebody else's.
func TestGarbageInsteadOfTokensEndsNoSession(t *testing.T) {
	p := newPair(t, options{lifetime: 1000 * time.Hour})
	b := p.a.signedIn(emulator.Adele)
	value := b.cookie(p.a.cookies.Ticket.Name)
	kits := []*kit{p.a, p.b}
	seen := map[string]int{}
	property.Try(t, 40, func(t *testing.T, r *property.Rand) {
		p.advance(property.One(r, []time.Duration{57 * time.Minute, time.Hour + time.Minute, time.Hour + 10*time.Minute}))
		f := drawFault(r)
		p.a.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: f}})
		for range 2 {
			k := p.a // the other would wait for its lease
			resp := b.at(k).check(page, "role=Admin")
			wellAnswered(t, resp.Response)
			seen[fmt.Sprint(resp.StatusCode, " ", k.lastReason())]++
			if set, removed := resp.sessionCookie(k); set || removed {
				t.Errorf("%s: the session's cookie is set %v, removed %v", shortly(f), set, removed)
			}
			switch {
			case resp.StatusCode == http.StatusAccepted && resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID:
				t.Errorf("%s: passed as %q", shortly(f), resp.Header.Get("X-Injected-Oid"))
			case resp.StatusCode != http.StatusAccepted && !strings.Contains(k.log.String(), `"reason":"not_refreshed"`):
				t.Errorf("%s: %d %s", shortly(f), resp.StatusCode, k.lastReason())
			}
			if resp := b.at(k).check(page, "role=Owner"); resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: in a role of others: %d", shortly(f), resp.StatusCode)
			}
		}
		p.a.idp.ClearFaults()
		p.advance(2 * time.Minute)
		for _, k := range kits {
			resp := b.at(k).check(page, "role=Admin")
			if resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID || b.cookie(k.cookies.Ticket.Name) != value {
				t.Errorf("%s: mended: %d %s", shortly(f), resp.StatusCode, k.lastReason())
			}
		}
	})
	t.Logf("%v", seen)
}
