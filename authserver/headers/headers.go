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

	// Profile gives the headers other names. With another than EasyAuth there are those
	// of the profile, overflow, ClaimHeaders and Mappings: no graph results, and no
	// claims that are not configured. Neither goes with Combined.
	Profile Profile
	// Mappings are further headers, whatever the profile, in the order in which they
	// get what is left of the budget.
	Mappings []Mapping

	// ClaimHeaders names claims whose header is always there, in the order in
	// which they get what the fixed headers leave of the budget.
	ClaimHeaders []string

	// PassAccessToken and PassIDToken give the tokens of a session a header each,
	// access-token and id-token behind the prefix. See MaxBytes.
	PassAccessToken bool
	PassIDToken     bool

	// Assertion is the whole name of the header of a signed identity, in any case; "":
	// there is none. It takes AssertionRoom of the budget.
	Assertion string

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
	signed tokenHeader // the header of an assertion
	mapped []mapped    // of the profile, then those of the configuration

	profile Profile
	blank   []string // one empty value
	room    int      // bytes that all of these names, and overflow, leave for values
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
	switch {
	case cfg.Encoding > NoneWithReject || cfg.Format > Combined || cfg.Profile > Authentik:
		return nil, errors.New("identity headers: no such encoding, format or profile")
	case cfg.Format == Combined && (cfg.Profile != EasyAuth || len(cfg.Mappings) > 0):
		return nil, errors.New("identity headers: the Combined format has one header, and goes with EasyAuth's own profile alone")
	}
	r.profile = cfg.Profile
	for slot, name := range r.names {
		r.slots[collision(name)] = slot
	}
	r.addTokens(cfg)
	if err := r.addNames(cfg); err != nil {
		return nil, fmt.Errorf("identity headers: %w", err)
	}
	r.room = Budget - maxNamed - len(otherClaims)
	for slot, name := range r.names {
		if !r.writes(slot) {
			r.keys = append(r.keys, "")
			continue
		}
		r.room -= r.line(name) + len(name) + 1 // 1: the bar before it in overflow
		r.keys = append(r.keys, canonical(r.prefix, name))
	}
	for _, t := range r.tokens {
		if t.name != "" {
			r.room -= r.line(t.name) + len(t.name) + 1
		}
	}
	if r.signed.name != "" {
		r.room -= len(r.signed.key) + lineOverhead + len(assertionNamed) + 1 + AssertionRoom
	}
	for _, m := range r.mapped {
		r.room -= len(m.key) + lineOverhead + len(m.name) + 1
		r.keys = append(r.keys, m.key)
	}
	r.keys = slices.Clip(r.keys) // every Rendered appends its own
	if r.room < minRoom {
		return nil, fmt.Errorf("identity headers: %w", r.noRoom(cfg))
	}
	return r, nil
}

// addNames takes the names of all headers that are not fixed. Who comes later is refused
// for a name that is taken.
func (r *Renderer) addNames(cfg Config) error {
	if err := r.addMappings(cfg.Profile.mappings()); err != nil {
		return err
	}
	for _, claim := range cfg.ClaimHeaders {
		if err := r.addListed(claim); err != nil {
			return err
		}
	}
	if err := r.addMappings(cfg.Mappings); err != nil {
		return err
	}
	return r.addAssertion(cfg.Assertion)
}

// noRoom is the error when the names leave too little for values.
func (r *Renderer) noRoom(cfg Config) error {
	takers := []string{"prefix", "claim headers"}
	if len(cfg.Mappings) > 0 {
		takers = append(takers, "mappings")
	}
	last := fmt.Sprintf("profile leave %d bytes for values, fewer than %d", r.room, minRoom)
	if r.signed.name != "" {
		last = fmt.Sprintf("assertion leave %d bytes for values, fewer than %d: the assertion takes %d", r.room, minRoom, AssertionRoom)
	}
	return errors.New(strings.Join(takers, ", ") + " and " + last)
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

// Prefixes returns what the headers of a client must not begin with, in lower case: what the names of all headers
// begin with that have no name of their own, and what those of a profile begin with.
func (r *Renderer) Prefixes() []string {
	if own := r.profile.prefix(); own != "" {
		return []string{r.prefix, own}
	}
	return []string{r.prefix}
}

// Names returns the names of the headers that every answer has, in lower case:
// what belongs into nginx's auth-response-headers.
func (r *Renderer) Names() []string {
	var names []string
	for slot, name := range r.names {
		if r.writes(slot) {
			names = append(names, r.prefix+name)
		}
	}
	for _, t := range r.tokens {
		if t.name != "" {
			names = append(names, r.prefix+t.name)
		}
	}
	for _, m := range r.mapped {
		names = append(names, m.name)
	}
	if r.signed.name != "" {
		names = append(names, r.signed.name)
	}
	return names
}

// writes reports whether a header has its place in every answer: with another profile the
// fixed ones have not, but for overflow.
func (r *Renderer) writes(slot int) bool {
	return r.profile == EasyAuth || slot >= fixedSlots || slot == slotOverflow
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
	switch {
	case r.profile != EasyAuth:
		d.configured(id.Claims)
	case r.format == Combined:
		d.combined(id)
	default:
		d.separate(id)
	}
	d.mappings(id)
	return d.finish(id.Graph)
}
