// Package headers turns an identity into response headers, within a size that
// nginx's default buffers hold. It writes into an http.Header and knows nothing
// else of HTTP: no request, no ticket, no decision.
package headers

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Budget bounds all identity headers of one answer together, counted as on the
// wire: name, colon, blank, value, end of line. What nginx's default
// proxy_buffer_size (4k) has left is for the status line and the other headers.
// Tokens that are handed over are not counted, the names of their headers are.
const Budget = 3500

const (
	lineOverhead = len(": \r\n")
	maxPrefix    = 64   // bytes
	minRoom      = 1000 // bytes of the budget that the fixed names must leave
	maxGraph     = 2048 // bytes of one graph result, encoded
	maxNamed     = 120  // bytes in overflow for names of claims that are not configured
)

// The places of the fixed headers in Renderer.names and Rendered.values; the
// configured claims follow.
const (
	slotUserinfo = iota
	slotName
	slotOID
	slotPreferredUsername
	slotSub
	slotTID
	slotEmail
	slotGroups
	slotScp
	slotRoles
	slotGraph
	slotOverflow
	fixedSlots
)

func fixedNames() []string {
	return []string{
		slotUserinfo: "userinfo", slotName: "name", slotOID: "oid", slotPreferredUsername: "preferred-username", slotSub: "sub", slotTID: "tid",
		slotEmail: "email", slotGroups: "groups", slotScp: "scp", slotRoles: "roles", slotGraph: "graph", slotOverflow: "overflow",
	}
}

// Config of a Renderer.
type Config struct {
	// Prefix begins every name. Required: a token, at most 64 bytes; "_" counts
	// as "-". A prefix that a claim's name could complete to a header with a
	// meaning of its own (set-cookie) is an error.
	Prefix   string
	Encoding Encoding
	Format   Format

	// ClaimHeaders names claims whose header is always there, in the order in
	// which they get what the fixed headers leave of the budget.
	ClaimHeaders []string

	// PassAccessToken and PassIDToken give the tokens of a session a header each,
	// access-token and id-token behind the prefix. See MaxBytes.
	PassAccessToken bool
	PassIDToken     bool

	Scopes *access.ScopeNames // how scopes are shown; nil: as they are kept

	Log *slog.Logger // nil means none
}

// Renderer renders identities. It is safe for concurrent use.
type Renderer struct {
	prefix   string
	encoding Encoding
	format   Format
	scopes   *access.ScopeNames
	log      *slog.Logger

	names  []string       // without the prefix: the fixed headers, then the configured claims
	keys   []string       // the same, whole, as keys of an http.Header
	slots  map[string]int // collision → place in names
	listed map[string]int // configured claim → place in names
	tokens [tokenKinds]tokenHeader
	blank  []string // one empty value
	room   int      // bytes that all of these names, and overflow, leave for values
}

// New returns a renderer. It refuses a prefix that is empty or dangerous, and
// configured claims that have no header name, share one, or are so many that
// fewer than 1,000 bytes would be left for values.
func New(cfg Config) (*Renderer, error) {
	r := &Renderer{
		prefix: strings.ReplaceAll(strings.ToLower(cfg.Prefix), "_", "-"), encoding: cfg.Encoding, format: cfg.Format, scopes: cfg.Scopes, log: cfg.Log,
		names: fixedNames(), slots: map[string]int{}, listed: map[string]int{},
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if err := checkPrefix(r.prefix); err != nil {
		return nil, fmt.Errorf("identity headers: %w", err)
	}
	if cfg.Encoding > NoneWithReject || cfg.Format > Combined {
		return nil, errors.New("identity headers: no such encoding or format")
	}
	for slot, name := range r.names {
		r.slots[collision(name)] = slot
	}
	r.addTokens(cfg)
	for _, claim := range cfg.ClaimHeaders {
		if err := r.addListed(claim); err != nil {
			return nil, fmt.Errorf("identity headers: %w", err)
		}
	}
	r.room = Budget - maxNamed - len(otherClaims)
	for _, name := range r.names {
		r.room -= r.line(name) + len(name) + 1 // 1: the bar before it in overflow
		r.keys = append(r.keys, canonical(r.prefix, name))
	}
	for _, t := range r.tokens {
		if t.name != "" {
			r.room -= r.line(t.name) + len(t.name) + 1
		}
	}
	r.keys = slices.Clip(r.keys) // every Rendered appends its own
	if r.room < minRoom {
		return nil, fmt.Errorf("identity headers: prefix and claim headers leave %d bytes for values, fewer than %d", r.room, minRoom)
	}
	return r, nil
}

// addListed gives a configured claim its header. One that is a fixed header
// under its plain name is there already.
func (r *Renderer) addListed(claim string) error {
	name := headerName(claim)
	if name == "" {
		return fmt.Errorf("claim header %.100q: nothing of the name can stand in a header's name", claim)
	}
	slot, taken := r.slots[collision(name)]
	switch {
	case !taken:
		slot = len(r.names)
		r.names = append(r.names, name)
		r.slots[collision(name)], r.listed[claim] = slot, slot
		return nil
	case slot != slotToken && slot < fixedSlots && sanitise(claim) == r.names[slot]:
		return nil
	default:
		return fmt.Errorf("claim header %.100q: %s is another header's name already", claim, r.prefix+name)
	}
}

// Names returns the names of the headers that every answer has, in lower case:
// what belongs into nginx's auth-response-headers.
func (r *Renderer) Names() []string {
	names := slices.Clone(r.names)
	for _, t := range r.tokens {
		if t.name != "" {
			names = append(names, t.name)
		}
	}
	for i := range names {
		names[i] = r.prefix + names[i]
	}
	return names
}

// line returns the bytes of a header without a value.
func (r *Renderer) line(name string) int { return len(r.prefix) + len(name) + lineOverhead }

// Render returns the headers of an identity. They never exceed Budget: values
// are filled in the order oid, tid, sub, roles, scp, groups, preferred-username,
// email, name, other claims, and what does not fit is left empty, never cut, and
// named in the overflow header. So is what the identity's ticket had no room for,
// and groups when they are unknown.
func (r *Renderer) Render(id *access.Identity) *Rendered {
	d := r.draft(len(id.Claims))
	d.dropped(id)
	if r.format == Combined {
		d.combined(id)
	} else {
		d.separate(id)
	}
	return d.finish(id.Graph)
}
