package main

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every scenario runs once, short, with the real programs. How fast they are is
// not looked at: this keeps the measurement itself from rotting.
func TestEverythingOnce(t *testing.T) {
	var out beginning
	s := settings{rounds: 1, duration: 100 * time.Millisecond, distinctTickets: 10_000, distinctTokens: 3_000}
	b, err := prepare(t.Context(), t.TempDir(), s, &out)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	b.env = map[string]string{"EASYAUTH_SESSION_CACHE_MB": "1"} // so that fewer tickets are enough for misses
	r, err := b.measure(t.Context(), options{settings: s, only: regexp.MustCompile("/|nginx")})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if len(r.results) != len(scenarios()) || len(r.passages) != len(checks()) {
		t.Fatalf("%d scenarios, %d checks", len(r.results), len(r.passages))
	}
	for _, one := range r.results {
		if len(one.rounds) != 1 || one.rounds[0].easyauth.cpu <= 0 || one.rounds[0].bare.cpu <= 0 || one.before <= 0 || one.after <= 0 {
			t.Errorf("%s: %+v", one.id(), one)
		}
	}
	for _, p := range r.passages {
		if len(p.rounds) != 1 || p.rounds[0].cpu <= 0 || (p.asksEasyAuth() && p.rounds[0].easyauth <= 0) {
			t.Errorf("%s: %+v", p.Name, p)
		}
	}
	if r.cores < 1 || r.nginx == "unknown" || r.wrk == "unknown" {
		t.Errorf("measured at %+v", r.circumstances)
	}
	dir := t.TempDir()
	if err := write(dir, r, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(dir+"/results.md"), "a bearer token seen before") || !strings.Contains(read(dir+"/results.svg"), "</svg>") {
		t.Error("the results were not written")
	}
}

func TestStepsOfOnePackage(t *testing.T) {
	steps, err := runSteps(t.Context(), []string{"authserver/seal"}, 2, "1x")
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) == 0 || len(steps[0].ns) != 2 || steps[0].pkg != "authserver/seal" {
		t.Errorf("got %+v", steps)
	}
	if _, err := runSteps(t.Context(), []string{"authserver/nowhere"}, 1, "1x"); err == nil {
		t.Error("a package that is not there has benchmarks")
	}
}
