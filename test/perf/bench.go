package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// settings are how much is measured.
type settings struct {
	rounds          int
	duration        time.Duration // of each side in each round
	distinctTickets int
	distinctTokens  int
}

// bench is everything that a measurement needs.
type bench struct {
	settings

	dir      string // an empty folder
	out      io.Writer
	programs programs
	wrk      *wrk
	idp      *entra.Server
	made     map[presents]*rotation // tickets and tokens
	env      map[string]string      // more variables for every EasyAuth; a test makes its caches small
	files    map[string]string      // variables that name a file, for those scenarios that list them
	stopIDP  func()
}

// prepare builds the programs and starts the identity provider. The caller calls
// close.
func prepare(ctx context.Context, dir string, s settings, out io.Writer) (b *bench, err error) {
	b = &bench{settings: s, dir: dir, out: out, made: map[presents]*rotation{}, stopIDP: func() {}}
	if b.wrk, err = findWrk(dir); err != nil {
		return nil, err
	}
	say(out, "building easyauth and the bare handler\n")
	if b.programs, err = build(ctx, dir); err != nil {
		return nil, err
	}
	if b.files, err = writeFiles(dir); err != nil {
		return nil, err
	}
	b.idp, b.stopIDP, err = startEntra(ctx)
	return b, err
}

func (b *bench) close() { b.stopIDP() }

// secrets returns the tickets or tokens that a scenario presents, which are made
// when they are first asked for; nil if it presents none.
func (b *bench) secrets(what presents) (r *rotation, err error) {
	if r = b.made[what]; r != nil {
		return r, nil
	}
	switch what {
	case nothing:
		return nil, nil
	case ticketSeen:
		r, err = sealTickets(b.idp, filepath.Join(b.dir, "ticket"), 1)
	case ticketsUnseen:
		r, err = sealTickets(b.idp, filepath.Join(b.dir, "tickets"), b.distinctTickets)
	case ticketsTwice:
		if r, err = b.secrets(ticketsUnseen); err == nil {
			r, err = r.twice(filepath.Join(b.dir, "tickets-twice"))
		}
	case tokenSeen:
		r, err = mintTokens(b.idp, filepath.Join(b.dir, "token"), 1)
	case tokensUnseen:
		r, err = mintTokens(b.idp, filepath.Join(b.dir, "tokens"), b.distinctTokens)
	}
	b.made[what] = r
	return r, err
}

// envOf are the variables of EasyAuth in a scenario.
func (b *bench) envOf(s scenario) map[string]string {
	env := map[string]string{}
	for _, more := range []map[string]string{b.env, s.env} {
		maps.Copy(env, more)
	}
	for _, variable := range s.files {
		env[variable] = b.files[variable]
	}
	return env
}

// say prints progress. That nobody reads it is no reason to stop.
func say(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
