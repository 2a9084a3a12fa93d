package session_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// token issues one of ten minutes.
func (r *replica) token(id access.Identity) *session.Issued {
	r.t.Helper()
	issued, err := r.IssueToken(r.t.Context(), &id, 10*time.Minute, "a script")
	if err != nil {
		r.t.Fatal(err)
	}
	return issued
}

// mustRead fails the test unless a token is read with this reason.
func (r *replica) mustRead(what, token string, want access.Reason) *session.Session {
	r.t.Helper()
	s, expires, reason, err := r.ReadToken(context.Background(), token)
	if reason != want || (s != nil) != (want == access.ReasonOK) || expires.IsZero() != (s == nil) {
		r.t.Errorf("%s: %s (%v), expires %v, want %s", what, reason, err, expires, want)
	}
	return s
}

// mustRenew fails the test unless a refresh token is answered with this reason.
func (r *replica) mustRenew(what, token string, want access.Reason) *session.Issued {
	r.t.Helper()
	issued, reason, err := r.Renew(context.Background(), token, 10*time.Minute)
	if reason != want || (issued != nil) != (want == access.ReasonOK) {
		r.t.Errorf("%s: %s (%v), want %s", what, reason, err, want)
	}
	return issued
}

// places are replicas of both kinds, two of each.
func places(t *testing.T, changes ...func(*session.Config)) (map[string][]*replica, func()) {
	t.Helper()
	stored, stopStored := replicas(t, 2, changes...)
	inCookies, _, stopListed := listed(t, 2, nil, nil)
	return map[string][]*replica{"in a store": stored, "in cookies": inCookies}, func() { stopStored(); stopListed() }
}

// A token is its session on every replica until it expires, and is nothing else.
func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, stop := places(t)
		defer stop()
		time.Sleep(2 * time.Second)
		for name, r := range all {
			issued := r[0].token(person())
			text := issued.Access.Reveal()
			if !strings.HasPrefix(text, "ea_") || !session.IsToken(text) || time.Until(issued.Expires) > 10*time.Minute || time.Until(issued.Expires) < 9*time.Minute {
				t.Errorf("%s: %.6s…, expires in %v", name, text, time.Until(issued.Expires))
			}
			if (name == "in a store") == issued.Refresh.Empty() {
				t.Errorf("%s: refresh token %v", name, !issued.Refresh.Empty())
			}
			for range 3 { // the third is remembered
				if s := r[1].mustRead(name, text, access.ReasonOK); s != nil && (s.Identity.Object != "adele" || !slices.Equal(s.Identity.Roles, []string{"Admin"})) {
					t.Errorf("%s: %+v", name, s.Identity)
				}
			}
			cookie := cookieOf(r[0].signIn(person(), nil))
			for what, other := range map[string]string{
				"nothing": "", "no prefix": text[3:], "another prefix": "eb_" + text[3:], "the prefix alone": "ea_", "cut": text[:len(text)-1], "longer": text + "A",
				"a cookie": "ea_" + cookie, "a flipped bit": flipped(text), "blank before": " " + text, "far too long": text + strings.Repeat("A", 10_000),
				"a refresh token": "ea_" + strings.TrimPrefix(issued.Refresh.Reveal(), "ear_"), "a refresh token as it is": issued.Refresh.Reveal(),
			} {
				r[0].mustRead(name+", "+what, other, access.ReasonBearerInvalid)
			}
			for what, h := range map[string]http.Header{"whole": withCookie(cookie, text), "without its prefix": withCookie(cookie, text[3:])} {
				if s, reason := r[0].ask(h); s != nil {
					t.Errorf("%s: a token is a cookie, %s: %s", name, what, reason)
				}
			}
			r[1].mustRead(name, text, access.ReasonOK)
		}
		time.Sleep(10 * time.Minute)
		for name, r := range all {
			r[0].mustRead(name+", a new one", r[1].token(person()).Access.Reveal(), access.ReasonOK)
		}
	})
}

// withCookie is a request whose session cookie has another value.
func withCookie(_, value string) http.Header {
	return http.Header{"Cookie": {"__Host-easyauth=" + value}}
}

func flipped(token string) string {
	b := []byte(token)
	at := len(b) / 2
	if b[at] == 'A' {
		b[at] = 'B'
	} else {
		b[at] = 'A'
	}
	return string(b)
}

