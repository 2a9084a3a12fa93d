package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Config of a Stream. Exactly one of Writer and File is required.
type Config struct {
	Writer io.Writer // gets one Write a line
	File   string    // is made with mode 0600 if it does not exist, and appended to
	NoNew  bool      // File is not made: that it is not there is an error

	Log    *slog.Logger     // hears that writing fails, and that it works again; nil logs nothing
	Failed func()           // is called for each event that was not written; nil is not
	Now    func() time.Time // nil means time.Now
}

// Stream writes events. Make one with New. The methods of a nil *Stream do
// nothing. They may be called at once.
type Stream struct {
	cfg Config

	mu      sync.Mutex
	out     io.Writer
	file    *os.File // nil: out is the caller's
	torn    bool     // the last line is not whole
	failing bool
	wide    bool // others than the owner of the file may read it or write to it
}

// New returns a stream, and opens its file.
func New(cfg Config) (*Stream, error) {
	if (cfg.Writer == nil) == (cfg.File == "") {
		return nil, errors.New("make an audit stream: exactly one of a writer and a file is required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Stream{cfg: cfg, out: cfg.Writer}
	if cfg.File != "" {
		if err := s.Reopen(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Write writes one event as one line, with one call of the operating system, so
// that several processes may append to one file. It tells nobody of a failure but
// Failed and the log, which hears of the first and of the end of a series: what
// is recorded goes on, whether it can be recorded or not. A nil stream writes
// nothing.
func (s *Stream) Write(e Event) {
	if s == nil {
		return
	}
	e.clean()
	e.Time, e.Audit = Timestamp(s.cfg.Now()), Schema
	var line bytes.Buffer
	line.WriteByte('\n') // goes first where the line before is not whole
	lines := json.NewEncoder(&line)
	lines.SetEscapeHTML(false)
	err := lines.Encode(e) // cannot fail: texts and numbers
	if err == nil {
		err = s.write(line.Bytes())
	}
	if err != nil && s.cfg.Failed != nil {
		s.cfg.Failed()
	}
}

// write writes a line that a line break precedes.
func (s *Stream) write(line []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.torn {
		line = line[1:]
	}
	n, err := s.out.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if n > 0 {
		s.torn = n < len(line)
	}
	s.tell(err)
	return err
}

// tell logs the first failure, and the first success after it.
func (s *Stream) tell(err error) {
	switch {
	case err != nil && !s.failing:
		s.cfg.Log.Error("audit events cannot be written: they are lost until they can", "error", err.Error())
	case err == nil && s.failing:
		s.cfg.Log.Info("audit events can be written again")
	}
	s.failing = err != nil
}

// Reopen opens the file anew, after it was moved away, or where its name leads
// elsewhere now. If it cannot, the open one goes on being written to. A file that
// is there keeps its mode; the log hears once when it is not its owner's alone. It does
// nothing for a stream without a file.
func (s *Stream) Reopen() error {
	if s == nil || s.cfg.File == "" {
		return nil
	}
	const mode = 0o600                                      // who signed in from where is not for everybody on the machine
	flags := os.O_WRONLY | os.O_APPEND | syscall.O_NONBLOCK // a pipe that nobody reads is an error
	if !s.cfg.NoNew {
		flags |= os.O_CREATE
	}
	file, err := os.OpenFile(s.cfg.File, flags, mode)
	if err != nil {
		return fmt.Errorf("open the audit file: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.file
	s.torn = s.torn && sameFile(old, file)
	s.out, s.file = file, file
	s.look(file)
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil {
		return fmt.Errorf("close the old audit file: %w", err)
	}
	return nil
}

// look warns of a file that others may read, once until one is in order.
func (s *Stream) look(file *os.File) {
	info, err := file.Stat()
	wide := err == nil && info.Mode().IsRegular() && info.Mode()&0o077 != 0 && runtime.GOOS != "windows" // there modes say nothing
	if wide && !s.wide {
		s.cfg.Log.Warn("the file of the audit stream is not its owner's alone: who signed in from where is in it", "mode", info.Mode().Perm().String())
	}
	s.wide = wide
}

func sameFile(a, b *os.File) bool {
	one, err := a.Stat()
	if err != nil {
		return false
	}
	other, err := b.Stat()
	return err == nil && os.SameFile(one, other)
}

// Close closes the file. What is written afterwards is lost, and counted.
func (s *Stream) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close the audit file: %w", err)
	}
	return nil
}
