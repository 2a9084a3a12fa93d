package extauthz

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
	"google.golang.org/protobuf/encoding/protowire"
)

// permissionDenied is the code of google.rpc that stands for any refusal.
const permissionDenied = 7

// overwrite is OVERWRITE_IF_EXISTS_OR_ADD of HeaderAppendAction. The zero one appends.
const overwrite = 2

// Pass lets a request through.
type Pass struct {
	Set    []Line   // headers for the application, in place of the client's, also those without a value
	Remove []string // headers of the client that the application does not get
	Answer []Line   // headers for the client, beside the application's own
}

// Encode returns the CheckResponse. It fails where Envoy could read something else, or nothing at all: a name set
// twice or also removed (Envoy removes last), a name that is none, a value with a control character or not in UTF-8.
func (p Pass) Encode() ([]byte, error) {
	set := map[string]bool{}
	var ok []byte
	for _, l := range p.Set {
		name := strings.ToLower(l.Name)
		if set[name] {
			return nil, fmt.Errorf("header %s is set twice", name)
		}
		set[name] = true
		if err := l.check(); err != nil {
			return nil, err
		}
		ok = appendMessage(ok, 2, option(l, overwrite, true))
	}
	for _, name := range p.Remove {
		name = strings.ToLower(name)
		if set[name] || !httpguts.ValidHeaderFieldName(name) {
			return nil, errors.New("a header is set and removed, or has no name")
		}
		ok = appendText(ok, 5, name)
	}
	for _, l := range p.Answer {
		if err := l.check(); err != nil {
			return nil, err
		}
		ok = appendMessage(ok, 6, option(l, 0, false))
	}
	return appendMessage(appendMessage(nil, 1, nil), 3, ok), nil // a status of 0 is OK
}

func (l Line) check() error {
	if !httpguts.ValidHeaderFieldName(l.Name) || !httpguts.ValidHeaderFieldValue(l.Value) || !utf8.ValidString(l.Value) {
		return errors.New("a header has no name, or holds what cannot stand in one")
	}
	return nil
}

// Refusal is what the client gets instead of what it asked for.
type Refusal struct {
	Status  int // 300 to 599; any other is answered as 403
	Headers []Line
	Body    string
}

// Encode returns the CheckResponse. It is always a refusal: a header that cannot stand in one is left out.
func (r Refusal) Encode() []byte {
	if r.Status < 300 || r.Status > 599 {
		r.Status = http.StatusForbidden
	}
	denied := appendMessage(nil, 1, appendNumber(nil, 1, r.Status))
	named := map[string]bool{}
	for _, l := range r.Headers {
		if l.check() != nil {
			continue
		}
		// The first line of a name replaces Envoy's own, the others come beside it.
		name, action := strings.ToLower(l.Name), overwrite
		if named[name] {
			action = 0
		}
		named[name] = true
		denied = appendMessage(denied, 2, option(l, action, false))
	}
	denied = appendText(denied, 3, strings.ToValidUTF8(r.Body, "\ufffd"))
	return appendMessage(appendMessage(nil, 1, appendNumber(nil, 1, permissionDenied)), 2, denied)
}

// option is a HeaderValueOption.
func option(l Line, action int, keepEmpty bool) []byte {
	b := appendMessage(nil, 1, appendText(appendText(nil, 1, strings.ToLower(l.Name)), 2, l.Value))
	b = appendNumber(b, 3, action)
	if keepEmpty {
		b = appendNumber(b, 4, 1)
	}
	return b
}

// What is empty or zero is not written, as proto3 has it; a message is.

func appendMessage(b []byte, number protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), message)
}

func appendText(b []byte, number protowire.Number, text string) []byte {
	if text == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), text)
}

func appendNumber(b []byte, number protowire.Number, n int) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(n)) //nolint:gosec // never negative
}
