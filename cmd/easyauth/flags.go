package main

import (
	"flag"
	"fmt"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// parse reads the flags of a command, also those behind its arguments, if it has some.
// Behind -- there are no flags. The arguments are fs.Args then.
func parse(fs *flag.FlagSet, args []string, most int) error {
	arguments := []string{"--"}
	for {
		if err := fs.Parse(args); err != nil {
			return err
		}
		rest := fs.Args()
		ended := len(rest) < len(args) && args[len(args)-len(rest)-1] == "--"
		if len(rest) == 0 || ended || most == 0 {
			return fs.Parse(append(arguments, rest...))
		}
		arguments, args = append(arguments, rest[0]), rest[1:]
	}
}

// flagFault says in a sentence what package flag found wrong with the flags of a command.
// What was given as a value is not in it.
func flagFault(fs *flag.FlagSet, err error) string {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		if meant := didYouMean("--", name, flagNames(fs)); meant != "" {
			return fmt.Sprintf("there is no flag --%s%s", name, meant)
		}
		if fs.Name() != "serve" && fs.Name() != "check-config" {
			return fmt.Sprintf("there is no flag --%s", name)
		}
		return fmt.Sprintf("there is no flag --%s. Settings are environment variables, or in EASYAUTH_CONFIG_FILE", name)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return fmt.Sprintf("the flag --%s needs a value", name)
	}
	for _, before := range []string{" for flag -", " for -"} { // invalid value "x" for flag -n: …; invalid boolean value "x" for -b: …
		at := strings.LastIndex(text, before)
		if at < 0 {
			continue
		}
		name, _, _ := strings.Cut(text[at+len(before):], ":")
		f := fs.Lookup(name)
		switch {
		case f == nil:
		case isSwitch(f):
			return fmt.Sprintf("the flag --%s is given, or not: it takes no value but true and false", name)
		default:
			return fmt.Sprintf("the flag --%s takes a number", name) // a text is never wrong here
		}
	}
	return "the flags cannot be read: one begins with two dashes and is followed by its value, if it takes one"
}

func isSwitch(f *flag.Flag) bool {
	v, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && v.IsBoolFlag()
}

func flagNames(fs *flag.FlagSet) (names []string) {
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// didYouMean is a question about the candidate that is spelled almost so; "" if none is.
func didYouMean(before, name string, candidates []string) string {
	if near := config.Nearest(name, candidates); near != "" {
		return "; did you mean " + before + near + "?"
	}
	return ""
}
