package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

const ingressCheckDetails = `FILE holds Ingress objects, YAML or JSON; - is standard input. Without a FILE the
cluster is asked, with the program kubectl and its configuration. Give the Ingresses of
EasyAuth and those of the applications together: much is seen only where they meet.

What EasyAuth serves, and the names of its paths and headers, are taken from --env-file
and --config, else from the environment; --hosts is in place of their EASYAUTH_HOSTS. It
need not be complete.

The settings of ingress-nginx itself are the ConfigMaps that --controller names, else those
that look so by label or name, else all that have one of its settings.

It ends with 0 if nothing was found but warnings, with 1 if something is wrong or
dangerous (with --strict: if anything was found), and with 2 if something cannot be read.
docs/proxies/check.md tells all that is looked for.
`

// ingressCheck is what the flags say.
type ingressCheck struct {
	source         ingressSource
	known          knownServer
	public         string
	strict, asJSON bool
}

func setUpIngressCheck(fs *flag.FlagSet) runner {
	var c ingressCheck
	fs.BoolVar(&c.asJSON, "json", false, "print JSON")
	fs.BoolVar(&c.strict, "strict", false, "end with 1 after warnings too")
	fs.StringVar(&c.public, "public", "", "paths that are open on purpose: a `LIST` of HOST/PATH")
	c.known.declare(fs)
	c.source.declare(fs)
	c.source.declareController(fs)
	return c.run
}

func (c *ingressCheck) run(ctx context.Context, files []string, env environment) int {
	options, err := c.known.options(env)
	if err != nil {
		say(env.stderr, "easyauth ingress check: nothing is checked.\n%v\n", err)
		return exitUsage
	}
	options.Public = listed(c.public)
	options.Whole = len(files) == 0 && c.source.namespace == ""
	m, err := c.source.read(ctx, files, env)
	found := annotations.Check(m, options)
	if len(files) == 0 {
		for k := range found { // lines of what kubectl printed help nobody
			found[k].Line = 0
		}
	}
	summary := ""
	if err == nil {
		summary = fmt.Sprintf("%s%d Ingress objects, %d with an auth-url of EasyAuth: %s\n", taken(m), len(m.Ingresses), annotations.Asking(m, options), counted(found))
	}
	if printErr := c.print(env, found, summary); printErr != nil {
		say(env.stderr, "easyauth ingress check: %v\n", printErr)
		return exitUsage
	}
	if err != nil {
		say(env.stderr, "easyauth ingress check: not all could be read, so this is not all.\n%v\n", err)
		return exitUsage
	}
	if c.fails(found) {
		return exitFailed
	}
	return exitOK
}

func (c *ingressCheck) fails(found []annotations.Finding) bool {
	return slices.ContainsFunc(found, func(f annotations.Finding) bool { return c.strict || f.Severity != annotations.Warning })
}

func (c *ingressCheck) print(env environment, found []annotations.Finding, summary string) error {
	if c.asJSON {
		e := json.NewEncoder(env.stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(append([]annotations.Finding{}, found...))
	}
	for _, f := range found {
		say(env.stdout, "%s\n", f)
	}
	say(env.stdout, "%s", summary)
	return nil
}

func counted(found []annotations.Finding) string {
	if len(found) == 0 {
		return "nothing found"
	}
	count := map[annotations.Severity]int{}
	for _, f := range found {
		count[f.Severity]++
	}
	var parts []string
	for _, s := range []annotations.Severity{annotations.Error, annotations.Danger, annotations.Warning} {
		if n := count[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", s, n))
		}
	}
	return strings.Join(parts, ", ")
}

// listed takes a list apart: at commas and white space.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}
