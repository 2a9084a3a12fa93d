package main

import (
	"context"
	"fmt"
	"time"
)

// side is one of the two programs of a pair, in one round.
type side struct {
	figures

	cpu time.Duration // of the server, for all requests
}

// perRequest is the CPU time of the server per request, in µs.
func (s side) perRequest() float64 {
	return float64(s.cpu.Nanoseconds()) / 1000 / float64(s.requests)
}

// round is one measurement of both, near in time.
type round struct{ easyauth, bare side }

func (r round) ratio() float64 { return r.easyauth.perRequest() / r.bare.perRequest() }

// measure runs wrk against a server, whose process is pid, and accounts its CPU time.
func (w *wrk) measure(ctx context.Context, pid int, url string, l load, refused bool, duration time.Duration) (side, error) {
	before, err := cpuTime(pid)
	if err != nil {
		return side{}, err
	}
	f, err := w.run(ctx, url, l, duration)
	if err != nil {
		return side{}, err
	}
	after, err := cpuTime(pid)
	if err != nil {
		return side{}, err
	}
	return side{f, after - before}, f.expect(refused)
}

// pair measures two servers in turn; who is first alternates. The first round is
// a warm-up that does not count. Each server sees all the lines of a rotation before
// one of them comes again, however many the other has seen.
func (w *wrk) pair(ctx context.Context, easyauth, bare *server, l load, refused bool, s settings, progress func()) ([]round, error) {
	loads := map[*server]load{easyauth: l, bare: l.clone()}
	var rounds []round
	for i := range s.rounds + 1 {
		var r round
		turns := []struct {
			server *server
			into   *side
		}{{easyauth, &r.easyauth}, {bare, &r.bare}}
		if i%2 == 1 {
			turns[0], turns[1] = turns[1], turns[0]
		}
		for _, turn := range turns {
			var err error
			if *turn.into, err = w.measure(ctx, turn.server.pid(), turn.server.url, loads[turn.server], refused, s.duration); err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", turn.server.process.Name(), i, err)
			}
		}
		if i > 0 {
			rounds = append(rounds, r)
			progress()
		}
	}
	return rounds, nil
}
