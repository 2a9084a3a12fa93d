package entra

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"time"
	"unicode/utf8"
)

// object is a JSON object by the exact names of its members. It is read by hand
// because encoding/json fills a struct field from any spelling of its name, and
// lets the last of two members win: a claim "ROLES" would become roles.
type object struct {
	values   map[string]json.RawMessage
	repeated map[string]bool // names of members that came more than once; their values are not in values
}

// maxMembers bounds the members of one object: reading one costs about a
// microsecond, and some are read before it is known who wrote them.
const maxMembers = 500

var errMembers = errors.New("it has too many members")

var errNotObject = errors.New("it is no JSON object")

// parseObject reads data, which must be one JSON object in UTF-8.
func parseObject(data []byte) (*object, error) {
	if !utf8.Valid(data) {
		return nil, errNotObject
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errNotObject
	}
	o := &object{values: map[string]json.RawMessage{}, repeated: map[string]bool{}}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errNotObject
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errNotObject
		}
		if len(o.values) == maxMembers {
			return nil, errMembers
		}
		if _, seen := o.values[name]; seen {
			o.repeated[name] = true
		}
		o.values[name] = value
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, errNotObject
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotObject
	}
	for name := range o.repeated {
		delete(o.values, name)
	}
	return o, nil
}

var errMember = errors.New("a member has the wrong type, or is there twice")

// text returns a string member, "" when it is absent or null.
func (o *object) text(name string) (string, error) {
	raw, ok := o.values[name]
	if o.repeated[name] {
		return "", errMember
	}
	if !ok || string(raw) == "null" {
		return "", nil
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", errMember
	}
	return s, nil
}

// texts returns the strings of a member that is an array or a single string.
// Whatever else it holds is left out.
func (o *object) texts(name string) []string {
	raw, ok := o.values[name]
	if !ok {
		return nil
	}
	var elements []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
		elements = []json.RawMessage{raw}
	}
	var out []string
	for _, e := range elements {
		var s string
		if e[0] == '"' && json.Unmarshal(e, &s) == nil && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// instant returns a NumericDate, false when it is absent. Fractions of a second
// are cut.
func (o *object) instant(name string) (time.Time, bool, error) {
	raw, ok := o.values[name]
	if o.repeated[name] {
		return time.Time{}, false, errMember
	}
	if !ok || string(raw) == "null" {
		return time.Time{}, false, nil
	}
	const year10000 = 253402300800
	var seconds float64
	if json.Unmarshal(raw, &seconds) != nil || math.IsNaN(seconds) || seconds < 0 || seconds >= year10000 {
		return time.Time{}, false, errMember
	}
	return time.Unix(int64(seconds), 0), true, nil
}
