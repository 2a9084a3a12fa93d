package signin

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const (
	maxBrowserLength = 600 // characters
	maxUsed          = 6   // attempt ids remembered
	maxCompleted     = 8   // pages remembered by the loop detector
	loopWindow       = time.Minute
	loopLimit        = 3 // starts after a completed sign-in for one page within loopWindow
)

// browser is what one browser carries through all its sign-ins, in one cookie
// of constant size that all its tabs share.
type browser struct {
	Secret    [16]byte  // attempts derive their nonce and verifier from it
	Made      time.Time // when Secret was made
	Renewed   time.Time // when the last silent sign-in began; zero: never
	used      []shortID // the last attempts that came back, newest first
	completed []completed
}

type shortID [8]byte

// completed is one page that a sign-in was completed for.
type completed struct {
	page   target
	at     time.Time
	starts uint64 // sign-ins begun for it since
}

// browsers writes and reads the browser cookie. Safe for concurrent use.
type browsers struct {
	codecs *seal.Derived[[]securecookie.Codec] // by key of the ring: the first seals, all open
	cookie cookie.Cookie
	now    func() time.Time
}

func newBrowsers(ring *seal.Ring, c cookie.Cookie, now func() time.Time) (*browsers, error) {
	const hashKey, blockKey = 32, 32
	codecs, err := seal.NewDerived(ring, "browser", hashKey+blockKey, func(keys [][]byte) ([]securecookie.Codec, error) {
		codecs := make([]securecookie.Codec, 0, len(keys))
		for _, key := range keys {
			codec := securecookie.New(key[:hashKey], key[hashKey:])
			// The value has its own times: securecookie's clock cannot be set.
			codec.SetSerializer(securecookie.NopEncoder{}).MaxLength(maxBrowserLength).MaxAge(0)
			codecs = append(codecs, codec)
		}
		return codecs, nil
	})
	if err != nil {
		return nil, err
	}
	return &browsers{codecs: codecs, cookie: c, now: now}, nil
}

// read returns the request's browser, nil if there is none or more than one
// (of two, one may have been planted).
func (bs *browsers) read(h http.Header) *browser {
	value, ok := bs.cookie.Only(h)
	if !ok {
		return nil
	}
	codecs, err := bs.codecs.Current()
	if err != nil {
		return nil
	}
	var plain []byte
	if err := securecookie.DecodeMulti(bs.cookie.Name, value, &plain, codecs...); err != nil {
		return nil
	}
	b, err := decodeBrowser(plain)
	if err != nil {
		return nil
	}
	return b
}

func (bs *browsers) create() *browser {
	b := &browser{Made: bs.now()}
	_, _ = rand.Read(b.Secret[:]) // never fails: crypto/rand
	return b
}

// set returns the Set-Cookie line. The cookie ends with the browser's session.
func (bs *browsers) set(b *browser) (string, error) {
	codecs, err := bs.codecs.Current()
	if err != nil {
		return "", fmt.Errorf("write the browser cookie: %w", err)
	}
	// Only the first key seals; EncodeMulti would fall back to another one.
	sealed, err := codecs[0].Encode(bs.cookie.Name, encodeBrowser(b))
	if err != nil {
		return "", fmt.Errorf("write the browser cookie: %w", err)
	}
	return bs.cookie.Set(sealed, 0), nil
}

func (id attemptID) short() shortID { return shortID(id[:8]) }

func (b *browser) hasUsed(id attemptID) bool { return slices.Contains(b.used, id.short()) }

func (b *browser) use(id attemptID) {
	b.used = append([]shortID{id.short()}, b.used...)
	b.used = b.used[:min(len(b.used), maxUsed)]
}

// start counts a sign-in that begins for a page and reports whether it may: the
// third one after a completed sign-in within a minute is a loop.
func (b *browser) start(page target, now time.Time) bool {
	for i := range b.completed {
		c := &b.completed[i]
		if c.page == page && now.Sub(c.at) < loopWindow {
			c.starts++
			return c.starts < loopLimit
		}
	}
	return true
}

// complete notes a completed sign-in for a page. Its count of starts goes on
// while the last completion is less than a minute ago.
func (b *browser) complete(page target, now time.Time) {
	c := completed{page: page, at: now}
	for _, old := range b.completed {
		if old.page == page && now.Sub(old.at) < loopWindow {
			c.starts = old.starts
		}
	}
	b.completed = slices.DeleteFunc(b.completed, func(old completed) bool {
		return old.page == page || now.Sub(old.at) >= loopWindow
	})
	b.completed = append([]completed{c}, b.completed...)
	b.completed = b.completed[:min(len(b.completed), maxCompleted)]
}

// forget clears the count of a page: the person was told of the loop.
func (b *browser) forget(page target) {
	b.completed = slices.DeleteFunc(b.completed, func(c completed) bool { return c.page == page })
}

func encodeBrowser(b *browser) []byte {
	var w wire.Writer
	w = append(w, b.Secret[:]...)
	w.Time(b.Made)
	w.Time(b.Renewed)
	w.Number(uint64(len(b.used)))
	for _, id := range b.used {
		w = append(w, id[:]...)
	}
	w.Number(uint64(len(b.completed)))
	for _, c := range b.completed {
		w = append(w, c.page[:]...)
		w.Time(c.at)
		w.Number(c.starts)
	}
	return w
}

func decodeBrowser(plain []byte) (*browser, error) {
	r := wire.NewReader(plain)
	b := &browser{}
	copy(b.Secret[:], r.Bytes(uint64(len(b.Secret))))
	b.Made, b.Renewed = r.Time(), r.Time()
	for range min(r.Count(), maxUsed) {
		var id shortID
		copy(id[:], r.Bytes(uint64(len(id))))
		b.used = append(b.used, id)
	}
	for range min(r.Count(), maxCompleted) {
		var c completed
		copy(c.page[:], r.Bytes(uint64(len(c.page))))
		c.at, c.starts = r.Time(), r.Number()
		b.completed = append(b.completed, c)
	}
	return b, r.End()
}
