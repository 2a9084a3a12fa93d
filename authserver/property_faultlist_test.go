package authserver_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

// stageFault is something that goes wrong, and is mended again.
type stageFault struct {
	name  string
	begin func(st *stage, r *property.Rand)

	// tells says that the session is as good as before: an answer that does not let
	// in who may pass then says that nobody can tell, and nothing else.
	tells bool
}

// mend undoes every fault.
func (st *stage) mend() {
	st.time.lies(nil)
	st.time.jumps(time.Time{}, false)
	if st.store != nil {
		st.store.lies(nil)
	}
	st.server = st.kit.server
	st.idp.ClearFaults()
	st.keys(key(1))
}

func (st *stage) keys(keys ...[]byte) {
	if err := st.ring.Replace(keys, nil); err != nil {
		st.t.Fatal(err)
	}
}

func jumps() []time.Duration {
	const year = 365 * 24 * time.Hour
	return []time.Duration{time.Second, 59 * time.Second, 2 * time.Minute, time.Hour, 7 * time.Hour, 9 * time.Hour, 30 * 24 * time.Hour, year, 100 * year, 250 * year}
}

// oddTimes are what a broken clock may say.
func oddTimes() []time.Time {
	return []time.Time{
		{},
		time.Unix(0, 0), time.Unix(-1, 0), time.Unix(math.MinInt32, 0), time.Unix(math.MaxInt32, 0), time.Unix(math.MaxUint32+1, 0),
		time.UnixMilli(math.MaxInt64), time.UnixMilli(math.MinInt64), time.Unix(1<<60, 0), time.Unix(-1<<60, 0), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	}
}

func clockFaults() []stageFault {
	var list []stageFault
	for _, d := range jumps() {
		for _, d := range []time.Duration{d, -d} {
			list = append(list, stageFault{name: "the clock jumps by " + d.String(), begin: func(st *stage, _ *property.Rand) { st.time.jumps(st.time.honest().Add(d), true) }})
		}
	}
	for _, odd := range oddTimes() {
		list = append(list, stageFault{name: "the clock says " + odd.String(), begin: func(st *stage, _ *property.Rand) { st.time.jumps(odd, true) }})
	}
	return append(list,
		stageFault{name: "the clock jumps while it is read", begin: func(st *stage, r *property.Rand) {
			at, to := r.Between(1, 8), property.One(r, jumps())*time.Duration(2*r.IntN(2)-1)
			st.time.lies(func(n int, now time.Time) time.Time {
				if n < at {
					return now
				}
				return now.Add(to)
			})
		}},
		stageFault{name: "the clock says something else each time", begin: func(st *stage, r *property.Rand) {
			st.time.lies(func(_ int, now time.Time) time.Time {
				if r.Chance(3) {
					return property.One(r, oddTimes())
				}
				return now.Add(property.One(r, jumps()) * time.Duration(r.IntN(3)-1))
			})
		}},
		stageFault{name: "the clock breaks", tells: true, begin: func(st *stage, r *property.Rand) {
			at := r.Between(1, 8)
			st.time.lies(func(n int, now time.Time) time.Time {
				if n == at {
					panic("the clock is broken")
				}
				return now
			})
		}},
		stageFault{name: "the clock stays broken", tells: true, begin: func(st *stage, r *property.Rand) {
			at := r.Between(1, 8)
			st.time.lies(func(n int, now time.Time) time.Time {
				if n >= at {
					panic("the clock is broken")
				}
				return now
			})
		}})
}

func keyFaults() []stageFault {
	meanwhile := func(keys ...[]byte) func(st *stage, r *property.Rand) {
		return func(st *stage, r *property.Rand) {
			at := r.Between(1, 8)
			st.time.lies(func(n int, now time.Time) time.Time {
				if n == at {
					st.keys(keys...)
				}
				return now
			})
		}
	}
	return []stageFault{
		{name: "the key is gone", begin: func(st *stage, _ *property.Rand) { st.keys(key(9)) }},
		{name: "the key goes meanwhile", begin: meanwhile(key(9))},
		{name: "another key seals", tells: true, begin: func(st *stage, _ *property.Rand) { st.keys(key(9), key(1)) }},
		{name: "another key begins to seal meanwhile", tells: true, begin: meanwhile(key(9), key(1))},
		{name: "the key goes, and comes back meanwhile", begin: func(st *stage, r *property.Rand) {
			st.keys(key(9))
			meanwhile(key(9), key(1))(st, r)
		}},
	}
}

