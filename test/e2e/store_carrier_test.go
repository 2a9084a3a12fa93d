package e2e

import (
	"crypto/cipher"
	"encoding/binary"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// What the server derives from its keys for a session in a store, done once more
// here: where its record is, and what opens it.
const (
	purposeCarrier = "session"
	purposeRecord  = "session key"
	purposeValue   = "session value"
	carrierFormat  = 1
)

// carrier is what the cookie of a session in a store holds.
type carrier struct {
	ring    seal.KeyID
	id      [16]byte
	secret  [32]byte
	version uint64
}

func carrierBox(t *testing.T, ring *seal.Ring) *seal.Box {
	t.Helper()
	box, err := ring.Box(seal.Config{Purpose: purposeCarrier, MaxLength: 256})
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// carrierOf opens a cookie of a stand with the stand's key.
func carrierOf(t *testing.T, s *stand.Stand, value string) carrier {
	t.Helper()
	return openCarrier(t, ringOf(t, s), value)
}

func openCarrier(t *testing.T, ring *seal.Ring, value string) (c carrier) {
	t.Helper()
	plain, id, err := carrierBox(t, ring).OpenKey(ticketCookie, value)
	if err != nil || len(plain) < 1+len(c.id)+len(c.secret)+1 || plain[0] != carrierFormat {
		t.Fatalf("the session's cookie is not of the form that this test knows: %d bytes, %v", len(plain), err)
	}
	c.ring = id
	plain = plain[1:]
	plain = plain[copy(c.id[:], plain):]
	plain = plain[copy(c.secret[:], plain):]
	c.version, _ = binary.Uvarint(plain)
	return c
}

// seal makes a cookie's value that only the server's keys can make.
func (c carrier) seal(box *seal.Box) (string, error) {
	plain := append([]byte{carrierFormat}, c.id[:]...)
	plain = append(plain, c.secret[:]...)
	return box.Seal(ticketCookie, binary.AppendUvarint(plain, c.version))
}

// key is where the session's record is.
func (c carrier) key(ring *seal.Ring) session.Key {
	sum, _ := ring.MAC(c.ring, purposeRecord, c.id[:])
	return sum
}

// opener is what opens records with one secret and one key of the ring.
func opener(ring *seal.Ring, id seal.KeyID, secret []byte) cipher.AEAD {
	mixed, ok := ring.Mix(id, purposeValue, secret)
	if !ok {
		return nil
	}
	return sealer(mixed)
}

func sealer(key [32]byte) cipher.AEAD {
	aead, err := seal.AEAD(key)
	if err != nil {
		return nil
	}
	return aead
}

// openRecord opens a record's value, nil if it does not.
func openRecord(aead cipher.AEAD, r *session.Record) []byte {
	if aead == nil {
		return nil
	}
	plain, err := aead.Open(nil, nil, r.Value, strconv.AppendUint(r.Key[:], r.Version, 10))
	if err != nil {
		return nil
	}
	return plain
}

// plant puts a cookie into the browser.
func (v *visitor) plant(name, value string) {
	v.t.Helper()
	at, err := url.Parse(v.url("/"))
	if err != nil {
		v.t.Fatal(err)
	}
	v.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}
