package headers

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// draft is a Rendered in the making.
type draft struct {
	*Rendered
	named   []string // what overflow names
	naming  int      // bytes left for naming claims that are not configured
	unnamed []string // claims that have no header
}

func (r *Renderer) draft(claims int) *draft {
	v := &Rendered{r: r, keys: r.keys, values: make([]string, len(r.names)+len(r.mapped), len(r.names)+len(r.mapped)+claims), room: r.room, scopes: r.scopes.Version()}
	return &draft{Rendered: v, naming: maxNamed}
}

// separate fills one header a claim, in the order in which the budget is given
// away.
func (d *draft) separate(id *access.Identity) {
	d.value(slotOID, id.Object)
	d.value(slotTID, id.Tenant)
	d.value(slotSub, id.Subject)
	d.list(slotRoles, id.Roles)
	d.list(slotScp, d.r.scopes.ShownAll(id.Scopes))
	d.list(slotGroups, id.Groups)
	d.value(slotPreferredUsername, id.PreferredUsername)
	d.value(slotEmail, id.Email)
	d.value(slotName, id.Name)
	for _, o := range d.others(id.Claims) {
		if o.slot != notConfigured {
			d.list(o.slot, o.claim.Values)
		} else {
			d.add(o.name, o.claim.Values)
		}
	}
}

// configured fills the headers of ClaimHeaders alone.
func (d *draft) configured(claims []access.Claim) {
	for _, o := range d.others(claims) {
		if o.slot != notConfigured {
			d.list(o.slot, o.claim.Values)
		}
	}
}

// mappings fills the headers that are mapped. Groups that are not all known are there as
// far as they are, and named.
func (d *draft) mappings(id *access.Identity) {
	for i := range d.r.mapped {
		m := &d.r.mapped[i]
		value, ok := m.render(d.room, m.values(d.r, id))
		if !ok {
			d.name(m.name)
			continue
		}
		d.room -= len(value)
		d.values[len(d.r.names)+i] = value
	}
}

func (d *draft) value(slot int, value string) {
	encoded, fits := d.r.encoding.within(d.room, value)
	d.put(slot, encoded, fits)
}

func (d *draft) list(slot int, values []string) {
	encoded, fits := d.r.encoding.list(d.room, values)
	d.put(slot, encoded, fits)
}

// put sets a header whose name is paid for.
func (d *draft) put(slot int, value string, fits bool) {
	if !fits {
		d.name(d.r.names[slot])
		return
	}
	d.room -= len(value)
	d.values[slot] = value
}

// add appends a header for a claim that is not configured. Its name counts; if
// only the value does not fit, the header is empty.
func (d *draft) add(name string, values []string) {
	room := d.room - d.r.line(name)
	value, fits := d.r.encoding.list(room, values)
	if !fits {
		d.nameClaim(name)
	}
	if room >= 0 {
		d.room = room - len(value)
		d.keys, d.values = append(d.keys, canonical(d.r.prefix, name)), append(d.values, value)
	}
}

// other is a claim with a header of its own.
type other struct {
	claim *access.Claim
	name  string
	slot  int // of a configured header, else notConfigured
}

// notConfigured comes after every place of a configured header.
const notConfigured = math.MaxInt32

// others finds the claims that have a header, configured ones first. A claim
// whose header would be a fixed one or another claim's has none, unless it is
// the very one that the configuration names.
func (d *draft) others(claims []access.Claim) []other {
	found := make([]other, 0, len(claims)+len(d.r.listed))
	taken := make(map[string]bool, len(claims)) // by collision
	for i := range claims {
		if slot, ok := d.r.listed[claims[i].Name]; ok && !taken[collision(d.r.names[slot])] {
			found = append(found, other{&claims[i], d.r.names[slot], slot})
			taken[collision(d.r.names[slot])] = true
		}
	}
	exact := len(found)
	for i := range claims {
		name := headerName(claims[i].Name)
		key := collision(name)
		slot, known := d.r.slots[key]
		switch {
		case slices.ContainsFunc(found[:exact], func(o other) bool { return o.claim == &claims[i] }):
		case name == "" || taken[key] || known && slot < fixedSlots:
			d.unnamed = append(d.unnamed, claims[i].Name)
		default:
			if !known {
				slot = notConfigured
			}
			taken[key] = true
			found = append(found, other{&claims[i], name, slot})
		}
	}
	slices.SortStableFunc(found, func(a, b other) int { return a.slot - b.slot })
	return found
}

// dropped names what is missing already.
func (d *draft) dropped(id *access.Identity) {
	for _, name := range id.Dropped {
		switch name {
		case "graph", "groups":
			d.name(name)
		default:
			d.nameClaim(headerName(name))
		}
	}
	if id.GroupsUnknown {
		d.name("groups")
	}
}

// otherClaims stands in overflow for claims that are too many to be named.
const otherClaims = "claims"

// nameClaim names a claim by its header. What cannot be named, because there is
// no room or the name is a fixed header's or holds a bar, is "claims".
func (d *draft) nameClaim(name string) {
	slot, known := d.r.slots[collision(name)]
	switch {
	case known && slot >= fixedSlots:
		d.name(d.r.names[slot])
	case slices.Contains(d.named, name):
	case known || name == "" || strings.Contains(name, separator) || len(name)+1 > d.naming:
		d.name(otherClaims)
	default:
		d.naming -= len(name) + 1
		d.name(name)
	}
}

func (d *draft) name(name string) {
	if !slices.Contains(d.named, name) {
		d.named = append(d.named, name)
	}
}

// finish writes the overflow header and prepares the graph results.
func (d *draft) finish(results []access.GraphResult) *Rendered {
	v := d.Rendered
	v.values[slotOverflow] = strings.Join(d.named, separator)
	d.name("graph")
	v.overflowWithGraph = strings.Join(d.named, separator)
	v.prepareGraph(results)
	if len(d.unnamed) > 0 {
		v.r.logUnnamed(d.unnamed)
	}
	return v
}

// logUnnamed tells which claims have no header. Names come from tokens and have
// any length.
func (r *Renderer) logUnnamed(claims []string) {
	if !r.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	const most, longest = 10, 100
	shown := slices.Clone(claims[:min(most, len(claims))])
	for i, name := range shown {
		shown[i] = name[:min(longest, len(name))]
	}
	r.log.LogAttrs(context.Background(), slog.LevelDebug, "claims without a header: another has the name, or nothing is left of it",
		slog.Int("count", len(claims)), slog.Any("claims", shown))
}
