package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// drawn is a condition or rule as a test writes it.
type drawn struct {
	kind string // all, any, none; "" for a condition
	text string // of a condition
	kids []drawn
}

func (d drawn) String() string {
	if d.kind == "" {
		return "{" + d.text + "}"
	}
	texts := make([]string, len(d.kids))
	for i, kid := range d.kids {
		texts[i] = kid.String()
	}
	return "{" + d.kind + ": [" + strings.Join(texts, ", ") + "]}"
}

// truth is what the three-valued logic says: the least of all, the greatest of any,
// and none the other way round, where no is -1, unknown 0 and yes 1.
func (d drawn) truth(in *Input, tests map[string]test) int {
	if d.kind == "" {
		return map[truth]int{no: -1, unknown: 0, yes: 1}[tests[d.text](in).is]
	}
	least, greatest := 1, -1
	for _, kid := range d.kids {
		v := kid.truth(in, tests)
		least, greatest = min(least, v), max(greatest, v)
	}
	return map[string]int{"all": least, "any": greatest, "none": -greatest}[d.kind]
}

// The conditions that are drawn from; those of the first list a sign-in can bring.
func liftable() []string {
	return []string{
		"acr: {is: c1}", "acr: {in: [c2, c3]}", "amr: {is: mfa}", "scope: {is: s1}", "scope: {in: [s2, s3]}", "auth_age: {max: 15m}", "auth_age: {max: 1h}",
	}
}

func fixed() []string {
	return []string{
		"role: {is: a}", "role: {in: [b, c]}", "source: {in: [10.0.0.0/8]}", "path: {starts_with: /admin}", "method: {is: GET}", "expr: 'error'", "expr: 'path'", "expr: 'yes'",
		"claim: {path: dept, is: x}", "claim: {path: o.a, is: x}", "user: {is: ann}", "app_only: {is: true}", "signed_in: {is: true}", "email_domain: {is: example.com}", "device: {compliant: true}",
		"time: {days: [mon-fri], zone: UTC}",
	}
}

func grouped() []string {
	return []string{"group: {is: g1}", "group: {in: [g1, g2]}", "group: {is: g3}"}
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func draw(r *rand.Rand, from, kinds []string, depth int) drawn {
	if depth == 0 || r.IntN(3) == 0 {
		return drawn{text: pick(r, from)}
	}
	d := drawn{kind: pick(r, kinds)}
	for range 1 + r.IntN(3) {
		d.kids = append(d.kids, draw(r, from, kinds, depth-1))
	}
	return d
}

func drawRules(r *rand.Rand, from, kinds []string, least int) []drawn {
	var out []drawn
	for range least + r.IntN(3) {
		out = append(out, draw(r, from, kinds, 3))
	}
	return out
}

// policyText writes a policy p.
func policyText(deny, allow []drawn) string {
	list := func(rules []drawn) string {
		texts := make([]string, len(rules))
		for i, d := range rules {
			texts[i] = d.String()
		}
		return "[" + strings.Join(texts, ", ") + "]"
	}
	text := "policies:\n  p:\n"
	if len(deny) > 0 {
		text += "    deny: " + list(deny) + "\n"
	}
	return text + "    allow: " + list(allow) + "\n"
}

func drawSome(r *rand.Rand, from ...string) []string {
	var out []string
	for _, s := range from {
		if r.IntN(2) == 0 {
			out = append(out, s)
		}
	}
	return out
}

func drawInput(r *rand.Rand) *Input {
	now := time.Date(2026, 1, 1+r.IntN(14), 12, 0, 0, 0, time.UTC)
	id := &access.Identity{
		Object: pick(r, []string{"ann", "bob", ""}), Email: pick(r, []string{"", "ann@example.com", "bob@example.org"}),
		Roles: drawSome(r, "a", "b", "c"), Scopes: drawSome(r, "s1", "s2", "api/s3"), Groups: drawSome(r, "g1", "g2", "g3", "g4"),
		Contexts: drawSome(r, "c1", "c2"), Methods: drawSome(r, "mfa"), Dropped: drawSome(r, "dept"),
	}
	id.GroupsUnknown = r.IntN(2) == 0
	id.GroupsFailed = id.GroupsUnknown && r.IntN(2) == 0
	if id.GroupsUnknown {
		id.GroupsChecked = drawSome(r, "g1", "g2", "g3")
	}
	if r.IntN(3) > 0 {
		id.AuthTime = now.Add(-time.Duration(r.IntN(100)) * time.Minute)
	}
	for _, c := range []access.Claim{
		{Name: "dept", Values: []string{pick(r, []string{"x", "y"})}},
		{Name: "email_verified", Values: []string{pick(r, []string{"true", "false"})}},
		{Name: "o", Values: []string{pick(r, []string{`{"a":"x"}`, `{"a":"y"}`, `{"a":"x","a":"x"}`})}},
		{Name: "signin_state", Values: []string{"dvc_cmp"}},
	} {
		if r.IntN(2) == 0 {
			id.Claims = append(id.Claims, c)
		}
	}
	id.Elsewhere = r.IntN(8) == 0
	return &Input{
		Identity: id, AppOnly: r.IntN(4) == 0, AppUnknown: r.IntN(8) == 0, Method: pick(r, []string{"GET", "POST", ""}), URI: pick(r, []string{"/admin/x", "/admin", "/a", "//", "/%2e"}),
		Source: pick(r, []netip.Addr{{}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.0.2.1")}), Now: now,
	}
}

// testsOf compiles each condition by itself.
func testsOf(conditions ...[]string) (map[string]test, error) {
	out := map[string]test{}
	for _, list := range conditions {
		for _, c := range list {
			set, err := Parse([]byte("policies: {p: {allow: [{"+c+"}]}}"), testOptions())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c, err)
			}
			out[c] = set.Find("p").allow[0].test
		}
	}
	return out, nil
}
