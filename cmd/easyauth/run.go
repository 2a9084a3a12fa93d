package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// environment is everything that a command takes from outside.
type environment struct {
	environ        []string
	stdout, stderr io.Writer
	version        string
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // wrong arguments or a wrong configuration
)

type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, env environment) int
}

func commands() []command {
	return []command{
		{"serve", "run the server; configured by EASYAUTH_ variables", serve},
		{"check-config", "report every fault of the configuration and exit", checkConfig},
		{"keygen", "print a new key for EASYAUTH_KEYS", keygen},
		{"healthcheck", "ask the running server whether it is ready; for container probes", healthcheck},
		{"version", "print the version", printVersion},
	}
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, env environment) int {
	name := "help"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	if name == "--version" {
		name = "version"
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
			say(env.stdout, "easyauth %s: %s\n", c.name, c.summary)
			return exitOK
		}
		if len(args) > 0 {
			say(env.stderr, "easyauth %s takes no arguments; it is configured by environment variables\n", c.name)
			return exitUsage
		}
		return c.run(ctx, args, env)
	}
	if name == "help" || name == "-h" || name == "--help" {
		say(env.stdout, "%s", usage())
		return exitOK
	}
	say(env.stderr, "easyauth: %q is not a command\n\n%s", name, usage())
	return exitUsage
}

func usage() string {
	var b strings.Builder
	b.WriteString("EasyAuth signs people in for applications behind an ingress.\n\nUsage: easyauth COMMAND\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-13s %s\n", c.name, c.summary)
	}
	b.WriteString("\nConfiguration: docs/configuration.md\n")
	return b.String()
}

// say prints for a person. There is nothing to do if nobody can read it.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func printVersion(_ context.Context, _ []string, env environment) int {
	say(env.stdout, "%s\n", env.version)
	return exitOK
}
