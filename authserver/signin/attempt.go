package signin

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const (
	attemptLifetime = 10 * time.Minute
	maxState        = 1200 // characters; Entra ID fails near 1,800 (AADSTS90015)
	maxReturn       = 2000 // characters of a return cookie; with the redirect they fit nginx's 4k buffer
	stateName       = "state"
	maxRestarts     = 3
)

// attempt is one sign-in on its way to the IdP and back. It travels sealed in
// state. Nonce and PKCE verifier are not in it: both follow from its id and the
// secret in the browser cookie.
type attempt struct {
	ID      attemptID
	Started time.Time
	Binder  [16]byte // follows from the browser's secret too: proves the browser before any network call

	// Restarts counts how often a callback began this anew: first sign-ins of
	// several tabs had replaced each other's browser cookie, a silent one needs a
	// person, or Microsoft Graph asked for a stronger one.
	Restarts int

	// Silent: the provider was asked to show nothing (prompt=none).
	Silent bool
	// Groups: Microsoft Graph may have to be asked for groups.
	Groups bool
	// Challenged: it brings what a claims challenge of Microsoft Graph asked for.
	Challenged bool

	Return  string         // absolute URL, checked
	Missing access.Missing // scopes and graph queries that this trip asks for

	// returnSlot is the return cookie that holds Return and Missing because they
	// do not fit into state; -1 when they did.
	returnSlot int
	ownReturn  bool // that cookie came, and is this attempt's
}

type attemptID [16]byte

// derived are the values that prove a browser and an attempt to each other.
type derived struct {
	binder   [16]byte
	nonce    string
	verifier string
}

func derive(secret [16]byte, id attemptID) (derived, error) {
	part := func(info string, n int) ([]byte, error) {
		return hkdf.Key(sha256.New, secret[:], id[:], "easyauth attempt "+info, n)
	}
	var d derived
	binder, err := part("binder", len(d.binder))
	if err != nil {
		return d, err
	}
	nonce, err := part("nonce", 32)
	if err != nil {
		return d, err
	}
	verifier, err := part("verifier", 32) // 43 characters: RFC 7636's least, 256 bits
	if err != nil {
		return d, err
	}
	copy(d.binder[:], binder)
	d.nonce, d.verifier = base64.RawURLEncoding.EncodeToString(nonce), base64.RawURLEncoding.EncodeToString(verifier)
	return d, nil
}

// boundTo reports whether the attempt began in the browser with this secret.
func (a *attempt) boundTo(d derived) bool { return hmac.Equal(a.Binder[:], d.binder[:]) }

// attempts seals attempts into state and opens them.
type attempts struct {
	state   *seal.Box
	returns *seal.Box
	cookies [cookie.ReturnSlots]cookie.Cookie
	names   queryNames
	now     func() time.Time
}

func newAttempts(ring *seal.Ring, cookies [cookie.ReturnSlots]cookie.Cookie, names queryNames, now func() time.Time) (*attempts, error) {
	state, err := ring.Box(seal.Config{Purpose: "attempt", MaxLength: maxState, Hourly: true, Now: now})
	if err != nil {
		return nil, err
	}
	returns, err := ring.Box(seal.Config{Purpose: "return", MaxLength: maxReturn, Hourly: true, Now: now})
	if err != nil {
		return nil, err
	}
	return &attempts{state: state, returns: returns, cookies: cookies, names: names, now: now}, nil
}

func newAttemptID() attemptID {
	var id attemptID
	_, _ = rand.Read(id[:]) // never fails: crypto/rand
	return id
}

// errTooMuch means that return URL and requirement fit neither state nor a cookie.
var errTooMuch = errors.New("the scopes and graph queries of one sign-in do not fit")

// seal returns state, and the Set-Cookie line of a return cookie if one is
// needed. A return URL that does not fit even there gives way to fallback.
func (as *attempts) seal(h http.Header, a *attempt, fallback string) (state, line string, err error) {
	long := a.Missing
	a.Missing = as.names.short(long)
	defer func() { a.Missing = long }()
	a.returnSlot = -1
	state, err = as.state.Seal(stateName, encodeAttempt(a))
	if !errors.Is(err, seal.ErrTooLong) {
		return state, "", err
	}
	a.returnSlot = int(a.ID[0]) % len(as.cookies)
	c := as.cookies[a.returnSlot]
	sealed, err := as.sealReturn(h, c, a)
	if errors.Is(err, seal.ErrTooLong) {
		a.Return = fallback
		if sealed, err = as.sealReturn(h, c, a); errors.Is(err, seal.ErrTooLong) {
			return "", "", errTooMuch
		}
	}
	if err != nil {
		return "", "", err
	}
	state, err = as.state.Seal(stateName, encodeAttempt(a))
	return state, c.Set(sealed, attemptLifetime), err
}

