package ticket

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

// The plain form of a ticket:
//
//	format (1) | flags (1) | id (8) | issued, ms (uvarint) | lifetime, s (uvarint) | kept since, ms (uvarint, flagKept only)
//	tid, oid (strings) | groups (list) | groups checked (list, flagChecked only) | text
//
// text holds everything that compresses: with flagDeflate it is a DEFLATE
// stream. GUIDs take 16 bytes and stand outside, because they do not compress.
const (
	format = 1

	flagDeflate       = 1 << 0
	flagGroupsUnknown = 1 << 1
	flagIssuer        = 1 << 2 // the issuer is stored: it is not the configured one
	flagKept          = 1 << 3 // a time of kept parts follows the lifetime
	flagGroupsFailed  = 1 << 4
	flagChecked       = 1 << 5 // groups whose membership is known
	flagHow           = 1 << 6 // text begins with how the person signed in
	flagElsewhere     = 1 << 7 // the last: more of them need another format

	// maxCompressed bounds what is worth compressing: text beyond it would need to
	// shrink to an eighth to fit, and compressing it would cost a sign-in some time.
	maxCompressed = 32 << 10

	// maxText bounds what a text may unpack to. Only values that we sealed get
	// that far, so the bound guards against our own mistakes.
	maxText = 256 << 10
)

type encoding struct {
	issuer   string
	compress bool
	readers  sync.Pool // of io.ReadCloser from compress/flate: 40 KB each, needed on every request
}

func (e *encoding) encode(t *Ticket) []byte {
	id := &t.Identity
	var flags byte
	if id.GroupsUnknown {
		flags |= flagGroupsUnknown
	}
	if id.GroupsFailed {
		flags |= flagGroupsFailed
	}
	if id.Elsewhere {
		flags |= flagElsewhere
	}
	if id.GroupsUnknown && len(id.GroupsChecked) > 0 {
		flags |= flagChecked
	}
	if len(id.Contexts) > 0 || len(id.Methods) > 0 || !id.AuthTime.IsZero() {
		flags |= flagHow
	}
	if id.Issuer != e.issuer {
		flags |= flagIssuer
	}
	if !t.KeptSince.IsZero() {
		flags |= flagKept
	}
	text := encodeText(id, flags)
	if e.compress && len(text) <= maxCompressed {
		// A few saved bytes are not worth unpacking them on every request.
		if packed := deflate(text); len(packed) < len(text)-len(text)/8 {
			flags |= flagDeflate
			text = packed
		}
	}
	w := wire.Writer{format, flags}
	w = append(w, t.ID[:]...)
	w.Time(t.Issued)
	w.Number(uint64(max(t.Expires.Sub(t.Issued)/time.Second, 0)))
	if flags&flagKept != 0 {
		w.Time(t.KeptSince)
	}
	w.Text(id.Tenant)
	w.Text(id.Object)
	w.List(id.Groups)
	if flags&flagChecked != 0 {
		w.List(id.GroupsChecked)
	}
	return append(w, text...)
}

func encodeText(id *access.Identity, flags byte) []byte {
	var w wire.Writer
	if flags&flagHow != 0 {
		w.List(id.Contexts)
		w.List(id.Methods)
		var authTime uint64 // seconds; 0: not known
		if !id.AuthTime.IsZero() {
			authTime = uint64(max(id.AuthTime.Unix(), 0))
		}
		w.Number(authTime)
	}
	if flags&flagIssuer != 0 {
		w.Text(id.Issuer)
	}
	w.Text(id.Subject)
	w.Text(id.PreferredUsername)
	w.Text(id.Email)
	w.Text(id.Name)
	w.List(id.Roles)
	w.List(id.Scopes)
	w.List(id.Dropped)
	w.Number(uint64(len(id.Claims)))
	for _, c := range id.Claims {
		w.Text(c.Name)
		w.List(c.Values)
	}
	w.Number(uint64(len(id.Graph)))
	for _, g := range id.Graph {
		w.Text(g.Query)
		if g.Dropped {
			w.Number(1)
			continue
		}
		w.Number(0)
		w.Text(g.JSON)
	}
	return w
}

