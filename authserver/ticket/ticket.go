// Package ticket is the sealed proof of a session that a browser carries: a
// compact binary form of an identity, sealed, cut into cookies. It knows
// nothing of HTTP and does not decide whether a ticket is still good.
package ticket

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

const (
	// MaxLength bounds a whole sealed ticket in characters: with the other
	// cookies it must fit into one 8k header line, nginx's default.
	MaxLength = 6000
	// ChunkLength is the longest value of one cookie. Browsers take 4,096 bytes
	// for name, value and attributes together.
	ChunkLength = 3800
	// MaxChunks is how many cookies one ticket may take.
	MaxChunks = 2

	purpose     = "ticket"
	textPurpose = "ticket text"
)

// Ticket is what was known when the user signed in. It does not change.
type Ticket struct {
	ID       ID
	Issued   time.Time // to the millisecond
	Expires  time.Time // to the second after Issued
	Identity access.Identity

	// KeptSince is when the oldest part of Identity was learned that an earlier
	// sign-in brought and this one did not; zero: there is none.
	KeptSince time.Time
}

// ID tells tickets apart. It is no secret and no proof.
type ID [8]byte

// NewID returns a random id.
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // never fails: crypto/rand
	return id
}

// Config of a Codec.
type Config struct {
	Ring   *seal.Ring // required
	Issuer string     // identities of this issuer are stored without its name

	// NoCompression stores text as it is. Compression happens before sealing and
	// is undone after authentication only.
	NoCompression bool
}

// Codec seals tickets and opens them. It is safe for concurrent use.
type Codec struct {
	box  *seal.Box
	text *seal.Box // for SealText
	enc  *encoding
}

// New returns a codec.
func New(cfg Config) (*Codec, error) {
	if cfg.Ring == nil {
		return nil, errors.New("make a ticket codec: no key ring")
	}
	// The count in front is not part of the sealed value.
	box, err := cfg.Ring.Box(seal.Config{Purpose: purpose, MaxLength: MaxChunks * ChunkLength})
	if err != nil {
		return nil, fmt.Errorf("make a ticket codec: %w", err)
	}
	text, err := cfg.Ring.Box(seal.Config{Purpose: textPurpose, MaxLength: MaxLength})
	if err != nil {
		return nil, fmt.Errorf("make a ticket codec: %w", err)
	}
	return &Codec{box: box, text: text, enc: &encoding{issuer: cfg.Issuer, compress: !cfg.NoCompression}}, nil
}

// ErrTooLarge means that even without graph results, other claims and groups a
// ticket would not fit.
var ErrTooLarge = errors.New("ticket does not fit into its cookies")

// Seal returns the values of the ticket's cookies, one or two. What makes the
// ticket longer than MaxLength is dropped in this order: graph results, other
// claims (the largest first), groups that no rule named (GroupsChecked), the rest
// of the groups. Dropped parts are marked in the sealed
// identity and their names returned.
func (c *Codec) Seal(t *Ticket) (chunks, dropped []string, err error) {
	dropped, err = c.fit(t, func(plain []byte) (err error) {
		chunks, err = c.chunks(plain)
		return err
	})
	return chunks, dropped, err
}

// fit drops parts of a ticket until what it encodes to can be sealed.
func (c *Codec) fit(t *Ticket, seals func(plain []byte) error) (dropped []string, err error) {
	kept := *t
	for {
		err = seals(c.enc.encode(&kept))
		if err == nil {
			return dropped, nil
		}
		if !errors.Is(err, seal.ErrTooLong) {
			return nil, fmt.Errorf("seal a ticket: %w", err)
		}
		name, ok := shrink(&kept.Identity)
		if !ok {
			return dropped, ErrTooLarge
		}
		dropped = append(dropped, name)
	}
}

// chunks seals plain. The first character of the first chunk is the number of
// chunks; the same number is in the associated data, so that neither a chunk
// that is left over from an older ticket nor a changed count opens.
func (c *Codec) chunks(plain []byte) ([]string, error) {
	for n := 1; n <= MaxChunks; n++ {
		sealed, err := c.box.Seal(sealName(n), plain)
		if err != nil {
			return nil, err
		}
		sealed = strconv.Itoa(n) + sealed
		if len(sealed) > MaxLength {
			return nil, seal.ErrTooLong
		}
		if len(sealed) > n*ChunkLength {
			continue
		}
		out := make([]string, 0, n)
		for part := range slices.Chunk([]byte(sealed), ChunkLength) {
			out = append(out, string(part))
		}
		return out, nil
	}
	return nil, seal.ErrTooLong
}

func sealName(chunks int) string { return "chunks=" + strconv.Itoa(chunks) }

// Chunks returns how many cookies a ticket has whose first cookie holds first;
// 0 if that is not the beginning of a ticket. It authenticates nothing.
func Chunks(first string) int {
	if first == "" || first[0] < '1' || first[0] > '0'+MaxChunks {
		return 0
	}
	return int(first[0] - '0')
}

// Open authenticates and decodes the chunks of one ticket, in order; exactly as
// many as Chunks says of the first.
func (c *Codec) Open(chunks ...string) (*Ticket, error) {
	t, _, err := c.OpenKey(chunks...)
	return t, err
}

// OpenKey is Open, and tells under which key of the ring the ticket was sealed.
func (c *Codec) OpenKey(chunks ...string) (*Ticket, seal.KeyID, error) {
	if len(chunks) == 0 || Chunks(chunks[0]) != len(chunks) {
		return nil, seal.KeyID{}, fmt.Errorf("open a ticket: wrong number of chunks (%d)", len(chunks))
	}
	joined := chunks[0][1:]
	if len(chunks) > 1 {
		joined += strings.Join(chunks[1:], "")
	}
	plain, key, err := c.box.OpenKey(sealName(len(chunks)), joined)
	if err != nil {
		return nil, seal.KeyID{}, fmt.Errorf("open a ticket: %w", err)
	}
	t, err := c.enc.decode(plain)
	if err != nil {
		return nil, seal.KeyID{}, fmt.Errorf("decode a ticket: %w", err)
	}
	return t, key, nil
}
