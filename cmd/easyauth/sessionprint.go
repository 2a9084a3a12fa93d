package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// printer prints what commands about sessions find, for a person or a program.
type printer struct {
	to     io.Writer
	json   bool
	record func(audit.Event) // for the audit stream
}

// sessions prints a list: nothing of a person but a number that is the same for all
// sessions of one.
func (p printer) sessions(list []session.Info) error {
	if p.json {
		type entry struct {
			ID      string    `json:"id"`
			User    string    `json:"user"`
			Issued  time.Time `json:"issued"`
			Seen    time.Time `json:"seen,omitzero"`
			Expires time.Time `json:"expires"`
		}
		entries := make([]entry, len(list))
		for i, s := range list {
			entries[i] = entry{s.ID, s.User, s.Issued.UTC(), s.Seen.UTC(), s.Expires.UTC()}
		}
		return p.object(entries)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(p.to, "No sessions.")
		return err
	}
	w := tabwriter.NewWriter(p.to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tUSER\tSIGNED IN\tLAST USED\tENDS") // Flush tells
	for _, s := range list {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.ID, s.User, instant(s.Issued), instant(s.Seen), instant(s.Expires))
	}
	return w.Flush()
}

// revoked prints how many sessions were ended; -1 means that nobody knows.
func (p printer) revoked(n int) error {
	if p.json {
		var known *int
		if n >= 0 {
			known = &n
		}
		return p.object(map[string]*int{"revoked": known})
	}
	text := fmt.Sprintf("Revoked %d sessions.", n)
	switch n {
	case -1:
		text = "Revoked: what was signed in until now passes no more. How many that are nobody knows."
	case 1:
		text = "Revoked 1 session."
	}
	_, err := fmt.Fprintln(p.to, text)
	return err
}

func (p printer) object(value any) error {
	enc := json.NewEncoder(p.to)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}

func instant(t time.Time) string {
	if t.IsZero() { // nothing was noted
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
