package policy

import (
	"net/netip"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Input is one question: who asks, and for what. Nothing in it is kept. It must not
// be used by two goroutines at once, because Path remembers its result in it.
type Input struct {
	Identity *access.Identity // nil: nobody is signed in
	Bearer   bool             // a bearer token said who it is, not a session
	Client   string           // azp or appid of that token, or of the ID token; "": not known
	AppOnly  bool             // it speaks for an application
	// AppUnknown: nobody says whether it does.
	AppUnknown bool
	Method     string     // as the proxy handed it over; "": not known
	URI        string     // request URI as the proxy handed it over: path and query
	Source     netip.Addr // the client's address; the zero value: not known
	Now        time.Time  // the zero value: not known

	read     bool   // path and readable belong to readFrom
	readFrom string // the URI that was read
	path     string
	readable bool
}

// Path is the path of URI: without query, decoded once, without a slash at the end.
// It is false for a path that another server could read as a different one; such a
// path must not be judged. What that is says cleanPath. It is read once for a URI.
func (in *Input) Path() (string, bool) {
	if !in.read || in.readFrom != in.URI {
		in.path, in.readable = cleanPath(in.URI)
		in.read, in.readFrom = true, in.URI
	}
	return in.path, in.readable
}

// Verdict is a decision and what made it.
type Verdict struct {
	Decision access.Decision
	// Rule names the rule that decided: the deny rule that matched, the allow rule
	// that let pass or that a sign-in would meet. It is empty when no rule did.
	Rule string
	// Why is the first lack of knowledge of that rule or, when no rule decided, of
	// the first allow rule that has one.
	Why Why
}

// Compiler turns the text of `expr:` into a program, or says what is wrong with it.
// What it says is shown to whoever writes policies.
type Compiler interface {
	Compile(expr string) (Program, error)
}

// Program is a compiled expression. It must be safe for concurrent use, bound its own
// cost, and keep nothing of the input. An error is never a pass. The path it may ask
// for is Input.Path, whose false it must answer with an error.
type Program interface {
	Eval(in *Input) (bool, error)
}
