package headers

import (
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// userinfo is the JSON text of the Combined format, member by member as JSON.
// Names, order and types are those of EasyAuthForK8s.
type userinfo struct {
	name, oid, preferredUsername, roles, sub, tid, email, groups, scp, otherClaims string
}

const (
	emptyString  = `""`
	emptyList    = `[]`
	userinfoTail = `]}`
)

// head returns the text up to the first graph result.
func (u *userinfo) head() string {
	return `{"name":` + u.name + `,"oid":` + u.oid + `,"preferred_username":` + u.preferredUsername + `,"roles":` + u.roles +
		`,"sub":` + u.sub + `,"tid":` + u.tid + `,"email":` + u.email + `,"groups":` + u.groups + `,"scp":` + u.scp +
		`,"otherClaims":` + u.otherClaims + `,"graph":[`
}

// combined fills userinfo, encoded as a whole. Members that do not fit are empty.
func (d *draft) combined(id *access.Identity) {
	bare := userinfo{
		name: emptyString, oid: emptyString, preferredUsername: emptyString, roles: emptyList, sub: emptyString, tid: emptyString,
		email: emptyString, groups: emptyString, scp: emptyString, otherClaims: emptyList,
	}
	d.room = d.r.units(d.room) - d.r.cost(bare.head()+userinfoTail)
	u := userinfo{
		// In the order in which the budget is given away.
		oid:               d.text(slotOID, id.Object),
		tid:               d.text(slotTID, id.Tenant),
		sub:               d.text(slotSub, id.Subject),
		roles:             d.strings(slotRoles, id.Roles),
		scp:               d.text(slotScp, joinUnencoded(d.r.scopes.ShownAll(id.Scopes), " ")),
		groups:            d.text(slotGroups, joinUnencoded(id.Groups, separator)),
		preferredUsername: d.text(slotPreferredUsername, id.PreferredUsername),
		email:             d.text(slotEmail, id.Email),
		name:              d.text(slotName, id.Name),
		otherClaims:       d.claimsMember(id.Claims),
	}
	d.jsonHead = u.head()
	d.values[slotUserinfo] = d.r.encoding.value(d.jsonHead + userinfoTail)
}

// text returns a string member, which is empty when it does not fit.
func (d *draft) text(slot int, value string) string {
	if len(value) <= d.room {
		text := d.r.jsonString(value)
		if d.take(d.r.cost(text) - d.r.cost(emptyString)) {
			return text
		}
	}
	d.name(d.r.names[slot])
	return emptyString
}

// strings returns a list member, which is empty when it does not fit.
func (d *draft) strings(slot int, values []string) string {
	if size(values) <= d.room {
		text := d.r.jsonList(values)
		if d.take(d.r.cost(text) - d.r.cost(emptyList)) {
			return text
		}
	}
	d.name(d.r.names[slot])
	return emptyList
}

// take spends units of room if there are so many.
func (d *draft) take(units int) bool {
	if units > d.room {
		return false
	}
	d.room -= units
	return true
}

// size is the least that values take as JSON: no escape is shorter than what it
// stands for.
func size(values []string) int {
	n := 0
	for _, v := range values {
		n += len(v) + 1
	}
	return n
}

// claimsMember returns all other claims that fit, under their full names, which
// cannot be taken for anything else here.
func (d *draft) claimsMember(claims []access.Claim) string {
	claims = slices.Clone(claims)
	slices.SortStableFunc(claims, func(a, b access.Claim) int { return d.r.place(a.Name) - d.r.place(b.Name) })
	var b strings.Builder
	b.WriteByte('[')
	for i := range claims {
		if c := &claims[i]; len(c.Name)*len(c.Values)+size(c.Values) > d.room {
			d.nameClaim(headerName(c.Name))
		} else if entries := d.r.claimEntries(c, b.Len() == 1); d.take(d.r.cost(entries)) {
			b.WriteString(entries)
		} else {
			d.nameClaim(headerName(c.Name))
		}
	}
	return b.String() + "]"
}

// claimEntries returns one entry a value; the first of all has no comma before it.
func (r *Renderer) claimEntries(c *access.Claim, first bool) string {
	var b strings.Builder
	for _, v := range c.Values {
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(`{"name":` + r.jsonString(c.Name) + `,"value":` + r.jsonString(v) + `}`)
	}
	return b.String()
}

// place puts configured claims first, in their order.
func (r *Renderer) place(claim string) int {
	if slot, ok := r.slots[collision(headerName(claim))]; ok && slot >= fixedSlots {
		return slot
	}
	return notConfigured
}

// userinfo returns the header's value with these graph results.
func (v *Rendered) userinfo(results []string) string {
	return v.r.encoding.value(v.jsonHead + strings.Join(results, ",") + userinfoTail)
}

// cost returns how many units of room a piece of a value takes: bytes of the
// header, but before the encoding where Base64 is applied to a whole of pieces.
func (r *Renderer) cost(piece string) int {
	if r.format == Combined && r.encoding == URLEncode {
		return urlEncodedLen(piece)
	}
	return len(piece)
}

// units converts bytes of the header into what cost counts.
func (r *Renderer) units(n int) int {
	if r.format == Combined && r.encoding == Base64 {
		return n / 4 * 3
	}
	return n
}

// joinUnencoded joins values inside a JSON string, where nothing encodes them: one
// that holds the separator would read as two.
func joinUnencoded(values []string, separator string) string {
	safe := slices.Clone(values)
	for i, v := range safe {
		if strings.Contains(v, separator) {
			safe[i] = encodingError
		}
	}
	return strings.Join(safe, separator)
}
