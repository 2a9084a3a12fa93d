package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// proxied is one round of a check behind nginx.
type proxied struct {
	side // CPU time: of nginx's worker

	easyauth float64 // its CPU time per request, in µs
}

// passage is what came of one check.
type passage struct {
	check

	rounds []proxied
}

// runNginx measures the checks in turn behind one nginx. Who is first changes
// from round to round; the first round is a warm-up that does not count.
func (b *bench) runNginx(ctx context.Context) (passages []passage, err error) {
	dir := filepath.Join(b.dir, "nginx")
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return nil, err
	}
	s := scenario{presents: ticketSeen, status: http.StatusAccepted}
	loads, err := b.pageLoads(s, dir)
	if err != nil {
		return nil, err
	}
	easyauth, err := startEasyAuth(ctx, b.programs.easyauth, b.idp, b.env)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, easyauth.stop()) }()
	g, err := startGateway(ctx, dir, easyauth.url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.stop()) }()
	for _, c := range checks() {
		passages = append(passages, passage{check: c})
	}
	for i := range b.rounds + 1 {
		for turn := range passages {
			at := (turn + i) % len(passages)
			p, err := b.measureProxied(ctx, g, easyauth, loads[at])
			if err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", passages[at].Name, i, err)
			}
			if i > 0 {
				passages[at].rounds = append(passages[at].rounds, p)
			}
		}
		if i > 0 {
			b.progress()
		}
	}
	counted, err := readCounters(ctx, easyauth.admin)
	if err != nil {
		return nil, err
	}
	return passages, s.verify(counted)
}

// pageLoads writes what wrk sends to each check's location.
func (b *bench) pageLoads(s scenario, dir string) (loads []load, err error) {
	tickets, err := b.secrets(s.presents)
	if err != nil {
		return nil, err
	}
	secret, err := tickets.line(0)
	if err != nil {
		return nil, err
	}
	for _, c := range checks() {
		l := load{request: filepath.Join(dir, "request-"+c.Name)}
		if err := os.WriteFile(l.request, s.page(c.Name, secret), 0o600); err != nil {
			return nil, err
		}
		loads = append(loads, l)
	}
	return loads, nil
}

func (b *bench) measureProxied(ctx context.Context, g *gateway, easyauth *server, l load) (proxied, error) {
	before, err := cpuTime(easyauth.pid())
	if err != nil {
		return proxied{}, err
	}
	s, err := b.wrk.measure(ctx, g.worker, g.url, l, false, b.duration)
	if err != nil {
		return proxied{}, err
	}
	after, err := cpuTime(easyauth.pid())
	return proxied{s, side{s.figures, after - before}.perRequest()}, err
}
