package extauthz

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

var (
	errBroken = errors.New("is no protobuf message")
	errGroup  = errors.New("holds a group")
	errTwice  = errors.New("is there twice")
	errKind   = errors.New("is of another kind than its own")
	errUTF8   = errors.New("is not in UTF-8")
	errMany   = errors.New("are too many")
)

// field is one field of a message as it arrived.
type field struct {
	number int
	kind   protowire.Type
	bytes  []byte // of a text or a message; not copied
}

// each hands the fields of a message to take, in their order.
func each(b []byte, take func(field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 || number > protowire.MaxValidNumber {
			return errBroken
		}
		b = b[n:]
		f := field{number: int(number), kind: kind}
		switch kind {
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		case protowire.StartGroupType, protowire.EndGroupType:
			return errGroup
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return errBroken
		}
		if err := take(f); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// once knows which of a message's fields were there.
type once uint32

// message returns what is in a field that may be there once.
func (o *once) message(f field) ([]byte, error) {
	bit := once(1) << f.number
	switch {
	case f.kind != protowire.BytesType:
		return nil, errKind
	case *o&bit != 0:
		return nil, errTwice
	}
	*o |= bit
	return f.bytes, nil
}

// text sets to to what is in a field that may be there once.
func (o *once) text(f field, to *string) error {
	b, err := o.message(f)
	if err != nil {
		return err
	}
	if !utf8.Valid(b) {
		return errUTF8
	}
	*to = string(b)
	return nil
}

// entry adds an entry of a map of texts.
func entry(f field, to map[string]string, most int) error {
	if f.kind != protowire.BytesType {
		return errKind
	}
	var key, value string
	var seen once
	err := each(f.bytes, func(f field) error {
		switch f.number {
		case 1:
			return seen.text(f, &key)
		case 2:
			return seen.text(f, &value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, twice := to[key]; twice {
		return errTwice
	}
	if len(to) == most {
		return errMany
	}
	to[key] = value
	return nil
}

// in says in which field something went wrong.
func in(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
