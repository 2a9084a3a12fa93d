package config

import (
	"errors"
	"maps"
	"os"

	"github.com/kelseyhightower/envconfig"
)

// process lets envconfig fill a spec from values. envconfig stops at the first
// fault, and its error holds the value: so note what was expected, unset the
// variable and begin again until nothing is left to complain about.
func process(values map[string]string, r *report) (*spec, error) {
	names := variables()
	values = maps.Clone(values)
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	s := &spec{}
	err := withEnvironment(names, values, func() error {
		for {
			*s = spec{}
			var bad *envconfig.ParseError
			if err := envconfig.Process("", s); !errors.As(err, &bad) {
				return err
			}
			if _, set := os.LookupEnv(bad.KeyName); !set {
				return errors.New("the default of " + bad.KeyName + " does not pass its own check")
			}
			r.fault(bad.KeyName, "%s", expectation(bad))
			if err := os.Unsetenv(bad.KeyName); err != nil {
				return err
			}
		}
	})
	return s, err
}

// expectation says what a variable should hold. Only our own checks' errors are
// free of the value.
func expectation(bad *envconfig.ParseError) string {
	var own expected
	switch {
	case errors.As(bad.Err, &own):
		return own.Error()
	case bad.TypeName == "bool":
		return "must be true or false"
	case bad.TypeName == "time.Duration":
		return "must be a duration such as 8h, 30m or 20s"
	}
	return "cannot be read as " + bad.TypeName
}
