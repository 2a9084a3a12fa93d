package policy

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// FuzzParse reads any bytes as policies and as a table. Either there are faults, or
// policies that never let pass whom nobody knows, and are the same when read again.
func FuzzParse(f *testing.F) {
	f.Add(read(f, "testdata/conformance.yaml"))
	f.Add(read(f, "testdata/conformance-entra.yaml"))
	f.Add([]byte("policies: {p: {allow: [{all: [{none: [{expr: 'path'}]}, {path: {is: /a}}, {source: {in: ['::/0']}}]}]}}"))
	f.Add([]byte("policies: {p: {deny: [{time: {from: '22:00', to: '06:00', days: [sat-mon], zone: UTC}}], allow: [{claim: {path: [a, b], ends_with: [x, y], fold: true}}]}}"))
	f.Add([]byte("policies: &a {p: *a, <<: {}}"))
	f.Add([]byte("policies:\n  p: !!map\n"))
	f.Add([]byte("policies: {p: {allow: [" + strings.Repeat("{any: [", 20)))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := Parse(text, testOptions())
		checkFaults(t, set == nil, err)
		table, err := ParseTable(text, testOptions())
		checkFaults(t, table == nil, err)
		if table != nil {
			if report := table.Run(set); len(report.Results) != table.Len() {
				t.Fatal("cases are lost")
			}
		}
		if set == nil {
			return
		}
		again, err := Parse(text, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(uint64(len(text)), 1))
		for _, name := range set.Names() {
			p := set.Find(name)
			if v := p.Decide(&Input{}); v.Decision.Outcome != access.SignIn {
				t.Fatal(describe(v))
			}
			for range 5 {
				in := drawInput(r)
				v := p.Decide(in)
				if other := again.Find(name).Decide(in); describe(other) != describe(v) {
					t.Fatalf("%s, then %s", describe(v), describe(other))
				}
				sound(t, string(text), in, v)
			}
		}
	})
}

func checkFaults(t *testing.T, isNil bool, err error) {
	var faults Faults
	switch {
	case isNil != (err != nil):
		t.Fatalf("nil: %v, and %v", isNil, err)
	case err == nil:
		return
	case !errors.As(err, &faults) || len(faults) == 0 || len(faults) > maxFaults:
		t.Fatalf("%d faults: %v", len(faults), err)
	}
	for i, f := range faults {
		if f.Line < 1 || i > 0 && f.Line < faults[i-1].Line || strings.ContainsAny(f.String(), "\r\n\x00") {
			t.Fatalf("%+v", f)
		}
	}
}

// FuzzDecide draws a policy and asks it about any path, claim, address of mail and method.
func FuzzDecide(f *testing.F) {
	f.Add(uint64(1), "/admin", "x", "ann@example.com", "GET")
	f.Add(uint64(2), "//", `{"a":"x"}`, "@", "")
	f.Add(uint64(3), "/%2e%2e/", `{"a":`, "a@b@c", "get")
	tests, err := testsOf(everything())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, seed uint64, uri, claim, email, method string) {
		r := rand.New(rand.NewPCG(seed, 1))
		deny, allow := drawRules(r, everything(), kinds(), 0), drawRules(r, everything(), kinds(), 1)
		text := policyText(deny, allow)
		p, in := mustParse(t, text).Find("p"), drawInput(r)
		in.URI, in.Method, in.Identity.Email = uri, method, email
		in.Identity.Claims = append(in.Identity.Claims, access.Claim{Name: "o", Values: []string{claim}}, access.Claim{Name: "dept", Values: []string{claim}})
		v := p.Decide(in)
		sound(t, text, in, v)
		if v.Decision.Outcome != access.Allow {
			return
		}
		for _, d := range deny {
			if d.truth(in, tests) > -1 {
				t.Fatalf("%s%+v %s", text, in, describe(v))
			}
		}
		if _, ok := in.Path(); p.asksPath && !ok {
			t.Fatal("an ambiguous path passes")
		}
	})
}
