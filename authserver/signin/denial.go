package signin

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const (
	denialLifetime  = 5 * time.Minute
	maxDenialLength = 1400 // characters; with name and attributes the Set-Cookie line stays below 1,500 bytes
	maxDenials      = 32   // entries read at most
	flagBits        = 4    // below an entry's outcome
)

// Denials writes and reads the denial cookie: what was missing in the last
// refused requests of this browser. It is a hint and nothing more: parallel
// tabs overwrite each other's, and a lost one costs a second, silent trip.
// Safe for concurrent use.
type Denials struct {
	box    *seal.Box
	cookie cookie.Cookie
	names  queryNames
	now    func() time.Time
}

// NewDenials returns the reader and writer of the denial cookie. queries are the
// configured names of graph queries: a name takes less room. A nil now is time.Now.
func NewDenials(ring *seal.Ring, c cookie.Cookie, queries map[string]string, now func() time.Time) (*Denials, error) {
	if now == nil {
		now = time.Now
	}
	box, err := ring.Box(seal.Config{Purpose: "denial", MaxLength: maxDenialLength, Hourly: true, Now: now})
	if err != nil {
		return nil, fmt.Errorf("make the denial cookie: %w", err)
	}
	return &Denials{box: box, cookie: c, names: newQueryNames(queries), now: now}, nil
}

// Denial is one refused request.
type Denial struct {
	target     target
	At         time.Time
	Outcome    access.Outcome
	Missing    access.Missing
	Navigation bool
	Truncated  bool // Missing had no room for all that was missing
	Renew      bool // nothing is missing: the session ends soon
	Policy     bool // a named policy refused

	Explanation access.Explanation // of that policy, if it may be told
}

// target is a short hash of host and request URI. Two that collide exchange
// hints, which a later check repairs.
type target [8]byte

func targetOf(host, requestURI string) target {
	sum := sha256.Sum256([]byte(host + "\x00" + escapeUTF8(requestURI)))
	return target(sum[:8])
}

