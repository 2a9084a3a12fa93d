package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// environment is everything that a command takes from outside.
type environment struct {
	environ        []string
	stdin          io.Reader // nil: nothing is there
	stdout, stderr io.Writer
	version        string
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // wrong arguments or a wrong configuration
)

// runner does what a command does, with the arguments that follow its flags.
type runner func(ctx context.Context, args []string, env environment) int

type command struct {
	name      string // one word, or two of which the first is a group's
	arguments string // how they are written
	summary   string
	details   string                        // for its own help; whole lines
	most      int                           // arguments beside the flags
	setUp     func(fs *flag.FlagSet) runner // declares the flags
}

func commands() []command {
	return []command{
		{name: "serve", arguments: "[--roles LIST]", summary: "run the server; configured by EASYAUTH_ variables and a file", setUp: setUpServe},
		{
			name: "proxy", summary: "run the server as the reverse proxy of the applications itself, where no proxy can ask",
			details: proxyDetails, setUp: plain(serveProxy),
		},
		{name: "check-config", arguments: "[--roles LIST] [--online]", summary: "report every fault of the configuration and exit", setUp: setUpCheckConfig},
		{
			name: "keygen", arguments: "[--rotate FILE [--now] | --list FILE | --drop ID FILE]", summary: "print a new key for EASYAUTH_KEYS, or change a file of keys",
			details: keygenDetails, most: 1, setUp: setUpKeygen,
		},
		{
			name: "sessions list", arguments: "(--user USER | --sid SID | --all) [--json]", summary: "list sessions in the store",
			details: sessionsDetails, setUp: setUpSessions(listSessions),
		},
		{
			name: "sessions revoke", arguments: "(--user USER | --sid SID | --all) [--json]", summary: "end sessions at once",
			details: sessionsDetails, setUp: setUpSessions(revokeSessions),
		},
		{
			name: "policy test", arguments: "[--policies FILE] FILE", summary: "decide a table of cases by the policies, and compare",
			details: policyTestDetails, most: 1, setUp: setUpPolicyTest,
		},
		{
			name: "ingress check", arguments: "[FLAGS] [FILE… | -]", summary: "say what in Ingress objects will not work, and what is dangerous",
			details: ingressCheckDetails, most: maxIngressFiles, setUp: setUpIngressCheck,
		},
		{
			name: "ingress translate", arguments: "--to NAME [FLAGS] FILE…", summary: "write the protection of Ingress objects for another proxy",
			details: ingressTranslateDetails, most: maxIngressFiles, setUp: setUpIngressTranslate,
		},
		{
			name: "login", arguments: "[--no-browser] [--port NUMBER] URL", summary: "sign in to an application, for programs on this computer",
			details: loginDetails, most: 1, setUp: setUpLogin,
		},
		{
			name: "token", arguments: "[--client-credentials …] URL", summary: "print a token for an application, renewed if need be",
			details: printDetails, most: 1, setUp: setUpToken,
		},
		{
			name: "logout", arguments: "[--client-credentials [--client-id ID]] URL", summary: "end what login began, and forget the token",
			details: logoutDetails, most: 1, setUp: setUpLogout,
		},
		{name: "settings", arguments: "[--json | --markdown]", summary: "print every setting with its default and meaning", setUp: setUpSettings},
		{
			name: "healthcheck", arguments: "[--url URL [--page URL] [--status CODE] [--insecure]]",
			summary: "ask the running server whether it is ready; for container probes", details: healthcheckDetails, setUp: setUpHealthcheck,
		},
		{name: "version", summary: "print the version, and whether FIPS 140 mode is on", setUp: plain(printVersion)},
	}
}

