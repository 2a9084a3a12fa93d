package celexpr

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// draw makes an expression of the bytes: most of them can be compiled, which texts of
// single letters seldom can.
type draw struct {
	rest  []byte
	loops int // open ones; each has a variable v0, v1 …
}

// next takes a byte and returns a number below n; 0 when there are none left.
func (d *draw) next(n int) int {
	if len(d.rest) == 0 {
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return int(b) % n
}

func (d *draw) of(list ...string) string { return list[d.next(len(list))] }

func (d *draw) yes() string {
	switch d.next(11) {
	case 1:
		return d.text() + d.of(" == ", " != ", " < ", " >= ") + d.text()
	case 2:
		return d.text() + " in " + d.list()
	case 3:
		return d.text() + d.of(".contains(", ".startsWith(", ".endsWith(") + d.text() + ")"
	case 4:
		return d.text() + ".matches(" + d.of(`"a+b"`, `"^[a-z0-9-]*$"`, `"(a|b)*c"`, `"[^x]{40}$"`) + ")"
	case 5:
		return "(" + d.yes() + d.of(" && ", " || ") + d.yes() + ")"
	case 6:
		return "!(" + d.yes() + ")"
	case 7, 8:
		return d.loop(d.of("all", "exists", "exists_one"))
	case 9:
		return "(" + d.yes() + " ? " + d.yes() + " : " + d.yes() + ")"
	case 10:
		return d.of("size(", "int(") + d.text() + ") > " + d.of("0", "size("+d.list()+")", "9223372036854775807 + size("+d.text()+")")
	}
	return d.of("bearer", "app_only", "true", "has(identity.claims.dept)", `"many" in identity.claims`, "request.time.getHours() < 8")
}

func (d *draw) loop(macro string) string {
	list := d.list()
	name := "v" + string(rune('0'+d.loops%10))
	d.loops++
	body := d.yes()
	d.loops--
	return list + "." + macro + "(" + name + ", " + body + ")"
}

func (d *draw) text() string {
	switch d.next(6) {
	case 1:
		return "(" + d.text() + " + " + d.text() + ")"
	case 2:
		return d.list() + "[" + d.of("0", "1", "-1", "size("+d.list()+") - 1") + "]"
	case 3, 4:
		if d.loops > 0 {
			return "v" + string(rune('0'+d.next(d.loops)%10))
		}
	case 5:
		return "(" + d.yes() + " ? " + d.text() + " : " + d.text() + ")"
	}
	return d.of(`"a"`, "identity.name", "identity.preferred_username", "request.path", "client", "string(request.time)", `"x y"`)
}

func (d *draw) list() string {
	if d.next(5) == 4 {
		return d.loop("filter")
	}
	return d.of("identity.groups", "identity.roles", `identity.claims["many"]`, `identity.claims["tags"]`, `["a", "b", "c"]`, "identity.scopes", "[client, identity.name]")
}

// What can be compiled ends by its cost, also where everything is huge.
func FuzzDrawn(f *testing.F) {
	for _, seed := range []string{"", "\x07\x00\x02\x08\x00\x01\x01\x03\x00", "\x05\x00\x07\x00\x01\x04\x03\x03\x01", "\x02\x01\x01\x04\x00\x00\x03\x00", "\x09\x07\x04\x00\x00\x03\x01\x02\x0a\x00\x00\x02"} {
		f.Add([]byte(seed))
	}
	c, in, small := compiler(f), huge(), ann()
	f.Fuzz(func(t *testing.T, bytes []byte) {
		expr := (&draw{rest: bytes[:min(len(bytes), 200)]}).yes()
		p, err := c.Compile(expr)
		if err != nil {
			isShort(t, err)
			if strings.Contains(err.Error(), "panicked") || strings.Contains(err.Error(), "undeclared") {
				t.Fatalf("%s: %v", expr, err)
			}
			return
		}
		for _, in := range []*policy.Input{small, in} {
			if ok, err := p.Eval(in); err != nil && (ok || strings.Contains(err.Error(), "panicked")) {
				t.Fatalf("%s: %v, %v", expr, ok, err)
			}
		}
		if n := counted(t, p, in); n > 2*maxCost {
			t.Fatalf("%s costs %d", expr, n)
		}
	})
}
