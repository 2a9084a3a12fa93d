package inline

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// deadlines is a writer that remembers them.
type deadlines struct {
	*httptest.ResponseRecorder

	mu            sync.Mutex
	read, written []time.Time
}

func (d *deadlines) deadlines(of *[]time.Time) []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(*of)
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read = append(d.read, t)
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.written = append(d.written, t)
	return nil
}

// A client may be slow for as long as it likes: only the time of one Read or Write counts, and none between
// them, or behind the last.
func TestPatience(t *testing.T) {
	const short = time.Second
	for _, row := range []struct {
		name          string
		with          func(p *patience)
		read, written int // how often each was ended
	}{
		{"nothing", func(*patience) { time.Sleep(9 * short) }, 0, 0},
		{"slow, but it moves", func(p *patience) {
			for range 9 {
				p.begin(&p.read)
				p.begin(&p.written)
				time.Sleep(short - 1)
				p.end(&p.read)
				p.end(&p.written)
			}
		}, 0, 0},
		{"a pause between", func(p *patience) {
			for range 3 {
				p.begin(&p.read)
				p.end(&p.read)
				p.begin(&p.written)
				p.end(&p.written)
				time.Sleep(9 * short)
			}
		}, 0, 0},
		{"a Read waits", func(p *patience) { p.begin(&p.read); time.Sleep(short + 1) }, 1, 0},
		{"a Write waits", func(p *patience) { p.begin(&p.written); time.Sleep(short + 1) }, 0, 1},
		{"the second Read waits", func(p *patience) {
			p.begin(&p.read)
			p.end(&p.read)
			p.begin(&p.read)
			time.Sleep(short + 1)
		}, 1, 0},
		{"a Read waits, beside Writes", func(p *patience) {
			p.begin(&p.read)
			for range 3 {
				p.begin(&p.written)
				time.Sleep(short/2 + 1)
				p.end(&p.written)
			}
		}, 1, 0},
		{"the handler has returned", func(p *patience) {
			p.begin(&p.read)
			p.end(&p.read)
			p.leave(request(t, 2), true, false)
			p.begin(&p.read)
			p.begin(&p.written)
			time.Sleep(9 * short)
		}, 0, 0},
		{"a Read waits, and its deadline does not end it", func(p *patience) { p.begin(&p.read); time.Sleep(2*short + 1) }, 1, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
				p, began := newPatience(d, short), time.Now()
				row.with(p)
				synctest.Wait()
				if len(d.read) != row.read || p.ended() != (row.read+row.written > 0) {
					t.Errorf("deadlines of reads %v, of writes %v, ended: %v", d.read, d.written, p.ended())
				}
				past := slices.DeleteFunc(append(d.read, d.written...), func(at time.Time) bool { return at.After(began) })
				if len(past) != row.read+row.written {
					t.Errorf("deadlines of reads %v, of writes %v", d.read, d.written)
				}
			})
		})
	}
}

// When the handler returns, net/http still writes, and reads what is left of a body: both have an end. A Read that is under
// way is ended first.
func TestPatienceAtTheEnd(t *testing.T) {
	const short = time.Second
	for _, row := range []struct {
		name          string
		version       int
		left          bool
		ends, gone    bool
		read, written time.Duration // until when; 0: no deadline, below: the past
	}{
		{"no body", 1, false, false, false, 0, short},
		{"a body", 1, true, false, false, short, short},
		{"a body, and the connection ends", 1, true, true, false, -1, short},
		{"HTTP/2", 2, true, true, false, 0, short},
		{"HTTP/2, and the client is gone", 2, true, false, true, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
				p := newPatience(d, short)
				r := request(t, row.version)
				if row.gone {
					ctx, cancel := context.WithCancel(t.Context())
					cancel()
					r = r.WithContext(ctx)
				}
				if row.left {
					p.begin(&p.read)
					go func() { // as net/http does
						for row.version == 1 && len(d.deadlines(&d.read)) == 0 {
							time.Sleep(time.Nanosecond)
						}
						p.end(&p.read)
					}()
				}
				p.leave(r, row.left, row.ends)
				synctest.Wait()
				for _, of := range []struct {
					name string
					got  []time.Time
					want time.Duration
				}{{"reads", d.deadlines(&d.read), row.read}, {"writes", d.deadlines(&d.written), row.written}} {
					at := time.Now().Add(of.want)
					switch n := len(of.got); {
					case of.want == 0 && n > 0, of.want != 0 && n == 0:
						t.Errorf("deadlines of %s: %v", of.name, of.got)
					case of.want > 0 && of.got[n-1].After(at), of.want > 0 && !of.got[n-1].After(time.Now()), of.want < 0 && of.got[n-1].After(time.Now()):
						t.Errorf("deadlines of %s: %v, want about %v", of.name, of.got, at)
					}
				}
			})
		})
	}
}

func request(t *testing.T, version int) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	r.ProtoMajor = version
	return r
}

// The timer of one Read may run when the next has begun: it ends nothing.
func TestPatienceOfAnEarlierTimer(t *testing.T) {
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	p := newPatience(d, time.Hour)
	for _, w := range []*waiting{&p.read, &p.written} {
		p.late(w)
		p.begin(w)
		p.late(w)
		p.end(w)
		p.late(w)
	}
	if len(d.read)+len(d.written) > 0 || p.ended() {
		t.Errorf("%v, %v", d.read, d.written)
	}
}
