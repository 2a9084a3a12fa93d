package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// issued remembers the tokens that the emulator gives.
type issued struct {
	mu     sync.Mutex
	tokens map[string]string
}

func (i *issued) see(answer map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if answer["refresh_token"] == nil { // of the application's own
		return
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token"} {
		if token, ok := answer[name].(string); ok {
			i.tokens[name] = token
		}
	}
}

// forms are the ways in which a text may stand in bytes, by name.
func forms(text []byte) map[string][][]byte {
	utf16le, utf16be := []byte{}, []byte{}
	for _, unit := range utf16.Encode([]rune(string(text))) {
		utf16le = append(utf16le, byte(unit), byte(unit>>8)) //nolint:gosec // its lower half
		utf16be = append(utf16be, byte(unit>>8), byte(unit)) //nolint:gosec // its lower half
	}
	out := map[string][][]byte{
		"raw": {text}, "UTF-16": {utf16le, utf16be},
		"hex": {[]byte(hex.EncodeToString(text)), []byte(strings.ToUpper(hex.EncodeToString(text)))},
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			// What stands before and behind shares a character with the text.
			shifted := encoding.EncodeToString(append(make([]byte, before), text...))
			from, to := (before*8+5)/6, (before+len(text))*8/6
			out["base64"] = append(out["base64"], []byte(shifted[from:to]))
		}
	}
	return out
}

// holds lists what of some texts a dump holds, and in which form.
func holds(dump []byte, texts map[string]string) (found []string) {
	lower := bytes.ToLower(dump)
	for name, text := range texts {
		for form, variants := range forms([]byte(text)) {
			for _, variant := range variants {
				if bytes.Contains(dump, variant) || form == "raw" && bytes.Contains(lower, bytes.ToLower(variant)) {
					found = append(found, name+" as "+form)
				}
			}
		}
	}
	return found
}

// parts cuts a token where it may be kept in pieces.
func parts(name, token string) map[string]string {
	out := map[string]string{}
	for i, part := range strings.Split(token, ".") {
		if len(part) < 12 {
			continue
		}
		out[fmt.Sprintf("%s, part %d", name, i)] = part
		out[fmt.Sprintf("%s, the middle of part %d", name, i)] = part[len(part)/3 : len(part)/3+min(16, len(part)/3)]
	}
	return out
}

// The whole store, as a thief has it, with all keys of the server opens no session:
// what is missing is in the browser alone.
func TestStoreDumpOpensNothing(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		s := start(t, k.replicas(map[string]string{"EASYAUTH_SCOPES": "User.Read"}))
		seen := &issued{tokens: map[string]string{}}
		s.Entra.SetFaults(entra.Faults{TokenEdit: seen.see})
		v := newVisitor(t, s, entra.Adele)
		if r := v.open("/echo"); r.status != http.StatusOK {
			t.Fatalf("sign-in: %d", r.status)
		}
		if len(seen.tokens) != 3 {
			t.Fatalf("the emulator gave %d kinds of tokens", len(seen.tokens))
		}
		u, _ := s.Entra.User(entra.Adele)
		rawOID, err := hex.DecodeString(strings.ReplaceAll(u.ObjectID, "-", ""))
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{
			"name": u.Name, "surname": "Vance", "object id": u.ObjectID, "object id in 16 bytes": string(rawOID), "email": u.Email, "user name": u.Username,
			"a role": u.Roles[0], "another role": u.Roles[1], "a group": u.Groups[0], "the subject's tenant": s.Entra.TenantID(),
			"the server's key": "0123456789012345", "the cookie": v.cookie(ticketCookie)[6:],
		}
		for name, token := range seen.tokens {
			for part, text := range parts(name, token) {
				texts[part] = text
			}
		}
		c := carrierOf(t, s, v.cookie(ticketCookie))
		texts["the cookie's key"], texts["the cookie's id"] = string(c.secret[:]), string(c.id[:])
		dump := k.Dump()
		if found := holds(dump, texts); len(found) > 0 {
			t.Errorf("the dump of %d bytes holds %q", len(dump), found)
		}
		ring := ringOf(t, s)
		record, err := k.open(t, s).Get(t.Context(), c.key(ring))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(dump, record.Value) && !bytes.Contains(dump, []byte(hex.EncodeToString(record.Value))) {
			t.Error("the dump does not hold the record: the test proves nothing")
		}

		tried := 0
		for _, where := range [][]byte{dump, []byte("0123456789" + string(record.Value) + string(record.Label))} {
			for i := range max(len(where)-31, 0) {
				tried++
				if opensWith(ring, record, where[i:i+32]) {
					t.Fatalf("32 bytes of the dump, from %d on, open the record", i)
				}
			}
		}
		attr(t, "dump-bytes", len(dump))
		attr(t, "secrets-tried", tried)

		// The browser's part opens it, and what must not be seen is inside.
		plain := openRecord(opener(ring, c.ring, c.secret[:]), record)
		if plain == nil {
			t.Fatal("the browser's key does not open the record: the test proves nothing")
		}
		for name, text := range map[string]string{"the refresh token": seen.tokens["refresh_token"], "the access token": seen.tokens["access_token"], "the object id": string(rawOID), "the name": u.Name} {
			if len(holds(plain, map[string]string{name: text})) == 0 {
				t.Errorf("%s is not in the opened record", name)
			}
		}
		other := c.secret
		other[0] ^= 1
		if openRecord(opener(ring, c.ring, other[:]), record) != nil {
			t.Error("another key opens it too")
		}
	})
}

// opensWith tries 32 bytes as the browser's part, and as the key itself.
func opensWith(ring *seal.Ring, r *session.Record, secret []byte) bool {
	for _, id := range ring.IDs() {
		if openRecord(opener(ring, id, secret), r) != nil {
			return true
		}
	}
	return openRecord(sealer([32]byte(secret)), r) != nil
}

// A text is found in each of its forms, wherever it stands.
func TestDumpIsSearched(t *testing.T) {
	t.Parallel()
	const text = "adele.vance@contoso.example"
	for before := range 4 {
		plain := append(bytes.Repeat([]byte{0xff}, before), text+"\x00\xffmore"...)
		for form, dump := range map[string][]byte{
			"raw": plain, "hex": []byte(hex.EncodeToString(plain)), "base64": []byte(base64.StdEncoding.EncodeToString(plain)),
			"UTF-16": append(make([]byte, before), forms([]byte(text))["UTF-16"][before%2]...),
		} {
			if found := holds(dump, map[string]string{"it": text}); len(found) == 0 || !strings.HasSuffix(found[0], form) {
				t.Errorf("%d bytes before it, %s: found %q", before, form, found)
			}
		}
	}
	if found := holds([]byte("adele.vance@contoso.exampl"), map[string]string{"it": text}); len(found) > 0 {
		t.Errorf("found %q where it is not", found)
	}
}
