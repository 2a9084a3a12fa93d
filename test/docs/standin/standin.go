// Package standin has programs for those that the pages of docs call and that are not here: az, kubectl,
// docker, git, curl, and helm in part. Each checks how it is called, notes it, and answers as far as a page
// needs it. It knows nothing of the pages.
package standin

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// Call is one call of a program.
type Call struct {
	Program string
	Args    []string
	Input   string // what a file held that it was given
}

// Variables of the shell in which the stand-ins are called.
const (
	EnvCalls = "STANDIN_CALLS" // file to which each call is appended, one line of JSON
	EnvHelm  = "STANDIN_HELM"  // the real helm
	EnvRoot  = "STANDIN_ROOT"  // the repository
	EnvOut   = "STANDIN_OUT"   // folder for what helm renders: rendered.yaml
)

// program does what a program would do. An error is what is wrong with the call.
type program func(c *Call, out io.Writer) error

func programs() map[string]program {
	return map[string]program{"az": az, "kubectl": kubectl, "docker": docker, "git": git, "helm": helm, "curl": curl}
}

// Names are the programs that have a stand-in.
func Names() []string { return slices.Sorted(maps.Keys(programs())) }

// Run stands in for a program and returns its exit code.
func Run(name string, args []string, stdout, stderr io.Writer) int {
	err := fmt.Errorf("there is no such program")
	if do, is := programs()[name]; is {
		c := &Call{Program: name, Args: args}
		if err = do(c, stdout); err == nil {
			err = c.record()
		}
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "%s %q: %v\n", name, args, err) // nobody could be told
		return 1
	}
	return 0
}

func (c *Call) record() error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(os.Getenv(EnvCalls), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// command is what a stand-in knows of one sub-command.
type command struct {
	needs   string // flags that must be there, with blanks between
	may     string // flags that may be
	alone   string // flags of both that take no value
	lists   string // flags of both that take several values
	others  int    // arguments that are no flags, at least
	atMost  int    // and at most; 0: as many as at least
	answers any    // what it prints as JSON, before --query
}

// parsed are the flags and the other arguments of a call.
type parsed struct {
	flags  map[string][]string
	others []string
}

func (p parsed) flag(name string) string { return strings.Join(p.flags[name], " ") }

// parse checks the arguments behind a sub-command. A flag is written whole, and not twice; only lists have
// several values.
func (c command) parse(args []string) (parsed, error) {
	p := parsed{flags: map[string][]string{}}
	known := strings.Fields(c.needs + " " + c.may)
	alone, lists := strings.Fields(c.alone), strings.Fields(c.lists)
	open := "" // the flag that takes what comes next
	for _, arg := range args {
		if !strings.HasPrefix(arg, "--") || strings.HasPrefix(arg, "---") {
			switch {
			case open == "":
				p.others = append(p.others, arg)
			default:
				p.flags[open] = append(p.flags[open], arg)
				if !slices.Contains(lists, open) {
					open = ""
				}
			}
			continue
		}
		if open != "" && len(p.flags[open]) == 0 {
			return p, fmt.Errorf("%s has no value", open)
		}
		name, value, joined := strings.Cut(arg, "=")
		switch _, twice := p.flags[name]; {
		case !slices.Contains(known, name):
			return p, fmt.Errorf("there is no %s", name)
		case twice && !slices.Contains(lists, name):
			return p, fmt.Errorf("%s is there twice", name)
		case slices.Contains(alone, name):
			p.flags[name], open = []string{}, ""
		case joined:
			p.flags[name], open = append(p.flags[name], value), ""
		default:
			p.flags[name], open = append([]string{}, p.flags[name]...), name
		}
	}
	if open != "" && len(p.flags[open]) == 0 {
		return p, fmt.Errorf("%s has no value", open)
	}
	for _, name := range strings.Fields(c.needs) {
		if values, is := p.flags[name]; !is || !slices.Contains(alone, name) && slices.Contains(values, "") {
			return p, fmt.Errorf("%s is missing or empty", name)
		}
	}
	if n := len(p.others); n < c.others || n > max(c.others, c.atMost) {
		return p, fmt.Errorf("%d arguments beside the flags: %q", n, p.others)
	}
	return p, nil
}

// find returns the longest of the commands that the arguments begin with, and what follows it.
func find(commands map[string]command, args []string) (name string, rest []string, err error) {
	for n := len(args); n > 0; n-- {
		name := strings.Join(args[:n], " ")
		if _, is := commands[name]; is {
			return name, args[n:], nil
		}
	}
	return "", nil, fmt.Errorf("there is no such command")
}