var errFormat = errors.New("not a ticket of a known format")

func (e *encoding) decode(plain []byte) (*Ticket, error) {
	if len(plain) < 2+len(ID{}) || plain[0] != format {
		return nil, errFormat
	}
	flags := plain[1]
	t := &Ticket{ID: ID(plain[2 : 2+len(ID{})])}
	r := wire.NewReader(plain[2+len(ID{}):])
	t.Issued = r.Time()
	lifetime := r.Number()
	if lifetime > 1<<32 { // seconds: 136 years
		return nil, errFormat
	}
	t.Expires = t.Issued.Add(time.Duration(lifetime) * time.Second)
	if flags&flagKept != 0 {
		t.KeptSince = r.Time()
	}
	id := &t.Identity
	id.Tenant, id.Object, id.Groups = r.Text(), r.Text(), r.List()
	id.GroupsUnknown, id.GroupsFailed, id.Elsewhere = flags&flagGroupsUnknown != 0, flags&flagGroupsFailed != 0, flags&flagElsewhere != 0
	if flags&flagChecked != 0 {
		id.GroupsChecked = r.List()
	}
	text := r.Rest()
	if r.Err() != nil {
		return nil, r.Err()
	}
	// Copies: as pieces of plain they would keep it in memory beside text.
	id.Tenant, id.Object = strings.Clone(id.Tenant), strings.Clone(id.Object)
	for _, groups := range [][]string{id.Groups, id.GroupsChecked} {
		for i, g := range groups {
			if !access.IsGUID(g) { // that was put together, and is no piece
				groups[i] = strings.Clone(g)
			}
		}
	}
	if flags&flagDeflate != 0 {
		var err error
		if text, err = e.inflate(text); err != nil {
			return nil, err
		}
	}
	r = wire.NewReader(text)
	e.decodeText(r, id, flags)
	if err := r.End(); err != nil {
		return nil, err
	}
	return t, nil
}

func (e *encoding) decodeText(r *wire.Reader, id *access.Identity, flags byte) {
	if flags&flagHow != 0 {
		id.Contexts, id.Methods = r.List(), r.List()
		if at := r.Number(); at > 1<<40 {
			r.Fail()
		} else if at > 0 {
			id.AuthTime = time.Unix(int64(at), 0).UTC()
		}
	}
	id.Issuer = e.issuer
	if flags&flagIssuer != 0 {
		id.Issuer = r.Text()
	}
	id.Subject, id.PreferredUsername, id.Email, id.Name = r.Text(), r.Text(), r.Text(), r.Text()
	id.Roles, id.Scopes, id.Dropped = r.List(), r.List(), r.List()
	claims := r.Count()
	id.Claims = slices.Grow(id.Claims, min(claims, 64))
	for range claims {
		id.Claims = append(id.Claims, access.Claim{Name: r.Text(), Values: r.List()})
	}
	for range r.Count() {
		g := access.GraphResult{Query: r.Text()}
		switch r.Number() {
		case 0:
			g.JSON = r.Text()
		case 1:
			g.Dropped = true
		default:
			r.Fail()
		}
		id.Graph = append(id.Graph, g)
	}
}

func deflate(text []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return text // an invalid level: cannot happen, and uncompressed is right
	}
	if _, err := w.Write(text); err != nil {
		return text
	}
	if err := w.Close(); err != nil {
		return text
	}
	return b.Bytes()
}

func (e *encoding) inflate(packed []byte) ([]byte, error) {
	r, ok := e.readers.Get().(io.ReadCloser)
	if !ok {
		r = flate.NewReader(nil)
	}
	defer e.readers.Put(r)
	source := bytes.NewReader(packed)
	if err := r.(flate.Resetter).Reset(source, nil); err != nil { //nolint:errcheck // NewReader documents that it is one
		return nil, fmt.Errorf("inflate: %w", err)
	}
	var text bytes.Buffer
	text.Grow(4 * len(packed))
	n, err := text.ReadFrom(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	if n > maxText || source.Len() > 0 {
		return nil, errFormat
	}
	return text.Bytes(), nil
}