// plain sets up a command that has no flags.
func plain(run runner) func(*flag.FlagSet) runner {
	return func(*flag.FlagSet) runner { return run }
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, env environment) int {
	name := "help"
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "help", "-h", "--help":
		say(env.stdout, "%s", usage(commands()))
		return exitOK
	case "--version":
		args = append([]string{"version"}, args[1:]...)
	}
	if c, rest, found := find(args); found {
		return c.execute(ctx, rest, env)
	}
	group := slices.DeleteFunc(commands(), func(c command) bool { return !strings.HasPrefix(c.name, name+" ") })
	switch {
	case len(group) == 0:
		say(env.stderr, "easyauth: %q is not a command%s\n\n%s", name, didYouMean("", name, words(commands(), 0)), usage(commands()))
	case len(args) > 1 && isHelp(args[1]):
		say(env.stdout, "%s", usage(group))
		return exitOK
	case len(args) > 1 && !strings.HasPrefix(args[1], "-"):
		say(env.stderr, "easyauth %s: %q is not one of its commands, which are %s%s\n\n%s",
			name, args[1], strings.Join(words(group, 1), " and "), didYouMean("", args[1], words(group, 1)), usage(group))
	default:
		say(env.stderr, "easyauth %s: one of its commands must follow: %s\n\n%s", name, strings.Join(words(group, 1), " or "), usage(group))
	}
	return exitUsage
}

// words returns the n-th words of the names of commands.
func words(of []command, n int) (list []string) {
	for _, c := range of {
		list = append(list, strings.Fields(c.name)[n])
	}
	return list
}

// find returns the command that args begin with, and what follows its name.
func find(args []string) (c command, rest []string, found bool) {
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
			return c, args[len(words):], true
		}
	}
	return command{}, nil, false
}

func isHelp(arg string) bool { return slices.Contains([]string{"-h", "-help", "--help"}, arg) }

// execute reads the flags of a command and runs it.
func (c command) execute(ctx context.Context, args []string, env environment) int {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	run := c.setUp(fs)
	err := parse(fs, args, c.most)
	switch {
	case errors.Is(err, flag.ErrHelp):
		say(env.stdout, "%s", c.help(fs))
		return exitOK
	case err != nil:
		return c.misused(env, "%s", flagFault(fs, err))
	case fs.NArg() > c.most && c.most == 0:
		return c.misused(env, "takes no arguments beside its flags")
	case fs.NArg() > c.most:
		return c.misused(env, "takes no more arguments than its flags ask for")
	}
	return run(ctx, fs.Args(), env)
}

// misused says what is wrong with a command line.
func (c command) misused(env environment, format string, args ...any) int {
	say(env.stderr, "easyauth %s: %s\nHow it is used: easyauth %s --help\n", c.name, fmt.Sprintf(format, args...), c.name)
	return exitUsage
}

// help tells how one command is used.
func (c command) help(fs *flag.FlagSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "easyauth %s: %s\n\nUsage: easyauth %s\n", c.name, c.summary, strings.TrimSpace(c.name+" "+c.arguments))
	if c.details != "" {
		fmt.Fprintf(&b, "\n%s", c.details)
	}
	heading, width := "\nFlags:\n", 14
	fs.VisitAll(func(f *flag.Flag) {
		operand, _ := flag.UnquoteUsage(f)
		width = max(width, len(strings.TrimSpace(f.Name+" "+operand)))
	})
	fs.VisitAll(func(f *flag.Flag) {
		operand, text := flag.UnquoteUsage(f)
		dashes := "--"
		if len(f.Name) == 1 {
			dashes = " -"
		}
		fmt.Fprintf(&b, "%s  %s%-*s %s\n", heading, dashes, width, strings.TrimSpace(f.Name+" "+operand), text)
		heading = ""
	})
	return b.String()
}

func usage(of []command) string {
	var b strings.Builder
	b.WriteString("EasyAuth signs people in for applications behind an ingress.\n\nUsage: easyauth COMMAND [FLAGS]\n\nCommands:\n")
	for _, c := range of {
		fmt.Fprintf(&b, "  %-18s %s\n", c.name, c.summary)
	}
	b.WriteString("\nFlags of a command: easyauth COMMAND --help\nConfiguration: docs/configuration.md\n")
	return b.String()
}

// say prints for a person. There is nothing to do if nobody can read it.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func printVersion(_ context.Context, _ []string, env environment) int {
	say(env.stdout, "%s\nFIPS 140: %s\n", env.version, fipsMode())
	return exitOK
}