func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, stop := places(t)
		defer stop()
		time.Sleep(2 * time.Second)
		texts := map[string]string{}
		for name, r := range all {
			issued := r[0].token(person())
			texts[name] = issued.Access.Reveal()
			r[0].mustRead(name, texts[name], access.ReasonOK)
			r[1].mustRead(name, texts[name], access.ReasonOK)
			if _, err := r[0].IssueToken(t.Context(), &access.Identity{Tenant: "t", Object: "x"}, 0, ""); err == nil {
				t.Error("a token for no time")
			}
		}
		time.Sleep(9*time.Minute + 58*time.Second)
		for name, r := range all {
			r[0].mustRead(name+", before the end", texts[name], access.ReasonOK)
		}
		time.Sleep(3 * time.Second)
		for name, r := range all {
			r[0].mustRead(name+", after the end", texts[name], access.ReasonBearerExpired)
			r[1].mustRead(name+", after the end", texts[name], access.ReasonBearerExpired)
		}
	})
}

// A token lives no longer than a session may.
func TestTokensEndWithTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1, func(c *session.Config) { c.Lifetime = 5 * time.Minute })
		defer stop()
		issued := r[0].token(person())
		if time.Until(issued.Expires) > 5*time.Minute {
			t.Errorf("expires in %v", time.Until(issued.Expires))
		}
		time.Sleep(4 * time.Minute)
		next := r[0].mustRenew("before the end", issued.Refresh.Reveal(), access.ReasonOK)
		if time.Until(next.Expires) > time.Minute {
			t.Errorf("renewed, expires in %v", time.Until(next.Expires))
		}
		time.Sleep(time.Minute + time.Second)
		r[0].mustRead("after the end", next.Access.Reveal(), access.ReasonBearerExpired)
		if _, reason, _ := r[0].Renew(t.Context(), next.Refresh.Reveal(), time.Minute); reason != access.ReasonBearerExpired && reason != access.ReasonSessionEnded {
			t.Errorf("renewed after the end: %s", reason)
		}
	})
}

// A session that nobody uses ends, that of a program too.
func TestTokensIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1, func(c *session.Config) { c.Idle = 5 * time.Minute })
		defer stop()
		used, unused := r[0].token(person()), r[0].token(person())
		for range 4 {
			time.Sleep(2 * time.Minute)
			if s := r[0].mustRead("used", used.Access.Reveal(), access.ReasonOK); s != nil && r[0].Touch(t.Context(), s) != "" {
				t.Error("a cookie for a program")
			}
		}
		if _, _, reason, _ := r[0].ReadToken(t.Context(), unused.Access.Reveal()); reason != access.ReasonIdle && reason != access.ReasonSessionEnded {
			t.Errorf("unused: %s", reason)
		}
		if _, reason, _ := r[0].Renew(t.Context(), unused.Refresh.Reveal(), time.Minute); reason != access.ReasonIdle && reason != access.ReasonSessionEnded {
			t.Errorf("unused, renewed: %s", reason)
		}
		r[0].mustRenew("used", used.Refresh.Reveal(), access.ReasonOK)
	})
}

// A refresh token is good once. One that comes again ends all tokens of its session,
// on every replica.
func TestRefreshTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 2)
		defer stop()
		first, other := r[0].token(person()), r[0].token(person())
		r[1].mustRead("first", first.Access.Reveal(), access.ReasonOK)
		for what, token := range map[string]string{
			"an access token": first.Access.Reveal(), "of another prefix": "ear_" + strings.TrimPrefix(first.Access.Reveal(), "ea_"),
			"changed": flipped(first.Refresh.Reveal()), "nothing": "", "a cookie": "ear_" + cookieOf(r[0].signIn(person(), nil)),
		} {
			r[0].mustRenew(what, token, access.ReasonBearerInvalid)
		}
		second := r[1].mustRenew("the first", first.Refresh.Reveal(), access.ReasonOK)
		third := r[0].mustRenew("the second", second.Refresh.Reveal(), access.ReasonOK)
		for i, token := range []*session.Issued{first, second, third} {
			if s := r[i%2].mustRead("all are of one session", token.Access.Reveal(), access.ReasonOK); s != nil && s.Identity.Object != "adele" {
				t.Errorf("%+v", s.Identity)
			}
		}
		r[1].mustRenew("the first again", first.Refresh.Reveal(), access.ReasonTokenReused)
		time.Sleep(session.MaxAge + time.Second)
		for i, token := range []*session.Issued{first, second, third} {
			r[i%2].mustRead("after the reuse", token.Access.Reveal(), access.ReasonSessionEnded)
			r[i%2].mustRenew("after the reuse", token.Refresh.Reveal(), access.ReasonSessionEnded)
		}
		r[0].mustRead("another session", other.Access.Reveal(), access.ReasonOK)
		r[1].mustRenew("another session", other.Refresh.Reveal(), access.ReasonOK)
	})
}

