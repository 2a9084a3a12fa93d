package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

const sessionsDetails = `It needs the environment of the server: the same keys and the same store.
USER is TENANT/OBJECT, the ids of a tenant and of a person in it; OBJECT alone when
EASYAUTH_TENANT_ID is the tenant's id; the claim sub with EASYAUTH_ISSUER and B2C.
SID is the claim sid of ID tokens: one sign-in at the identity provider.
`

const storePatience = 10 * time.Second // how long a store may take to answer at first

// selection is what the flags of a command about sessions say.
type selection struct {
	user, sid string
	all, json bool
}

// setUpSessions gives a command about sessions its flags. do gets whose sessions
// they name and prints what comes of it.
func setUpSessions(do func(ctx context.Context, admin *session.Admin, who session.Who, p printer) error) func(*flag.FlagSet) runner {
	return func(fs *flag.FlagSet) runner {
		var s selection
		fs.StringVar(&s.user, "user", "", "those of `USER`")
		fs.StringVar(&s.sid, "sid", "", "those of one sign-in at the identity provider, by its `SID`")
		fs.BoolVar(&s.all, "all", false, "those of everybody")
		fs.BoolVar(&s.json, "json", false, "print JSON")
		return func(ctx context.Context, _ []string, env environment) int {
			given := 0
			fs.Visit(func(f *flag.Flag) {
				if f.Name != "json" {
					given++
				}
			})
			if given != 1 || s == (selection{json: s.json}) {
				say(env.stderr, "easyauth %s: say whose: --user USER, --sid SID or --all\n", fs.Name())
				return exitUsage
			}
			return s.run(ctx, fs.Name(), env, do)
		}
	}
}

func (s selection) run(ctx context.Context, name string, env environment, do func(context.Context, *session.Admin, session.Who, printer) error) int {
	cfg, ok := load(env, config.Roles{})
	if !ok {
		return exitUsage
	}
	if cfg.Store == config.StoreCookie && cfg.Revocation == config.RevocationNone {
		say(env.stderr, "easyauth %s: sessions are in the browsers' cookies alone: there is no list of them, and none can be ended from here.\nSet EASYAUTH_STORE, or EASYAUTH_REVOCATION, for the server.\n", name)
		return exitUsage
	}
	log := slog.New(slog.NewTextHandler(env.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	who, err := s.who(ctx, cfg, log)
	if err != nil {
		say(env.stderr, "easyauth %s: %v\n", name, err)
		return exitUsage
	}
	admin, closeStore, err := openAdmin(ctx, cfg, log)
	if err == nil {
		defer closeStore()
		err = do(ctx, admin, who, printer{env.stdout, s.json, recorder(cfg, env, s.json, log)})
	}
	if err != nil {
		say(env.stderr, "easyauth %s: %v\n", name, err)
		return exitFailed
	}
	return exitOK
}

// who returns whose sessions are meant.
func (s selection) who(ctx context.Context, cfg *config.Config, log *slog.Logger) (session.Who, error) {
	switch {
	case s.all:
		return session.Who{All: true}, nil
	case s.sid != "":
		return session.Who{SID: s.sid}, nil
	}
	key, err := userKey(cfg, s.user, func() ([]string, error) { return issuersOf(ctx, cfg, log) })
	return session.Who{User: key}, err
}

// openAdmin connects to where sessions, or the ends of some, are kept, and waits
// until it answers.
func openAdmin(ctx context.Context, cfg *config.Config, log *slog.Logger) (admin *session.Admin, closeStore func(), err error) {
	g, err := wireGround(cfg, log)
	if err != nil {
		return nil, nil, err
	}
	admins := session.AdminConfig{Ring: g.ring, Lifetime: config.MaxLifetime}
	var ping func(context.Context) error
	if cfg.Store != config.StoreCookie {
		if admins.Store, err = openStore(ctx, cfg, log); err != nil {
			return nil, nil, err
		}
		ping, closeStore = admins.Store.Ping, admins.Store.Close
	} else {
		if admins.Log, err = openLog(ctx, cfg, log); err != nil {
			return nil, nil, err
		}
		ping, closeStore = admins.Log.Ping, admins.Log.Close
	}
	if err = waitForStore(ctx, ping); err == nil {
		admin, err = session.NewAdmin(admins)
	}
	if err != nil {
		closeStore()
	}
	return admin, closeStore, err
}

// waitForStore asks until the store answers, because it may take a moment to
// connect.
func waitForStore(ctx context.Context, ping func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	for {
		err := ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the store does not answer (docs/sessions.md has its set-up): %w", err)
		case <-time.After(storePatience / 100):
		}
	}
}

func listSessions(ctx context.Context, admin *session.Admin, who session.Who, p printer) error {
	list, err := admin.List(ctx, who)
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	return p.sessions(list)
}

func revokeSessions(ctx context.Context, admin *session.Admin, who session.Who, p printer) error {
	n, err := admin.Revoke(ctx, who)
	if err != nil {
		return fmt.Errorf("revoke sessions: %w", err)
	}
	p.record(revocation(who, n))
	return p.revoked(n)
}