// sealReturn refuses a value that, beside the request's cookies and the other
// return cookies, might not fit into one header line of nginx (8k).
func (as *attempts) sealReturn(h http.Header, c cookie.Cookie, a *attempt) (string, error) {
	const line = 7500
	room := line
	for _, cookies := range h["Cookie"] {
		room -= len(cookies)
	}
	sealed, err := as.returns.Seal(c.Name, encodeReturn(a))
	if err == nil && len(sealed) > room/cookie.ReturnSlots {
		return "", seal.ErrTooLong
	}
	return sealed, err
}

var errExpired = errors.New("the sign-in began more than ten minutes ago")

// open authenticates state and, if need be, finds its return cookie. It says
// nothing of the browser: the caller compares the binder. With errExpired the
// attempt is returned for its return URL.
func (as *attempts) open(h http.Header, state string) (*attempt, error) {
	plain, err := as.state.Open(stateName, state)
	if err != nil {
		return nil, err
	}
	a, err := decodeAttempt(plain)
	if err != nil {
		return nil, err
	}
	if a.returnSlot >= 0 {
		r, err := as.openReturn(h, as.cookies[a.returnSlot])
		// Another tab may have taken the slot: its page is not this one's.
		if a.ownReturn = err == nil && r.ID == a.ID; a.ownReturn {
			a.Return, a.Missing = r.Return, r.Missing
		}
	}
	a.Missing = as.names.long(a.Missing)
	age := as.now().Sub(a.Started)
	if age > attemptLifetime || age < -time.Minute {
		return a, errExpired
	}
	return a, nil
}

func (as *attempts) openReturn(h http.Header, c cookie.Cookie) (*attempt, error) {
	value, ok := c.Only(h)
	if !ok {
		return nil, http.ErrNoCookie
	}
	plain, err := as.returns.Open(c.Name, value)
	if err != nil {
		return nil, err
	}
	return decodeReturn(plain)
}

// done returns the Set-Cookie lines that clear what an ended attempt left.
func (as *attempts) done(a *attempt) []string {
	if !a.ownReturn {
		return nil
	}
	return []string{as.cookies[a.returnSlot].Delete()}
}

func encodeAttempt(a *attempt) []byte {
	var w wire.Writer
	w = append(w, a.ID[:]...)
	w = append(w, a.Binder[:]...)
	w.Time(a.Started)
	w.Number(uint64(a.Restarts)) //nolint:gosec // a small count
	w.Number(bits(a.Silent, a.Challenged, a.Groups))
	w.Number(uint64(a.returnSlot + 1)) //nolint:gosec // -1 or a small index
	if a.returnSlot < 0 {
		w.Text(a.Return)
		writeMissing(&w, a.Missing)
	}
	return w
}

func decodeAttempt(plain []byte) (*attempt, error) {
	r := wire.NewReader(plain)
	a := &attempt{}
	copy(a.ID[:], r.Bytes(uint64(len(a.ID))))
	copy(a.Binder[:], r.Bytes(uint64(len(a.Binder))))
	a.Started = r.Time()
	restarts, flags, slot := r.Number(), r.Number(), r.Number()
	if slot > cookie.ReturnSlots || restarts > maxRestarts {
		return nil, wire.ErrFormat
	}
	a.Silent, a.Challenged, a.Groups = flags&1 != 0, flags&2 != 0, flags&4 != 0
	a.Restarts, a.returnSlot = int(restarts), int(slot)-1
	if slot == 0 {
		a.Return, a.Missing = r.Text(), readMissing(r)
	}
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("decode an attempt: %w", err)
	}
	return a, nil
}

// bits packs flags, the first into the lowest bit.
func bits(flags ...bool) uint64 {
	var n uint64
	for bit, set := range flags {
		if set {
			n |= 1 << bit
		}
	}
	return n
}

func encodeReturn(a *attempt) []byte {
	var w wire.Writer
	w = append(w, a.ID[:]...)
	w.Text(a.Return)
	writeMissing(&w, a.Missing)
	return w
}

func decodeReturn(plain []byte) (*attempt, error) {
	r := wire.NewReader(plain)
	a := &attempt{}
	copy(a.ID[:], r.Bytes(uint64(len(a.ID))))
	a.Return, a.Missing = r.Text(), readMissing(r)
	return a, r.End()
}
