package exchange

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// replica is another handler with the same keys and the same store or list.
func (k *kit) replica() *kit {
	k.t.Helper()
	cfg := session.Config{Codec: k.h.Codec, Ring: k.h.Ring, Cookies: k.cookies, Lifetime: 8 * time.Hour, CacheBytes: 1 << 20}
	var err error
	if k.store != nil {
		cfg.Store = k.store
	}
	if k.list != nil {
		cfg.Revoked, err = session.NewRevoked(session.RevokedConfig{Log: k.list})
		k.must(err)
	}
	other := *k
	other.sessions, err = session.New(cfg)
	k.must(err)
	hc := k.h.Config
	hc.Sessions, hc.Used, hc.Metrics = other.sessions, nil, nil
	other.h, err = New(hc)
	k.must(err)
	return &other
}

// One code, and one refresh token, that come to two replicas at once: one of all is given
// a token. Of a code the others are told that it was used; for a refresh token everything
// ends, whoever was first.
func TestAttack10CodesAndRefreshTokensOnTwoReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, where := range map[string]place{"store": inStore, "list": inCookies} {
			one := newKit(t, where)
			two := one.replica()
			stopOne, stopTwo := one.run(), two.run()
			synctest.Wait()
			both := []*kit{one, two}
			results := func(next func(*kit) *call) (given *reply, reasons map[string]int) {
				var mu sync.Mutex
				var all sync.WaitGroup
				reasons = map[string]int{}
				for i := range 12 {
					all.Go(func() {
						a := one.send(next(both[i%2]))
						mu.Lock()
						defer mu.Unlock()
						reasons[a.Description]++
						if a.status == 200 {
							given = a
						}
					})
				}
				all.Wait()
				return given, reasons
			}
			code := one.code(ask(), one.signIn(person()))
			given, reasons := results(func(k *kit) *call { return k.redeem(code) })
			if given == nil || reasons[""] != 1 || reasons["code_used: the code was redeemed before: what came of it has ended"] != 11 {
				t.Errorf("%s: code: %v", name, reasons)
			}
			if where == inStore {
				given = one.mustPass(name, one.exchange("good"))
				refresh := given.Refresh
				next, reasons := results(func(k *kit) *call { return k.refresh(refresh) })
				if next == nil || reasons[""] != 1 || len(reasons) < 2 {
					t.Fatalf("%s: refresh: %v", name, reasons)
				}
				time.Sleep(session.MaxAge + time.Second)
				for _, k := range both {
					k.mustFail("the first access token", k.whoami(given.Access), 401, codeInvalidToken, "session_ended")
					k.mustFail("what the winner was given", k.whoami(next.Access), 401, codeInvalidToken, "session_ended")
					k.mustFail("… and to refresh with", k.refresh(next.Refresh), 400, codeInvalidGrant, "session_ended")
				}
			}
			stopOne()
			stopTwo()
		}
	})
}

// Who redeems a code a second time has its verifier and its address: what the first one
// was given ends, on every replica. Who has the code alone ends nothing.
func TestReplayedCodeEndsWhatCameOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, where := range everyPlace() {
			one := newKit(t, where)
			two := one.replica()
			stopOne, stopTwo := one.run(), two.run()
			synctest.Wait()
			cookies := one.signIn(person())
			for _, row := range []struct {
				name   string
				replay func(code string) *call
				word   string
				ends   bool
			}{
				{"on the same replica", func(code string) *call { return one.redeem(code) }, "code_used", true},
				{"on another replica", func(code string) *call { return two.redeem(code) }, "code_used", true},
				{"with another verifier", func(code string) *call { return one.redeemOf(code, "code_verifier", "x"+verifier[1:]) }, "code_invalid", false},
				{"with the challenge as verifier", func(code string) *call { return two.redeemOf(code, "code_verifier", challengeOf(verifier)) }, "code_invalid", false},
				{"with another address", func(code string) *call { return two.redeemOf(code, "redirect_uri", loopback+"x") }, "code_invalid", false},
				{"of another code", func(string) *call { return two.redeem(one.code(ask(), cookies)) }, "", false},
			} {
				if where == alone && row.name == "on another replica" {
					continue // which knows nothing of it: docs/tokens.md says so
				}
				what := name + ", " + row.name
				code := one.code(ask(), cookies)
				given := one.mustPass(what, one.redeem(code))
				if row.word == "" {
					two.mustPass(what, row.replay(code))
				} else {
					two.mustFail(what, row.replay(code), 400, codeInvalidGrant, row.word)
				}
				time.Sleep(session.MaxAge + time.Second)
				for _, k := range []*kit{one, two} {
					a := k.send(k.whoami(given.Access))
					if ended := a.status == 401; ended != (row.ends && where != alone) {
						t.Errorf("%s: ended %v: %d %s", what, ended, a.status, a.Description)
					}
				}
				if where == inStore {
					if a := one.send(one.refresh(given.Refresh)); (a.status != 200) != row.ends {
						t.Errorf("%s: the refresh token: %d %s", what, a.status, a.Description)
					}
				}
				browser := one.whoami("")
				browser.header.Set("Cookie", cookies)
				if a := one.send(browser); a.status != 200 {
					t.Errorf("%s: the browser's own session: %d %s", what, a.status, a.Description)
				}
			}
			stopOne()
			stopTwo()
		}
	})
}
