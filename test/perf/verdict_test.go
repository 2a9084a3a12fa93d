package main

import (
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	five := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.75: 4, 1: 5, 0.125: 1.5} {
		if got := quantile(five, q); got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if five[0] != 5 {
		t.Error("the values were sorted in place")
	}
	if quantile(nil, 0.5) != 0 || median([]float64{1, 2}) != 1.5 || lowerQuartile([]float64{7}) != 7 {
		t.Error("of none, of two or of one")
	}
}

// withRatios has a round for each ratio.
func withRatios(s scenario, ratios ...float64) result {
	r := result{scenario: s}
	for _, ratio := range ratios {
		var one round
		one.bare.requests, one.bare.cpu, one.bare.elapsed = 1000, 50*time.Millisecond, time.Second
		one.easyauth.requests, one.easyauth.cpu, one.easyauth.elapsed = 2000, time.Duration(ratio*float64(100*time.Millisecond)), time.Second
		r.rounds = append(r.rounds, one)
	}
	return r
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name   string
		target float64
		ratios []float64
		met    bool
	}{
		{"all below", 1.5, []float64{1.2, 1.3, 1.4}, true},
		{"lower quartile at the target, median 5 % above", 1, []float64{1, 1, 1.05, 2, 2}, true},
		{"median more than 5 % above", 1, []float64{1, 1, 1.06, 2, 2}, false},
		{"lower quartile above", 1, []float64{1, 1.01, 1.02, 1.03, 1.04}, false},
		{"far above, and no target", 0, []float64{8, 9}, true},
		{"a target and no rounds", 1.5, nil, false},
	}
	for _, tt := range tests {
		r := withRatios(scenario{name: "hit", reuse: true, target: tt.target}, tt.ratios...)
		if r.met() != tt.met {
			t.Errorf("%s: met is %v", tt.name, r.met())
		}
		if list := missed([]result{r}); (len(list) == 0) != tt.met {
			t.Errorf("%s: missed %q", tt.name, list)
		}
	}
	list := missed([]result{withRatios(scenario{name: "hit", reuse: true, target: 1.05}, 1.2, 1.2)})
	if len(list) != 1 || !strings.Contains(list[0], "hit/keep-alive: target 1.05, lower quartile 1.200") {
		t.Errorf("got %q", list)
	}
}

// The counters have to say that a scenario was what its name says.
func TestVerify(t *testing.T) {
	const allowed, refused, unsure = `easyauth_decisions_total{outcome="allow",reason="ok"}`, `easyauth_decisions_total{outcome="sign_in",reason="no_ticket"}`, `easyauth_decisions_total{outcome="unsure",reason="internal"}`
	cache := func(name, result string) string {
		return `easyauth_cache_requests_total{cache="` + name + `",result="` + result + `"}`
	}
	seen, unseen := scenario{presents: ticketSeen, status: 202}, scenario{presents: ticketsUnseen, status: 202}
	none := scenario{presents: nothing, status: 401}
	tests := []struct {
		name     string
		scenario scenario
		added    counters
		ok       bool
	}{
		{"hits", seen, counters{allowed: 1000, cache("tickets", "hit"): 999, cache("tickets", "miss"): 1}, true},
		{"hits that were misses", seen, counters{allowed: 1000, cache("tickets", "hit"): 900, cache("tickets", "miss"): 100}, false},
		{"hits of another cache", seen, counters{allowed: 1000, cache("bearer", "hit"): 1000}, false},
		{"misses", unseen, counters{allowed: 1000, cache("tickets", "miss"): 1000}, true},
		{"misses that come twice", scenario{presents: ticketsTwice, status: 202}, counters{allowed: 1000, cache("tickets", "miss"): 1000}, true},
		{"whose second time was a hit", scenario{presents: ticketsTwice, status: 202}, counters{allowed: 1000, cache("tickets", "miss"): 500, cache("tickets", "hit"): 500}, false},
		{"misses that were hits", unseen, counters{allowed: 1000, cache("tickets", "miss"): 980, cache("tickets", "hit"): 20}, false},
		{"tokens", scenario{presents: tokensUnseen, status: 202}, counters{allowed: 10, cache("bearer", "miss"): 10}, true},
		{"a token seen before", scenario{presents: tokenSeen, status: 202}, counters{allowed: 10, cache("bearer", "miss"): 10}, false},
		{"refused", none, counters{refused: 1000}, true},
		{"one was let in", none, counters{refused: 999, allowed: 1}, false},
		{"one could not be told", seen, counters{allowed: 999, unsure: 1, cache("tickets", "hit"): 1000}, false},
		{"nobody asked", none, counters{}, false},
		{"the bare handler alone", scenario{presents: ticketSeen, status: 202, control: true}, counters{}, true},
	}
	for _, tt := range tests {
		if err := tt.scenario.verify(tt.added); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
