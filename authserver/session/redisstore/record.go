package redisstore

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// The fields of a record's hash.
const (
	fieldVersion = "v"
	fieldValue   = "d"
	fieldUser    = "u"
	fieldSID     = "i"
	fieldIssued  = "t"
	fieldSeen    = "n"
	fieldExpires = "e"
	fieldLabel   = "l"
)

// errRecord is an error and no ErrNoRecord: something is there, and whether the
// session has ended cannot be told from it.
var errRecord = errors.New("not a record of a session")

var errNoExpiry = errors.New("a record needs a time at which it expires")

func damaged(key, field string) error {
	return fmt.Errorf("read record %s from redis: field %s: %w", key, field, errRecord)
}

// check refuses what no store keeps.
func check(r *session.Record) error {
	switch {
	case r.Key == (session.Key{}):
		return errors.New("a record needs a key")
	case r.Version == 0:
		return errors.New("a record's version is at least 1")
	case r.Expires.UnixMilli() <= 0:
		return errNoExpiry
	case len(r.Value) == 0 || len(r.Value) > session.MaxValue:
		return fmt.Errorf("a record's value has 1 to %d bytes, not %d", session.MaxValue, len(r.Value))
	case len(r.Label) > session.MaxLabel:
		return fmt.Errorf("a record's label has at most %d bytes, not %d", session.MaxLabel, len(r.Label))
	default:
		return nil
	}
}

// fields returns a record as names and values in turn.
func fields(r *session.Record) []string {
	return []string{
		fieldVersion, strconv.FormatUint(r.Version, 10),
		fieldValue, string(r.Value),
		fieldUser, text(r.User),
		fieldSID, text(r.SID),
		fieldIssued, ms(r.Issued),
		fieldSeen, ms(r.Seen),
		fieldExpires, ms(r.Expires),
		fieldLabel, string(r.Label),
	}
}

// listed are the fields that List reads: all but the value.
func listed() []string {
	return []string{fieldVersion, fieldUser, fieldSID, fieldIssued, fieldSeen, fieldExpires, fieldLabel}
}

// decode reads a record, without its value if that is not asked for.
func decode(key string, hash map[string]string, value bool) (*session.Record, error) {
	r := &session.Record{}
	d := decoder{key: key, hash: hash}
	var ok bool
	if r.Key, ok = parse[session.Key](key); !ok || key == "" {
		return nil, damaged(key, "key")
	}
	r.Version, r.User, r.SID = d.version(), d.handle(fieldUser), d.handle(fieldSID)
	r.Issued, r.Seen, r.Expires = d.time(fieldIssued), d.time(fieldSeen), d.time(fieldExpires)
	if r.Label = []byte(d.text(fieldLabel)); len(r.Label) > session.MaxLabel {
		d.fail(fieldLabel)
	}
	if value {
		if r.Value = []byte(d.text(fieldValue)); len(r.Value) == 0 || len(r.Value) > session.MaxValue {
			d.fail(fieldValue)
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	return r, nil
}

// decoder reads fields and keeps the first error.
type decoder struct {
	key  string
	hash map[string]string
	err  error
}

func (d *decoder) fail(field string) {
	if d.err == nil {
		d.err = damaged(d.key, field)
	}
}

func (d *decoder) text(field string) string {
	v, ok := d.hash[field]
	if !ok {
		d.fail(field)
	}
	return v
}

func (d *decoder) version() uint64 {
	v, err := strconv.ParseUint(d.text(fieldVersion), 10, 64)
	if err != nil || v == 0 {
		d.fail(fieldVersion)
	}
	return v
}

func (d *decoder) handle(field string) session.Handle {
	h, ok := parse[session.Handle](d.text(field))
	if !ok {
		d.fail(field)
	}
	return h
}

func (d *decoder) time(field string) time.Time {
	v, err := strconv.ParseInt(d.text(field), 10, 64)
	if err != nil {
		d.fail(field)
	}
	return time.UnixMilli(v)
}

func ms(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
