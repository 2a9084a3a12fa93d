package inline

import (
	"io"
	"net/http"
	"sync/atomic"
)

// sent is the body of a client on its way to an application; the zero value is that of a request without one.
// It remembers how it ended. On HTTP/1, in full duplex, net/http takes what stands behind a body that it
// could not read for the next request: a connection goes on only if the body had ended before the answer
// began.
type sent struct {
	io.ReadCloser

	patience              *patience // required with a body
	ended, broken, closed atomic.Bool
}

// Read implements io.Reader.
func (b *sent) Read(to []byte) (int, error) {
	b.patience.begin(&b.patience.read)
	defer b.patience.end(&b.patience.read)
	n, err := b.ReadCloser.Read(to)
	switch {
	case err == io.EOF:
		b.ended.Store(true)
	case err != nil && !b.closed.Load():
		b.broken.Store(true)
	}
	return n, err //nolint:wrapcheck // a reader hands on what it gets
}

// Close implements io.Closer: whoever reads on has an error that is not the client's.
func (b *sent) Close() error {
	b.closed.Store(true)
	return b.ReadCloser.Close() //nolint:wrapcheck // and so does a closer
}

// goesOn reports whether there is a body whose end was not seen.
func (b *sent) goesOn() bool { return b.ReadCloser != nil && !b.ended.Load() }

// watched is the body of an answer. It remembers why that ended before its end.
type watched struct {
	io.ReadCloser

	p   *passage
	res *http.Response
}

// Read implements io.Reader.
func (b *watched) Read(to []byte) (int, error) {
	n, err := b.ReadCloser.Read(to)
	switch {
	case err == io.EOF:
		trailed(b.res.Trailer) // those that nobody announced are there now
	case err != nil:
		b.p.cut, b.p.byClient = err, b.p.body.broken.Load()
	}
	return n, err //nolint:wrapcheck // a reader hands on what it gets
}
