package inline

import (
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// deadlines is a writer that remembers them.
type deadlines struct {
	*httptest.ResponseRecorder

	read, written []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
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
			p.leave()
			p.begin(&p.written)
			time.Sleep(9 * short)
		}, 0, 0},
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
				if p.over {
					return
				}
				p.leave()
				if at := d.written[len(d.written)-1]; !at.Equal(time.Now().Add(short)) {
					t.Errorf("what is still to be written has until %v", at)
				}
			})
		})
	}
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
