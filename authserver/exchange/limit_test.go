package exchange

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func TestLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r := newLimiter(time.Now), rate{burst: 10, every: time.Second}
		key, other := addressKey(netip.MustParsePrefix("192.0.2.1/32")), subjectKey(access.Key{Authority: "t", ID: "a"})
		for i := range 10 {
			if wait := l.take(key, r, 1); wait != 0 {
				t.Fatalf("the %dth waits %v", i, wait)
			}
		}
		if wait := l.take(key, r, 1); wait != time.Second {
			t.Errorf("the 11th waits %v", wait)
		}
		if wait := l.take(other, r, 10); wait != 0 {
			t.Errorf("another waits %v", wait)
		}
		if wait := l.take(other, r, 3); wait != 3*time.Second {
			t.Errorf("three more wait %v", wait)
		}
		time.Sleep(time.Second)
		if l.take(key, r, 1) != 0 || l.take(key, r, 1) == 0 {
			t.Error("after a second there must be room for one")
		}
		l.charge(key, r, 1000)
		if wait := l.take(key, r, 1); wait != 11*time.Second {
			t.Errorf("after a thousand: %v", wait)
		}
		time.Sleep(20 * time.Second)
		if wait := l.take(key, r, 10); wait != 0 {
			t.Errorf("full again: %v", wait)
		}
		if wait := newLimiter(time.Now).take(key, r, 11); wait != time.Second {
			t.Errorf("more than there can be: %v", wait)
		}
		for i := range 100_000 {
			l.take(subjectKey(access.Key{ID: strconv.Itoa(i)}), r, 1)
		}
		if l.full.Bytes() > limitBytes {
			t.Errorf("%d bytes", l.full.Bytes())
		}
	})
}

// Each row asks until it is refused, and then as somebody else.
func TestAddressLimit(t *testing.T) {
	proxies := func(c *Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	}
	for _, row := range []struct {
		name         string
		first, other func(*call)
		same         bool // other is counted with first
	}{
		{"another peer", from("192.0.2.1:1"), from("192.0.2.2:1"), false},
		{"another port", from("192.0.2.1:1"), from("192.0.2.1:2"), true},
		{"IPv4 in IPv6", from("192.0.2.1:1"), from("[::ffff:192.0.2.1]:1"), true},
		{"the same network", from("[2001:db8::1]:1"), from("[2001:db8::ffff:1]:1"), true},
		{"another network", from("[2001:db8::1]:1"), from("[2001:db8:0:1::1]:1"), false},
		{"X-Real-IP of a proxy", from("10.1.1.1:1", "192.0.2.1"), from("10.1.1.1:1", "192.0.2.2"), false},
		{"X-Real-IP of two proxies", from("10.1.1.1:1", "192.0.2.1"), from("[fd00::1]:1", "192.0.2.1"), true},
		{"X-Real-IP of one who is no proxy", from("192.0.2.1:1", "192.0.2.8"), from("192.0.2.1:1", "192.0.2.9"), true},
		{"X-Real-IP that cannot be read", from("10.1.1.1:1", "x"), from("10.1.1.1:1", "y"), true},
		{"two X-Real-IP", from("10.1.1.1:1", "192.0.2.1", "192.0.2.2"), from("10.1.1.1:1", "192.0.2.3", "192.0.2.4"), true},
		{"a list in X-Real-IP", from("10.1.1.1:1", "192.0.2.1, 192.0.2.2"), from("10.1.1.1:1", "192.0.2.3, 192.0.2.4"), true},
		{"a zone in X-Real-IP", from("10.1.1.1:1", "fe80::1%a"), from("10.1.1.1:1", "fe80::1%b"), true},
		{"a zone of the peer", from("[fe80::1%a]:1"), from("[fe80::1%b]:1"), true},
		{"X-Real-IP of a proxy as IPv6 writes it", from("[::ffff:10.1.1.1]:1", "192.0.2.1"), from("10.1.1.1:1", "192.0.2.1"), true},
		{"X-Real-IP as IPv6 writes it", from("10.1.1.1:1", "::ffff:192.0.2.1"), from("10.1.1.1:1", "192.0.2.1"), true},
		{"X-Real-IP of one network", from("10.1.1.1:1", "2001:db8::1"), from("10.1.1.1:1", "2001:DB8:0:0:ffff::2"), true},
		{"X-Real-IP with a port", from("10.1.1.1:1", "192.0.2.1:1"), from("10.1.1.1:1", "192.0.2.2:2"), true},
		{"X-Real-IP with a blank", from("10.1.1.1:1", " 192.0.2.1"), from("10.1.1.1:1", " 192.0.2.2"), true},
		{"an empty X-Real-IP", from("10.1.1.1:1", ""), from("10.1.1.1:1"), true},
		{"X-Forwarded-For", from("10.1.1.1:1"), both(from("10.1.1.1:1"), header("X-Forwarded-For", "192.0.2.1")), true},
		{"a peer that cannot be read", from("@"), from("?"), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t, alone, proxies)
				forged := func(who func(*call)) *call {
					c := k.exchange("token_invalid")
					who(c)
					return c
				}
				n := 0
				for ; n < 1000; n++ {
					if a := k.send(forged(row.first)); a.status == 429 {
						if a.Error != codeUnavailable || a.header.Get("Retry-After") == "" || a.header.Get("Retry-After") == "0" {
							t.Errorf("%+v", a)
						}
						break
					}
				}
				if n != 60 { // 300 over the five that one costs
					t.Errorf("the %dth is refused", n)
				}
				good := k.exchange("good")
				row.other(good)
				if a := k.send(good); (a.status == 429) != row.same || (a.status == 200) == row.same {
					t.Errorf("the other: %d", a.status)
				}
				time.Sleep(time.Second)
				again := k.exchange("good")
				row.first(again)
				k.mustPass("a second later", again)
			})
		})
	}
}

