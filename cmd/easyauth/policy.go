package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const policyTestDetails = `FILE is YAML and holds cases: who asks for what, and what the policy should answer.
Each case is decided as the server would, without a server, and gets a line. A note
names a rule by which no case is decided.

The policies are those of FILE itself if it has the key policies, else those of
--policies, else those of EASYAUTH_CONFIG_FILE. Whether the provider is Entra ID, and
how scopes are called, is taken from the configuration; it need not be complete.

It ends with 0 if all cases are as expected, with 1 if one is not, and with 2 if
something cannot be read. docs/policy.md has examples.
`

const maxPolicyFile = 1 << 20 // bytes; as a configuration file

func setUpPolicyTest(fs *flag.FlagSet) runner {
	file := fs.String("policies", "", "read the policies from `FILE`, a YAML file with the key policies")
	return func(_ context.Context, args []string, env environment) int {
		if len(args) == 0 {
			say(env.stderr, "easyauth policy test: the file with the cases is missing\nHow it is used: easyauth policy test --help\n")
			return exitUsage
		}
		return testPolicies(env, args[0], *file)
	}
}

// testPolicies decides the cases of a table. Both files are read before anything is
// said, so that all faults come at once.
func testPolicies(env environment, cases, policies string) int {
	opts, err := optionsOf(env)
	if err != nil {
		return cannotTest(env, err)
	}
	table, err := readTable(cases, opts.options)
	if table != nil && table.Set != nil {
		if policies != "" {
			return cannotTest(env, fmt.Errorf("%s has policies of its own, which would be asked instead of those of --policies", cases))
		}
		return report(env, table.Run(nil))
	}
	if err != nil && policies == "" && opts.text == "" {
		return cannotTest(env, err) // the file may have policies of its own
	}
	set, setErr := readPolicies(opts, policies)
	if err = errors.Join(err, setErr); err != nil {
		return cannotTest(env, err)
	}
	return report(env, table.Run(set))
}

func report(env environment, r policy.Report) int {
	if err := r.Print(env.stdout); err != nil {
		return cannotTest(env, err)
	}
	if r.Failed() > 0 {
		return exitFailed
	}
	return exitOK
}

func cannotTest(env environment, err error) int {
	say(env.stderr, "easyauth policy test: nothing is tested.\n%v\n", err)
	return exitUsage
}

// policySource is what a configuration says about policies.
type policySource struct {
	options policy.Options
	text    string // the configuration file; empty: it has no policies
	isFile  bool   // there is a configuration file
}

// optionsOf reads the configuration for what matters to policies. Other settings may be
// wrong or missing: who tests policies need not have the server's secrets.
func optionsOf(env environment) (*policySource, error) {
	cfg, _, err := config.Load(env.environ, config.Roles{})
	if cfg == nil {
		return nil, err
	}
	var faults config.Faults
	if errors.As(err, &faults) {
		for _, f := range faults {
			if f.Name == "EASYAUTH_CONFIG_FILE" { // what it would have said of the provider changes what policies mean
				return nil, fmt.Errorf("%s: %s", f.Name, f.Expected)
			}
		}
	}
	var names *access.ScopeNames
	if cfg.Kind != config.KindOIDC {
		names = access.NewScopeNames(cfg.ClientID, cfg.Audiences, cfg.GraphURL)
	}
	source := &policySource{text: cfg.Policies, isFile: cfg.ConfigFile != "", options: policyOptions(cfg, names)}
	return source, nil
}

func readTable(path string, opts policy.Options) (*policy.Table, error) {
	text, err := readText(path, policy.MaxTable)
	if err != nil {
		return nil, err
	}
	table, err := policy.ParseTable(text, opts)
	return table, inFile(path, err)
}

// readPolicies reads those of a file or, without a path, of the configuration.
func readPolicies(from *policySource, path string) (*policy.Set, error) {
	text, name := []byte(from.text), "EASYAUTH_CONFIG_FILE"
	switch {
	case path != "":
		var err error
		if text, err = readText(path, maxPolicyFile); err != nil {
			return nil, err
		}
		name = path
	case from.text == "" && from.isFile:
		return nil, fmt.Errorf("%s: has no policies that can be read; easyauth check-config may say more", name)
	case from.text == "":
		return nil, errors.New("there are no policies: name their file with --policies, or the configuration file with EASYAUTH_CONFIG_FILE")
	}
	set, err := policy.Parse(text, from.options)
	return set, inFile(name, err)
}

func readText(path string, limit int64) ([]byte, error) {
	text, err := secret.ReadFile(path, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

// inFile puts the file's name before each fault.
func inFile(path string, err error) error {
	var faults policy.Faults
	if !errors.As(err, &faults) {
		return err
	}
	all := make([]error, len(faults))
	for i, f := range faults {
		all[i] = fmt.Errorf("%s: %s", path, f)
	}
	return errors.Join(all...)
}
