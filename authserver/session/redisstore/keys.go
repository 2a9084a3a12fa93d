package redisstore

import (
	"encoding/hex"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// names makes the keys of one realm.
type names struct{ prefix string }

func namesOf(realm string) names { return names{"easyauth:" + realm + ":"} }

// anyRealm is where the leases of stores without a realm are. It is no realm:
// those have 16 characters.
const anyRealm = "any"

func (n names) record(key string) string         { return n.prefix + "s:" + key }
func (n names) all() string                      { return n.prefix + "a" }
func (n names) user(h session.Handle) string     { return n.prefix + "u:" + text(h) }
func (n names) sid(h session.Handle) string      { return n.prefix + "i:" + text(h) }
func (n names) lease(name string) string         { return n.prefix + "lease:" + name }
func (n names) once(name string) string          { return n.prefix + "once:" + name }
func (n names) knownSID(h session.Handle) string { return n.prefix + "sid:" + text(h) }
func (n names) revoked() string                  { return n.prefix + "revoked" }
func (n names) changed() string                  { return n.prefix + "changed" }

// indexes returns the sorted sets that a record is in.
func (n names) indexes(user, sid session.Handle) []string {
	list := []string{n.all()}
	if user != (session.Handle{}) {
		list = append(list, n.user(user))
	}
	if sid != (session.Handle{}) {
		list = append(list, n.sid(sid))
	}
	return list
}

// indexOf reports whether a key is an index, and whose.
func indexOf(key string) (names, bool) {
	realm, rest, _ := strings.Cut(strings.TrimPrefix(key, "easyauth:"), ":")
	n := namesOf(realm)
	if !validRealm(realm) || !strings.HasPrefix(key, n.prefix) {
		return names{}, false
	}
	return n, rest == "a" || strings.HasPrefix(rest, "u:") || strings.HasPrefix(rest, "i:")
}

// text writes a Key or a Handle: 64 hexadecimal characters, "" for the zero one.
func text[T ~[32]byte](v T) string {
	if v == (T{}) {
		return ""
	}
	return hex.EncodeToString(v[:])
}

// parse reads what text wrote.
func parse[T ~[32]byte](s string) (v T, ok bool) {
	if s == "" {
		return v, true
	}
	if len(s) != hex.EncodedLen(len(v)) {
		return v, false
	}
	_, err := hex.Decode(v[:], []byte(s))
	return v, err == nil && v != T{} // which is written as nothing
}
