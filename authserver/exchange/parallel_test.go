package exchange

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Of many who bring one code, or one refresh token, at once, one is given a token.
func TestOneOfManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, where := range everyPlace() {
			k := newKit(t, where)
			stop := k.run()
			synctest.Wait()
			calls := map[string]func() *call{}
			code := k.code(ask(), k.signIn(person()))
			calls["code"] = func() *call { return k.redeem(code) }
			if where == inStore {
				token := k.mustPass(name, k.exchange("good")).Refresh
				calls["refresh token"] = func() *call { return k.refresh(token) }
			}
			for what, next := range calls {
				var given atomic.Int32
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() {
						if next().do().Code == 200 {
							given.Add(1)
						}
					})
				}
				all.Wait()
				if n := given.Load(); n != 1 {
					t.Errorf("%s: %d tokens for one %s", name, n, what)
				}
			}
			stop()
		}
	})
}
