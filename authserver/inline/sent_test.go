package inline

import (
	"errors"
	"io"
	"net/http/httptest"
	"testing"
	"testing/iotest"
	"time"
)

// Whoever reads a body on that was closed has an error that is not the client's.
func TestSent(t *testing.T) {
	for _, row := range []struct {
		name                  string
		err                   error
		close                 bool
		ended, broken, goesOn bool
	}{
		{"at its end", io.EOF, false, true, false, false},
		{"broken", errors.New("x"), false, false, true, true},
		{"closed", errors.New("x"), true, false, false, true},
	} {
		b := &sent{ReadCloser: io.NopCloser(iotest.ErrReader(row.err)), patience: newPatience(httptest.NewRecorder(), time.Minute)}
		if row.close {
			_ = b.Close()
		}
		if _, err := b.Read(nil); !errors.Is(err, row.err) || b.ended.Load() != row.ended || b.broken.Load() != row.broken || b.goesOn() != row.goesOn {
			t.Errorf("%s: %v, ended %v, broken %v, goes on %v", row.name, err, b.ended.Load(), b.broken.Load(), b.goesOn())
		}
	}
	if (&sent{}).goesOn() {
		t.Error("there is none")
	}
}