// Of many that come with one refresh token at once at most one is answered, and then
// the session ends.
func TestRefreshTokensInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 4)
		defer stop()
		issued := r[0].token(person())
		var wg sync.WaitGroup
		var mu sync.Mutex
		reasons := map[access.Reason]int{}
		for i := range 40 {
			wg.Go(func() {
				_, reason, _ := r[i%4].Renew(context.Background(), issued.Refresh.Reveal(), time.Minute)
				mu.Lock()
				reasons[reason]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if reasons[access.ReasonOK] != 1 || reasons[access.ReasonTokenReused] == 0 || reasons[access.ReasonOK]+reasons[access.ReasonTokenReused]+reasons[access.ReasonSessionEnded] != 40 {
			t.Errorf("%v", reasons)
		}
		time.Sleep(session.MaxAge + time.Second)
		r[1].mustRead("after it", issued.Access.Reveal(), access.ReasonSessionEnded)
	})
}

// While the store does not answer nothing is refused for good, and what was not
// written uses nothing up.
func TestTokensStoreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, op := range []string{"get", "update"} {
			r, stop := replicas(t, 1)
			issued := r[0].token(person())
			r[0].store.on(op, func() error { return errDown })
			r[0].mustRenew(op+" fails", issued.Refresh.Reveal(), access.ReasonStore)
			if op == "get" {
				r[0].mustRead(op+" fails", issued.Access.Reveal(), access.ReasonStore)
			}
			r[0].store.on(op, nil)
			r[0].mustRead(op+" works again", issued.Access.Reveal(), access.ReasonOK)
			r[0].mustRenew(op+" works again", issued.Refresh.Reveal(), access.ReasonOK)
			stop()
		}
		r, stop := replicas(t, 1)
		defer stop()
		r[0].store.on("create", func() error { return errDown })
		id := person()
		var storeErr *session.StoreError
		if _, err := r[0].IssueToken(t.Context(), &id, time.Minute, ""); !errors.As(err, &storeErr) {
			t.Errorf("create fails: %v", err)
		}
		r[0].store.on("create", nil)
		issued := r[0].token(id)
		next := r[0].mustRenew("the first", issued.Refresh.Reveal(), access.ReasonOK)
		r[0].store.on("delete", func() error { return errDown })
		r[0].mustRenew("a second time, and it cannot be ended", issued.Refresh.Reveal(), access.ReasonStore)
		r[0].store.on("delete", nil)
		r[0].mustRenew("a third time", issued.Refresh.Reveal(), access.ReasonTokenReused)
		r[0].mustRead("then", next.Access.Reveal(), access.ReasonSessionEnded)
	})
}

// Either token ends the session with all of them; and what ends a person's sessions
// ends those of their programs.
func TestEndToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, stop := places(t)
		defer stop()
		time.Sleep(2 * time.Second)
		for name, r := range all {
			ends := map[string]func(*session.Issued) (bool, error){
				"by the access token": func(i *session.Issued) (bool, error) { return r[0].EndToken(t.Context(), i.Access.Reveal()) },
				"with all of the person's": func(*session.Issued) (bool, error) {
					return true, r[0].EndUser(t.Context(), access.Key{Authority: "t", ID: "adele"})
				},
			}
			if name == "in a store" {
				ends["by the refresh token"] = func(i *session.Issued) (bool, error) { return r[0].EndToken(t.Context(), i.Refresh.Reveal()) }
			}
			for how, end := range ends {
				issued, other := r[1].token(person()), r[1].token(access.Identity{Tenant: "t", Object: "bob"})
				time.Sleep(20 * time.Second) // beyond what clocks may differ
				r[0].mustRead(name, issued.Access.Reveal(), access.ReasonOK)
				if ok, err := end(issued); !ok || err != nil {
					t.Errorf("%s, %s: %v, %v", name, how, ok, err)
				}
				time.Sleep(session.MaxAge + time.Second)
				want := access.ReasonSessionEnded
				if name == "in cookies" {
					want = access.ReasonSessionRevoked
				}
				for _, one := range r {
					one.mustRead(name+", "+how, issued.Access.Reveal(), want)
					one.mustRead(name+", "+how+", another person's", other.Access.Reveal(), access.ReasonOK)
				}
			}
			for _, none := range []string{"", "x", "ea_", "ear_", "ea_AAAA", "ear_AAAA", cookieOf(r[0].signIn(person(), nil))} {
				if ok, err := r[0].EndToken(t.Context(), none); ok || err != nil {
					t.Errorf("%s: %q ended: %v, %v", name, none, ok, err)
				}
			}
		}
	})
}