func from(peer string, realIP ...string) func(*call) {
	return func(c *call) {
		c.peer = peer
		if len(realIP) > 0 {
			c.header["X-Real-Ip"] = realIP
		}
	}
}

// Good requests cost a fifth, and login and session nothing.
func TestWhatIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, inStore)
		for i := range addressRate().burst {
			if a := k.send(k.exchange(fmt.Sprintf("good:%d", i))); a.status != 200 {
				t.Fatalf("the %dth: %d", i, a.status)
			}
		}
		k.mustFail("token", k.exchange("good"), 429, codeUnavailable, "rate_limited")
		k.mustFail("revoke", k.revoke("ea_x"), 429, codeUnavailable, "rate_limited")
		k.mustFail("a page is refused before it is counted", func() *call { c := k.exchange("good"); header("Origin", app)(c); return c }(), 403, codeInvalidRequest, "cross_origin")
		if n := len(k.provider.kinds); n != addressRate().burst {
			t.Errorf("of %d that were let through %d were verified", addressRate().burst, n)
		}
		for range addressRate().burst + 1 {
			if a := k.send(k.login(ask())); a.status != 200 {
				t.Fatalf("login: %d", a.status)
			}
			if a := k.send(k.whoami("ea_x")); a.status != 401 {
				t.Fatalf("session: %d", a.status)
			}
		}
	})
}

// A person is limited wherever they ask from, and nothing of theirs is used up by it.
func TestSubjectLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, inStore)
		code := k.code(ask(), k.signIn(person()))
		issued := k.mustPass("exchange", k.exchange("good"))
		asked := 1
		at := func(c *call) *call {
			asked++
			from(fmt.Sprintf("198.51.100.%d:1", asked%200))(c)
			return c
		}
		for range subjectRate().burst - 1 {
			k.mustPass("exchange", at(k.exchange("good")))
		}
		k.mustFail("one more", at(k.exchange("good")), 429, codeUnavailable, "rate_limited")
		k.mustFail("the classic form", at(k.classic("good")), 429, codeUnavailable, "rate_limited")
		k.mustFail("a code", at(k.redeem(code)), 429, codeUnavailable, "rate_limited")
		for range 100 { // which costs the address no more than a good one
			c := at(k.exchange("good"))
			from("203.0.113.1:1")(c)
			k.mustFail("and more", c, 429, codeUnavailable, "rate_limited")
		}
		k.mustPass("another person", at(k.exchange("good:megan")))
		k.mustPass("a refresh token, which would be lost", at(k.refresh(issued.Refresh)))
		time.Sleep(3 * time.Second)
		k.mustPass("the code later", at(k.redeem(code)))
	})
}
