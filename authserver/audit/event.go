package audit

import (
	"strings"
	"time"
)

// Schema is the version of the form of an event. It changes when a key changes its
// meaning or goes; a key more does not change it.
const Schema = 1

// Kind says what happened.
type Kind string

// The closed set of kinds.
const (
	SignIn               Kind = "sign_in"               // a person signed in: there is a session
	SignInRefused        Kind = "sign_in_refused"       // a sign-in came back and made no session
	Denied               Kind = "denied"                // somebody who is known may not
	Allowed              Kind = "allowed"               // a policy let somebody pass
	SignOut              Kind = "sign_out"              // a person ended the session of their browser
	Revoked              Kind = "revoked"               // sessions were ended from elsewhere
	TokenIssued          Kind = "token_issued"          // a program got a token
	TokenRefused         Kind = "token_refused"         // a program brought something that does not hold, or the person said no
	ConfigurationLoaded  Kind = "configuration_loaded"  // at the start, and when it was read again
	ConfigurationRefused Kind = "configuration_refused" // it has faults; the last good one goes on
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{SignIn, SignInRefused, Denied, Allowed, SignOut, Revoked, TokenIssued, TokenRefused, ConfigurationLoaded, ConfigurationRefused}
}

// Event is one thing that happened. Write fills in Time and Audit. Every other
// member may be empty, and is then left out of the line; texts pass through Text,
// and of a list the first MaxList are written.
type Event struct {
	Time  string `json:"time"`  // RFC 3339 in UTC, with milliseconds
	Audit int    `json:"audit"` // Schema
	Event Kind   `json:"event"`

	// What became of it.
	Outcome string `json:"outcome,omitempty"` // of a decision: forbid, step_up, sign_in, unsure, allow
	Reason  string `json:"reason,omitempty"`  // out of a closed set
	Status  int    `json:"status,omitempty"`  // that a refused sign-in was answered with

	// Who. A person is Tenant and User (tid and oid), or Issuer and User (iss and sub).
	User   string   `json:"user,omitempty"`
	Tenant string   `json:"tenant,omitempty"`
	Issuer string   `json:"issuer,omitempty"`
	Roles  []string `json:"roles,omitempty"`
	Bearer bool     `json:"bearer,omitempty"` // by an access token, not by a session

	// The sign-in and its session.
	How      string   `json:"how,omitempty"`       // interactive or silent
	Session  string   `json:"session,omitempty"`   // new, or replaced: the browser had one of this person
	Methods  []string `json:"methods,omitempty"`   // amr
	Contexts []string `json:"contexts,omitempty"`  // acrs, or acr
	AuthTime string   `json:"auth_time,omitempty"` // when the person proved who they are
	Expires  string   `json:"expires,omitempty"`   // when the session ends at the latest

	// What was lacking, or whose sessions ended and by whom.
	Missing []string `json:"missing,omitempty"` // as "role Admin|Owner"
	Policy  string   `json:"policy,omitempty"`  // that the auth-url names
	Rule    string   `json:"rule,omitempty"`    // of it, which decided
	Why     string   `json:"why,omitempty"`     // what that rule would have had to know
	Scope   string   `json:"scope,omitempty"`   // one, user, sid, all
	By      string   `json:"by,omitempty"`      // person, provider, operator, program
	Via     string   `json:"via,omitempty"`     // me, logout, front_channel, back_channel, command, token
	Count   *int     `json:"count,omitempty"`   // sessions that ended, where it is known

	// The token of a program.
	Grant       string `json:"grant,omitempty"`       // token_exchange, id_token, refresh_token, authorization_code
	Application string `json:"application,omitempty"` // the client id that the exchanged token is of, or where the code went: scheme, host and port

	// Where it was asked for. No path has a query string.
	Method    string `json:"method,omitempty"`
	Host      string `json:"host,omitempty"`
	Path      string `json:"path,omitempty"`
	Client    string `json:"client,omitempty"` // the address that the proxy names
	RequestID string `json:"request_id,omitempty"`
	TraceID   string `json:"trace_id,omitempty"`

	// The configuration.
	Version string   `json:"version,omitempty"` // of EasyAuth
	Changed []string `json:"changed,omitempty"` // settings by name, never by value
	Faults  []string `json:"faults,omitempty"`  // what is wrong, without values
}

// Person sets who it is about: authority is a tenant's id, or an issuer, which is a
// URL; id is the person's there. Empty texts set nothing.
func (e *Event) Person(authority, id string) {
	e.User = id
	if strings.Contains(authority, "://") {
		e.Issuer = authority
	} else {
		e.Tenant = authority
	}
}

// MaxList is how many entries of a list are written.
const MaxList = 20

// Timestamp is how an event gives a time; "" for none.
func Timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// clean makes every text fit for a line.
func (e *Event) clean() {
	for _, text := range []*string{
		&e.Outcome, &e.Reason, &e.User, &e.Tenant, &e.Issuer, &e.How, &e.Session, &e.AuthTime, &e.Expires, &e.Scope, &e.By, &e.Via, &e.Grant, &e.Application, &e.Policy, &e.Rule, &e.Why,
		&e.Method, &e.Host, &e.Path, &e.Client, &e.RequestID, &e.TraceID, &e.Version,
	} {
		*text = Text(*text)
	}
	for _, list := range []*[]string{&e.Roles, &e.Methods, &e.Contexts, &e.Missing, &e.Changed, &e.Faults} {
		*list = texts(*list)
	}
}

// texts is a copy: the caller's list may be shared.
func texts(list []string) []string {
	if len(list) > MaxList {
		list = list[:MaxList]
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, Text(s))
	}
	return out
}