// storeFaults are what a store may say when a session is read. The whole list is
// for sessions in a store.
func storeFaults(bob *session.Record) []stageFault {
	says := func(name string, tells bool, lie func(ctx context.Context, r *session.Record, err error) (*session.Record, error)) stageFault {
		return stageFault{name: "the store " + name, tells: tells, begin: func(st *stage, _ *property.Rand) { st.store.lies(lie) }}
	}
	changed := func(name string, change func(r *session.Record)) stageFault {
		return says(name, false, func(_ context.Context, r *session.Record, err error) (*session.Record, error) {
			if err == nil {
				copied := *r
				change(&copied)
				r = &copied
			}
			return r, err
		})
	}
	fails := func(name string, tells bool, err error) stageFault {
		return says(name, tells, func(context.Context, *session.Record, error) (*session.Record, error) { return nil, err })
	}
	return []stageFault{
		fails("fails", true, errDown), fails("fails with a canceled context", true, context.Canceled), fails("takes too long", true, context.DeadlineExceeded),
		fails("says that another wrote", true, session.ErrVersion), fails("has forgotten all", false, session.ErrNoRecord),
		fails("says several things", false, errors.Join(errDown, session.ErrNoRecord)),
		says("says nothing at all", true, func(context.Context, *session.Record, error) (*session.Record, error) { return nil, nil }),
		says("breaks", true, func(context.Context, *session.Record, error) (*session.Record, error) { panic("a broken store") }),
		says("breaks with an error", true, func(context.Context, *session.Record, error) (*session.Record, error) { panic(errDown) }),
		says("gives a session and an error", true, func(_ context.Context, r *session.Record, _ error) (*session.Record, error) { return r, errDown }),
		says("gives everybody Bob's record", false, func(context.Context, *session.Record, error) (*session.Record, error) { return bob, nil }),
		changed("gives everybody Bob's value", func(r *session.Record) { r.Value = bob.Value }),
		changed("gives everybody Bob's value and version", func(r *session.Record) { r.Value, r.Version = bob.Value, bob.Version }),
		changed("gives another key", func(r *session.Record) { r.Key = bob.Key }),
		changed("gives no value", func(r *session.Record) { r.Value = nil }),
		changed("gives one byte", func(r *session.Record) { r.Value = []byte{1} }),
		changed("gives half a value", func(r *session.Record) { r.Value = r.Value[:len(r.Value)/2] }),
		changed("gives a value and more", func(r *session.Record) { r.Value = append(r.Value[:len(r.Value):len(r.Value)], 0) }),
		changed("gives a value with a wrong bit", func(r *session.Record) {
			r.Value = append([]byte(nil), r.Value...)
			r.Value[len(r.Value)/2] ^= 4
		}),
		changed("gives garbage", func(r *session.Record) { r.Value = []byte(strings.Repeat("{\"a\":", 5000)) }),
		changed("gives version 0", func(r *session.Record) { r.Version = 0 }),
		changed("gives another version", func(r *session.Record) { r.Version += 1 << 40 }),
		changed("gives odd times", func(r *session.Record) { r.Seen, r.Issued, r.Expires = time.Time{}, time.Unix(1<<60, 0), time.Time{} }),
	}
}

// panicking is a log that breaks.
type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool  { return true }
func (panicking) Handle(context.Context, slog.Record) error { panic("a broken log") }

// breaks is the kit's server with other parts.
func (k *kit) breaks(change func(*authserver.Config)) *authserver.Server {
	k.t.Helper()
	server, err := authserver.New(k.server.Config)
	if err != nil {
		k.t.Fatal(err)
	}
	change(&server.Config)
	return server
}

// brokenParts are handlers of which a part breaks as soon as it is used.
func brokenParts(st *stage) []stageFault {
	broken := func(name string, change func(*authserver.Config)) stageFault {
		server := st.breaks(change)
		return stageFault{name: name + " breaks", tells: true, begin: func(st *stage, _ *property.Rand) { st.server = server }}
	}
	return []stageFault{
		broken("the writing of headers", func(c *authserver.Config) { c.Headers = &headers.Renderer{} }),
		broken("the sealing of denials", func(c *authserver.Config) { c.Denials = &signin.Denials{} }),
		broken("the reading of sessions", func(c *authserver.Config) { c.Sessions = &session.Manager{} }),
		broken("the counting", func(c *authserver.Config) { c.Metrics = &metrics.Metrics{} }),
		broken("the log", func(c *authserver.Config) { c.Log = slog.New(panicking{}) }),
		broken("everything after the decision", func(c *authserver.Config) {
			c.Headers, c.Denials, c.Metrics, c.Log = &headers.Renderer{}, &signin.Denials{}, &metrics.Metrics{}, slog.New(panicking{})
		}),
	}
}