// Without a store and a list nothing can be ended, and it is said so.
func TestEndTokenCannot(t *testing.T) {
	m, _ := manager(t, nil)
	id := person()
	issued, err := m.IssueToken(t.Context(), &id, time.Minute, "")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := m.EndToken(t.Context(), issued.Access.Reveal()); ok || !errors.Is(err, session.ErrCannotEnd) {
		t.Errorf("%v, %v", ok, err)
	}
	if _, _, reason, err := m.ReadToken(t.Context(), issued.Access.Reveal()); reason != access.ReasonOK {
		t.Errorf("%s, %v", reason, err)
	}
	if _, reason, err := m.Renew(t.Context(), "ear_AAAA", time.Minute); reason != access.ReasonBearerInvalid || err == nil {
		t.Errorf("renewed: %s, %v", reason, err)
	}
}

// A family of tokens goes on when the keys are rotated, until its key is withdrawn.
func TestTokensRotatedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := func(b byte) []byte { return slices.Repeat([]byte{b}, seal.KeySize) }
		all, stop := places(t)
		defer stop()
		time.Sleep(2 * time.Second)
		for name, r := range all {
			one := r[0]
			issued := one.token(person())
			if err := one.ring.Replace([][]byte{key(2), key(1)}, nil); err != nil {
				t.Fatal(err)
			}
			one.mustRead(name+", rotated", issued.Access.Reveal(), access.ReasonOK)
			texts := []string{issued.Access.Reveal()}
			if name == "in a store" {
				next := one.mustRenew("rotated", issued.Refresh.Reveal(), access.ReasonOK)
				next = one.mustRenew("sealed with the new key", next.Refresh.Reveal(), access.ReasonOK)
				one.mustRead("sealed with the new key", next.Access.Reveal(), access.ReasonOK)
				texts = append(texts, next.Access.Reveal())
			}
			young := one.token(person())
			if err := one.ring.Replace([][]byte{key(2)}, nil); err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				one.mustRead(name+", the key withdrawn", text, access.ReasonBearerInvalid)
			}
			one.mustRead(name+", of the new key", young.Access.Reveal(), access.ReasonOK)
		}
	})
}

// A tenant that is no longer allowed, and a token of another deployment.
func TestTokensElsewhere(t *testing.T) {
	allowed := true
	m, _ := manager(t, func(c *session.Config) { c.Allowed = func(string) bool { return allowed } })
	other, _ := manager(t, func(c *session.Config) {
		ring, err := seal.NewRing([][]byte{slices.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{ClientID: "other"})
		if err != nil {
			t.Fatal(err)
		}
		if c.Codec, err = ticket.New(ticket.Config{Ring: ring}); err != nil {
			t.Fatal(err)
		}
		c.Ring = ring
	})
	id := person()
	issued, err := m.IssueToken(t.Context(), &id, time.Minute, "")
	if err != nil {
		t.Fatal(err)
	}
	read := func(m *session.Manager) access.Reason {
		_, _, reason, _ := m.ReadToken(t.Context(), issued.Access.Reveal())
		return reason
	}
	if got := read(other); got != access.ReasonBearerInvalid {
		t.Errorf("with the same keys, of another client: %s", got)
	}
	if got := read(m); got != access.ReasonOK {
		t.Errorf("its own: %s", got)
	}
	allowed = false
	if got := read(m); got != access.ReasonTenant {
		t.Errorf("a tenant that is out: %s", got)
	}
}

// FuzzReadToken shows texts as tokens: only what we sealed opens.
func FuzzReadToken(f *testing.F) {
	m, _ := manager(f, nil)
	id := person()
	issued, err := m.IssueToken(f.Context(), &id, time.Hour, "")
	if err != nil {
		f.Fatal(err)
	}
	good := issued.Access.Reveal()
	f.Add("")
	f.Add("ea_")
	f.Add(flipped(good))
	f.Fuzz(func(t *testing.T, text string) {
		s, _, reason, _ := m.ReadToken(t.Context(), text)
		if (s != nil) != (text == good) || s == nil && reason != access.ReasonBearerInvalid {
			t.Errorf("%q: %s", text, reason)
		}
		if s, _, _, _ := m.ReadToken(t.Context(), good); s == nil {
			t.Error("the good one does not open")
		}
	})
}
