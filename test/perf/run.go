package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// result is what came of a scenario.
type result struct {
	scenario

	rounds        []round
	before, after int64 // bytes of EasyAuth in memory: idle, and at the end
	asked         int   // requests that EasyAuth has answered
	held          int   // tickets in its cache at the end
}

func (r result) ratios() []float64 { return column(r.rounds, round.ratio) }

// run measures one scenario, with an EasyAuth and a bare handler of its own.
func (b *bench) run(ctx context.Context, s scenario) (r result, err error) {
	if s.inline {
		return b.runInline(ctx, s)
	}
	r.scenario = s
	l, first, err := b.load(s)
	if err != nil {
		return r, err
	}
	easyauth, err := startEasyAuth(ctx, b.programs.easyauth, b.idp, b.envOf(s))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, easyauth.stop()) }()
	if r.before, err = resident(easyauth.pid()); err != nil {
		return r, err
	}
	bare, err := b.twin(ctx, s, easyauth, first)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	measured := easyauth
	if s.control {
		if measured, err = b.twin(ctx, s, easyauth, first); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, measured.stop()) }()
	}
	before, err := readCounters(ctx, easyauth.admin)
	if err != nil {
		return r, err
	}
	if r.rounds, err = b.wrk.pair(ctx, measured, bare, l, s.refused(), b.settings, b.progress); err != nil {
		return r, err
	}
	after, err := readCounters(ctx, easyauth.admin)
	if err != nil {
		return r, err
	}
	if r.after, err = resident(easyauth.pid()); err != nil {
		return r, err
	}
	added := after.since(before)
	r.held = int(after[`easyauth_cache_entries{cache="tickets"}`])
	r.asked = int(added.sum("easyauth_decisions_total{"))
	return r, s.verify(added)
}

// load writes the request that wrk sends. first is that request as it is the
// first time.
func (b *bench) load(s scenario) (l load, first []byte, err error) {
	secrets, err := b.secrets(s.presents)
	if err != nil {
		return l, nil, err
	}
	one := ""
	if secrets != nil {
		if one, err = secrets.line(0); err != nil {
			return l, nil, err
		}
	}
	first = s.request(one)
	sent := first
	if secrets != nil && len(secrets.starts) > 1 {
		l.lines, sent = secrets, s.request(placeholder)
	}
	l.request = filepath.Join(b.dir, "request")
	return l, first, os.WriteFile(l.request, sent, 0o600)
}

// twin asks EasyAuth once, and starts a bare handler that answers just so.
func (b *bench) twin(ctx context.Context, s scenario, easyauth *server, request []byte) (*server, error) {
	a, err := probe(ctx, easyauth.url, request)
	if err != nil {
		return nil, fmt.Errorf("ask easyauth: %w", err)
	}
	if s.signed() && a.value(assertionHeader) == "" {
		return nil, fmt.Errorf("easyauth signs no identity\n%s", easyauth.process.Output())
	}
	if a.Status != s.status {
		return nil, fmt.Errorf("easyauth answers %d, want %d\n%s", a.Status, s.status, easyauth.process.Output())
	}
	bare, err := startBare(ctx, b.programs.perf, b.dir, a)
	if err != nil {
		return nil, err
	}
	same, err := probe(ctx, bare.url, request)
	if err == nil {
		err = a.same(same)
	}
	if err != nil {
		_ = bare.stop() // the first error counts
		return nil, fmt.Errorf("compare easyauth and the bare handler: %w", err)
	}
	return bare, nil
}

// verify wants EasyAuth's own counters to say that the scenario was what its name says.
func (s scenario) verify(added counters) error {
	if s.control {
		return nil
	}
	all := added.sum("easyauth_decisions_total{")
	outcome := `outcome="allow"`
	if s.refused() {
		outcome = `outcome="sign_in"`
	}
	if got := added.sum("easyauth_decisions_total{" + outcome); all == 0 || got != all {
		return fmt.Errorf("%v of %v decisions have %s", got, all, outcome)
	}
	cache, result := "", "hit"
	switch s.presents {
	case nothing:
		return nil
	case ticketSeen:
		cache = "tickets"
	case ticketsUnseen, ticketsTwice: // the second time it is put into the cache
		cache, result = "tickets", "miss"
	case tokenSeen:
		cache = "bearer"
	case tokensUnseen:
		cache, result = "bearer", "miss"
	}
	const nearly = 0.99
	asked := added.sum(fmt.Sprintf("easyauth_cache_requests_total{cache=%q", cache))
	if got := added[fmt.Sprintf("easyauth_cache_requests_total{cache=%q,result=%q}", cache, result)]; asked == 0 || got < nearly*asked {
		return fmt.Errorf("%v of %v look-ups in the cache of %s were a %s", got, asked, cache, result)
	}
	return nil
}

// progress shows that a round is done.
func (b *bench) progress() { say(b.out, ".") }
