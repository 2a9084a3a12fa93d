// Package wire writes and reads the compact binary form of what we seal: numbers
// as varints, GUIDs in 16 bytes. It authenticates nothing and knows none of the
// values that are made of it.
package wire

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"
)

// ErrFormat means that bytes are not what a Writer wrote.
var ErrFormat = errors.New("malformed binary value")

// A string is a number (length × 4 + kind) and bytes.
const (
	kindText   = 0
	kindGUID   = 1 // 16 bytes, written in lower case with dashes
	kindBase64 = 2 // base64url without padding, as Entra writes sub
)

// Writer appends values. The zero value is ready for use; the bytes are the
// Writer itself.
type Writer []byte

// Number appends a number in 1 to 10 bytes.
func (w *Writer) Number(n uint64) { *w = binary.AppendUvarint(*w, n) }

// Text appends a string; a GUID and base64url text in their raw bytes.
func (w *Writer) Text(s string) {
	kind, data := pack(s)
	w.Number(uint64(len(data))<<2 | kind)
	*w = append(*w, data...)
}

// List writes a list of strings; one whose elements are all GUIDs without a
// length for each.
func (w *Writer) List(list []string) {
	n := uint64(len(list)) << 1
	guids := make([]byte, 0, 16*len(list))
	for _, s := range list {
		g, ok := parseGUID(s)
		if !ok {
			w.Number(n)
			for _, s := range list {
				w.Text(s)
			}
			return
		}
		guids = append(guids, g[:]...)
	}
	w.Number(n | 1)
	*w = append(*w, guids...)
}

func pack(s string) (uint64, []byte) {
	if g, ok := parseGUID(s); ok {
		return kindGUID, g[:]
	}
	// Only the length of a SHA-256: words of other lengths that happen to be
	// base64url would compress worse in this form.
	if len(s) == 43 {
		if raw, err := base64.RawURLEncoding.DecodeString(s); err == nil && base64.RawURLEncoding.EncodeToString(raw) == s {
			return kindBase64, raw
		}
	}
	return kindText, []byte(s)
}

// parseGUID takes only the one spelling that formatGUID writes, so that every
// string comes back as it was.
func parseGUID(s string) (g [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return g, false
	}
	if _, err := hex.Decode(g[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err != nil {
		return g, false
	}
	return g, formatGUID(g[:]) == s
}

func formatGUID(g []byte) string {
	var b [36]byte
	hex.Encode(b[:8], g[:4])
	hex.Encode(b[9:13], g[4:6])
	hex.Encode(b[14:18], g[6:8])
	hex.Encode(b[19:23], g[8:10])
	hex.Encode(b[24:], g[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// Reader reads what Writer wrote. After the first fault every read is empty and
// err is set; no length or count is trusted beyond the bytes that are there.
type Reader struct {
	rest []byte
	all  string // of which rest is the end: texts are pieces of it, and no copies each
	err  error
}

// NewReader returns a reader of b. Texts that are read keep a copy of all of b in
// memory.
func NewReader(b []byte) *Reader { return &Reader{rest: b, all: string(b)} }

// Err returns ErrFormat after the first fault.
func (r *Reader) Err() error { return r.err }

// End returns ErrFormat after a fault or when bytes are left over.
func (r *Reader) End() error {
	if r.err == nil && len(r.rest) != 0 {
		r.Fail()
	}
	return r.err
}

// Rest returns all bytes that are left and leaves none.
func (r *Reader) Rest() []byte {
	b := r.rest
	r.rest = nil
	return b
}

// Fail records that a value makes no sense to the caller.
func (r *Reader) Fail() {
	r.rest = nil
	if r.err == nil {
		r.err = ErrFormat
	}
}

// Number reads a number.
func (r *Reader) Number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.Fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// Count reads the length of a list whose elements take at least a byte each.
func (r *Reader) Count() int {
	n := r.Number()
	if n > uint64(len(r.rest)) {
		r.Fail()
		return 0
	}
	return int(n) //nolint:gosec // at most len(rest)
}

// Bytes reads n bytes without copying them.
func (r *Reader) Bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.Fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// Text reads a string.
func (r *Reader) Text() string {
	head := r.Number()
	at := len(r.all) - len(r.rest)
	b := r.Bytes(head >> 2)
	switch head & 3 {
	case kindText:
		if len(b) == 0 { // not even an empty piece
			return ""
		}
		return r.all[at : at+len(b)]
	case kindBase64:
		return base64.RawURLEncoding.EncodeToString(b)
	case kindGUID:
		if len(b) == 16 {
			return formatGUID(b)
		}
	}
	r.Fail()
	return ""
}

// List reads a list of strings.
func (r *Reader) List() []string {
	head := r.Number()
	guids, n := head&1 == 1, head>>1
	if n == 0 {
		return nil
	}
	if n > uint64(len(r.rest)) {
		r.Fail()
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		if !guids {
			out = append(out, r.Text())
			continue
		}
		if b := r.Bytes(16); b != nil {
			out = append(out, formatGUID(b))
		}
	}
	return out
}

// Time appends a time to the millisecond. Times before 1970 become 1970.
func (w *Writer) Time(t time.Time) {
	w.Number(uint64(max(t.UnixMilli(), 0)))
}

// Time reads a time.
func (r *Reader) Time() time.Time {
	ms := r.Number()
	if ms > 1<<50 { // the year 37,648: far from overflow
		r.Fail()
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}
