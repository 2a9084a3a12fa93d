package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strings"

	"github.com/easyauth-sidecar/easyauth/client"
)

// place is what the flags of login, token and logout say about the server, and where
// tokens are kept.
type place struct{ basePath, caFile string }

func (p *place) declare(fs *flag.FlagSet) {
	fs.StringVar(&p.basePath, "base-path", "", "the server's EASYAUTH_BASE_PATH, a `PATH`; "+client.DefaultBasePath+" without it")
	fs.StringVar(&p.caFile, "ca-file", "", "certificate authorities in PEM that are trusted beside the system's, a `FILE`")
}

// flags are those that another command needs to mean the same server.
func (p *place) flags() (text string) {
	if p.basePath != "" && p.basePath != client.DefaultBasePath {
		text += " --base-path " + p.basePath
	}
	if p.caFile != "" {
		text += " --ca-file " + p.caFile
	}
	return text
}

// errUsage is a command line that cannot be followed.
type errUsage struct{ error }

// client returns the client of a command, and the server.
func (p *place) client(args []string, env environment) (*client.Client, client.Server, error) {
	if len(args) == 0 {
		return nil, client.Server{}, errUsage{errors.New("say which application: easyauth COMMAND https://app.example.com")}
	}
	server, err := client.ParseServer(args[0], p.basePath)
	if err != nil {
		return nil, server, errUsage{err}
	}
	folder, err := client.Folder(runtime.GOOS, env.lookUp)
	if err != nil {
		return nil, server, err
	}
	state, err := client.NewState(folder)
	if err != nil {
		return nil, server, err
	}
	transport, err := client.NewTransport(p.caFile)
	if err != nil {
		return nil, server, errUsage{err}
	}
	c, err := client.New(client.Config{Server: server, State: state, Transport: transport, Agent: "easyauth/" + env.version})
	return c, server, err
}

// lookUp returns a variable of the environment; "" if it is not there.
func (e environment) lookUp(name string) string {
	for _, pair := range e.environ {
		n, value, _ := strings.Cut(pair, "=")
		if n == name || runtime.GOOS == "windows" && strings.EqualFold(n, name) {
			return value
		}
	}
	return ""
}

// failed says why a command did not do what it should, and gives its exit code.
func (p *place) failed(ctx context.Context, command string, server client.Server, err error, env environment) int {
	var usage errUsage
	switch {
	case errors.As(err, &usage):
		say(env.stderr, "easyauth %s: %s\nHow it is used: easyauth %s --help\n", command, strings.ReplaceAll(usage.Error(), "COMMAND", command), command)
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		say(env.stderr, "easyauth %s: %v\n", command, context.Cause(ctx))
	case errors.Is(err, client.ErrSignIn):
		say(env.stderr, "easyauth %s: %v\nSign in: %s\n", command, err, p.signIn(server))
	default:
		say(env.stderr, "easyauth %s: %v\n", command, err)
	}
	return exitFailed
}

// signIn is the command line that signs in.
func (p *place) signIn(server client.Server) string {
	return fmt.Sprintf("easyauth login%s %s", p.flags(), server.Origin())
}
