package main

import (
	"strings"
	"sync"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
)

// The files that are followed by themselves, beside the configuration, by the settings
// that name them.
const (
	keysFile        = "EASYAUTH_KEYS_FILE"
	certificateFile = "EASYAUTH_TLS_CERT_FILE"
)

// fileFaults tells metrics, audit stream and /readyz of files that cannot be used as they
// are now: what was in them before is in use. Of the files of generations those count
// that belong to the one in use.
type fileFaults struct {
	telling sync.Mutex  // held while all are told, in the order in which it happened
	inUse   *generation // nil: there is none yet; telling guards it

	mu    sync.Mutex        // never held for long: /readyz asks
	known map[string]string // setting → what is wrong with its file; "" or none: nothing
}

// certificateTold hears of the listener's certificate.
func (l *lasting) certificateTold(err error) {
	l.faulty.telling.Lock()
	defer l.faulty.telling.Unlock()
	l.tell(certificateFile, err)
}

// keysTold hears of the file of a generation's keys.
func (l *lasting) keysTold(g *generation, err error) {
	l.faulty.telling.Lock()
	defer l.faulty.telling.Unlock()
	g.keysFault = err
	if l.faulty.inUse == g {
		l.tell(keysFile, err)
	}
}

// follow has the files of a generation count from now on.
func (l *lasting) follow(g *generation) {
	l.faulty.telling.Lock()
	defer l.faulty.telling.Unlock()
	l.faulty.inUse = g
	l.tell(keysFile, g.keysFault)
}

// tell tells what was not told before. The caller holds telling.
func (l *lasting) tell(setting string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if !l.faulty.replaced(setting, text) {
		return
	}
	event := audit.Event{Event: audit.ConfigurationLoaded, Version: l.version, Changed: []string{setting}}
	if err != nil {
		fault := text
		if !strings.HasPrefix(fault, setting) {
			fault = setting + ": " + fault
		}
		event = audit.Event{Event: audit.ConfigurationRefused, Version: l.version, Faults: []string{fault}}
	}
	l.metrics.FileLoaded(setting, err)
	l.audit.Write(event)
}

// replaced notes what is wrong with a file, and reports whether that is news.
func (f *fileFaults) replaced(setting, text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.known[setting]
	f.known[setting] = text
	return before != text
}

// unusable returns the line of /readyz about a file; "" when it can be used.
func (l *lasting) unusable(setting string) func() string {
	return func() string {
		l.faulty.mu.Lock()
		defer l.faulty.mu.Unlock()
		if l.faulty.known[setting] == "" {
			return ""
		}
		return setting + ": the file cannot be used as it is now, so what was in it before is; the log says why"
	}
}