// escapeUTF8 writes bytes beyond ASCII as a browser does, so that the raw URI
// that nginx reports and the one that comes back in rd are the same target.
func escapeUTF8(uri string) string {
	if !strings.ContainsFunc(uri, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return uri
	}
	var b strings.Builder
	for _, c := range []byte(uri) {
		if c < 0x80 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// Add returns the Set-Cookie line that records a refusal beside the earlier
// ones that the request carries. When there is no room, requests that are no
// navigation go first, then the oldest; at last details of what was missing.
func (d *Denials) Add(h http.Header, original hosts.Original, decision access.Decision, navigation bool) (string, error) {
	now := d.now()
	entry := Denial{
		target: targetOf(original.Host, original.RequestURI), At: now,
		Outcome: decision.Outcome, Missing: d.names.short(decision.Missing), Navigation: navigation,
		Renew: decision.Reason == access.ReasonRenew, Policy: decision.Reason.OfPolicy(), Explanation: bounded(decision.Explanation),
	}
	entries := []Denial{entry}
	for _, old := range d.read(h) {
		if old.target != entry.target {
			entries = append(entries, old)
		}
	}
	for len(entries) > maxDenials {
		entries = evict(entries)
	}
	for {
		sealed, err := d.box.Seal(d.cookie.Name, encodeDenials(entries))
		if err == nil {
			return d.cookie.Set(sealed, denialLifetime), nil
		}
		if !errors.Is(err, seal.ErrTooLong) {
			return "", fmt.Errorf("seal a denial: %w", err)
		}
		entries = evict(entries)
	}
}

// evict makes the list shorter. The last entry left gives up its details; an
// entry without any always fits.
func evict(entries []Denial) []Denial {
	if len(entries) > 1 {
		at := len(entries) - 1
		for i := at; i >= 0; i-- {
			if !entries[i].Navigation {
				at = i
				break
			}
		}
		return slices.Delete(entries, at, at+1)
	}
	m := &entries[0].Missing
	entries[0].Truncated = true
	switch {
	case len(m.Graph) > 0:
		m.Graph = m.Graph[:len(m.Graph)-1]
	case len(m.Scopes) > 0:
		m.Scopes = m.Scopes[:len(m.Scopes)-1]
	case len(m.Groups) > 0:
		m.Groups = m.Groups[:len(m.Groups)-1]
	case len(m.Roles) > 0:
		m.Roles = m.Roles[:len(m.Roles)-1]
	case len(m.Methods) > 0:
		m.Methods = m.Methods[:len(m.Methods)-1]
	case len(m.Contexts) > 0:
		m.Contexts = m.Contexts[:len(m.Contexts)-1]
	}
	return entries
}

// Find returns the denial of exactly this URL, nil if there is none that is
// younger than five minutes. It never returns another URL's.
func (d *Denials) Find(h http.Header, host, requestURI string) *Denial {
	want := targetOf(host, requestURI)
	for _, entry := range d.read(h) {
		if entry.target == want {
			entry.Missing = d.names.long(entry.Missing)
			return &entry
		}
	}
	return nil
}

// read returns the entries that are still valid, none if the cookie is absent,
// doubled or does not open.
func (d *Denials) read(h http.Header) []Denial {
	value, ok := d.cookie.Only(h)
	if !ok {
		return nil
	}
	plain, err := d.box.Open(d.cookie.Name, value)
	if err != nil {
		return nil
	}
	entries, err := decodeDenials(plain)
	if err != nil {
		return nil
	}
	now := d.now()
	return slices.DeleteFunc(entries, func(e Denial) bool {
		return now.Sub(e.At) > denialLifetime || e.At.Sub(now) > denialLifetime
	})
}

// maxExplained bounds each text of an explanation, in bytes. Names of policies and rules
// have 64 at most, and reasons are our own words.
const maxExplained = 80

// bounded keeps an explanation small.
func bounded(e access.Explanation) access.Explanation {
	for _, text := range []*string{&e.Policy, &e.Rule, &e.Reason} {
		if len(*text) > maxExplained {
			*text = strings.ToValidUTF8((*text)[:maxExplained], "")
		}
	}
	return e
}

func encodeDenials(entries []Denial) []byte {
	w := make(wire.Writer, 0, 32*(1+len(entries)))
	w.Number(uint64(len(entries)))
	for _, e := range entries {
		w = append(w, e.target[:]...)
		w.Time(e.At)
		w.Number(uint64(e.Outcome)<<flagBits | bits(e.Navigation, e.Truncated, e.Renew, e.Policy))
		if e.Policy {
			w.Text(e.Explanation.Policy)
			w.Text(e.Explanation.Rule)
			w.Text(e.Explanation.Reason)
		}
		writeMissing(&w, e.Missing)
	}
	return w
}

func decodeDenials(plain []byte) ([]Denial, error) {
	r := wire.NewReader(plain)
	n := r.Count()
	if n > maxDenials {
		return nil, wire.ErrFormat
	}
	entries := make([]Denial, 0, n)
	for range n {
		var e Denial
		copy(e.target[:], r.Bytes(uint64(len(e.target))))
		e.At = r.Time()
		flags := r.Number()
		e.Navigation, e.Truncated, e.Renew = flags&1 != 0, flags&2 != 0, flags&4 != 0
		if e.Policy = flags&8 != 0; e.Policy {
			e.Explanation.Policy, e.Explanation.Rule, e.Explanation.Reason = r.Text(), r.Text(), r.Text()
		}
		e.Outcome = access.Outcome(flags >> flagBits & 0x3f)
		e.Missing = readMissing(r)
		entries = append(entries, e)
	}
	return entries, r.End()
}

func writeMissing(w *wire.Writer, m access.Missing) {
	for _, clauses := range [][]access.Clause{m.Roles, m.Groups, m.Scopes, m.Contexts, m.Methods} {
		w.Number(uint64(len(clauses)))
		for _, c := range clauses {
			w.List(c)
		}
	}
	w.List(m.Graph)
	w.Number(uint64(m.MaxAge / time.Second)) //nolint:gosec // not negative
}

func readMissing(r *wire.Reader) access.Missing {
	var m access.Missing
	for _, clauses := range []*[]access.Clause{&m.Roles, &m.Groups, &m.Scopes, &m.Contexts, &m.Methods} {
		for range r.Count() {
			*clauses = append(*clauses, r.List())
		}
	}
	m.Graph = r.List()
	m.MaxAge = time.Duration(min(r.Number(), maxMaxAge)) * time.Second
	return m
}

const maxMaxAge = 30 * 24 * 60 * 60 // seconds
