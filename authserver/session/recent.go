package session

import (
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// MaxAge is how old a session that is remembered may be: what changed elsewhere,
// and was not heard of, counts after this time at the latest.
const MaxAge = 5 * time.Second

// recent remembers the sessions that were read from the store a moment ago. It
// hears what any replica changes, and while it does not it remembers nothing: then
// every request asks the store.
type recent struct {
	known *cache.Cache[*Session]
	now   func() time.Time
	looks *metrics.LookUps

	mu        sync.Mutex // of what follows, and of putting into known
	connected bool
	epoch     uint64
	changes   [256]uint64 // of records, by the first byte of their key
}

func newRecent(cfg Config) *recent {
	r := &recent{known: cache.New[*Session](cfg.CacheBytes, cfg.Now), now: cfg.Now, looks: cfg.Metrics.LookUps(metrics.CacheSessions)}
	cfg.Metrics.Cache(metrics.CacheSessions, r.known)
	return r
}

// moment is when the reading of a record began.
type moment struct{ epoch, changes uint64 }

// begin is called before a record is read that put shall remember.
func (r *recent) begin(key Key) moment {
	r.mu.Lock()
	defer r.mu.Unlock()
	return moment{r.epoch, r.changes[key[0]]}
}

// put remembers a session, unless its record may have changed since its reading
// began.
func (r *recent) put(key Key, s *Session, began moment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.connected && began == (moment{r.epoch, r.changes[key[0]]}) {
		r.known.Put(key, s, s.size(), r.now().Add(MaxAge))
	}
}

// get returns a session that is remembered, nil if there is none.
func (r *recent) get(key Key) *Session {
	s, _ := r.known.Get(key)
	r.looks.Count(s != nil)
	return s
}

// Changed implements Watcher.
func (r *recent) Changed(keys ...Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		r.changes[key[0]]++
		r.known.Delete(key)
	}
}

// Connected implements Watcher.
func (r *recent) Connected(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connected = yes
	r.epoch++ // what is being read now may be older than a change that was missed
	r.known.Clear()
}

// size is about how many bytes a session takes in memory.
func (s *Session) size() int {
	const fixed, element = 1024, 32
	id := &s.Identity
	n := fixed + len(id.Name) + len(id.PreferredUsername) + len(id.Email) + len(id.Subject) + len(id.Issuer)
	for _, list := range [][]string{id.Roles, id.Scopes, id.Groups, id.GroupsChecked, id.Contexts, id.Methods, id.Dropped} {
		for _, v := range list {
			n += element + len(v)
		}
	}
	for _, c := range id.Claims {
		n += 2*element + len(c.Name)
		for _, v := range c.Values {
			n += element + len(v)
		}
	}
	for _, g := range id.Graph {
		n += 2*element + len(g.Query) + len(g.JSON)
	}
	if s.Headers != nil {
		n += s.Headers.Size()
	}
	if t := s.Tokens; t != nil {
		n += len(t.Access.Reveal()) + len(t.ID.Reveal()) + len(t.Refresh.Reveal())
	}
	return n
}
