package session

import (
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// userHandle and sidHandle give the index entries of a session under one ring key.
// Zero values have none.
func userHandle(ring *seal.Ring, id seal.KeyID, who access.Key) (Handle, bool) {
	if who == (access.Key{}) {
		return Handle{}, false
	}
	sum, ok := ring.MAC(id, purposeUser, []byte(who.Authority), []byte(who.ID))
	return sum, ok
}

// The issuer is not in it: all that issue for one deployment are one provider's,
// which gives each session of its own another random sid.
func sidHandle(ring *seal.Ring, id seal.KeyID, sid string) (Handle, bool) {
	if sid == "" {
		return Handle{}, false
	}
	sum, ok := ring.MAC(id, purposeSID, []byte(sid))
	return sum, ok
}

// userHandles and sidHandles give those under every key of the ring: a session is
// indexed under the key that sealed its cookie.
func userHandles(ring *seal.Ring, who access.Key) []Handle {
	var out []Handle
	for _, id := range ring.IDs() {
		if h, ok := userHandle(ring, id, who); ok {
			out = append(out, h)
		}
	}
	return out
}

func sidHandles(ring *seal.Ring, sid string) []Handle {
	var out []Handle
	for _, id := range ring.IDs() {
		if h, ok := sidHandle(ring, id, sid); ok {
			out = append(out, h)
		}
	}
	return out
}

// skew is how far the clocks of two replicas may be apart. A revocation ends what was
// issued up to so long after it, so that it misses nothing of a replica whose clock
// is ahead; a sign-in that comes sooner gets a ticket of after it
// (Revoked.notBefore). Four of it fit into leeway, so that such a ticket is not
// taken for one of the future.
const skew = leeway / 4

// revocations ends everything that was issued until now, by whatever clock. With
// AllTickets there are no handles. lifetime is that of tickets.
func revocations(scope Scope, handles []Handle, now time.Time, lifetime time.Duration) []Revocation {
	if scope == AllTickets {
		handles = []Handle{{}}
	}
	var out []Revocation
	for _, h := range handles {
		out = append(out, Revocation{Scope: scope, Handle: h, Issued: now.Add(skew), Until: now.Add(lifetime + 2*skew)})
	}
	return out
}
