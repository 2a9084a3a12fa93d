package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/translate"
)

const ingressTranslateDetails = `FILE holds Ingress objects for ingress-nginx, YAML or JSON; - is standard input. Give all
Ingresses of a host together, also those without auth-url: an Ingress that is missing may
be the one with the stricter path. What is written goes to standard output, the report of
all that has no equivalent to standard error. Of a whole cluster take one class: --class.

An Ingress whose protection would become weaker is not written, and neither is any other
of the same host: the report says why. It ends with 0 if all were written, with 1 if one
was not, and with 2 if something cannot be read or written; then nothing is written.
docs/proxies/translate.md tells what is carried over.
`

// ingressTranslate is what the flags say.
type ingressTranslate struct {
	config      translate.Config
	source      ingressSource
	out, report string
}

func setUpIngressTranslate(fs *flag.FlagSet) runner {
	var t ingressTranslate
	fs.StringVar(&t.config.To, "to", "", "the `NAME` of the new proxy: "+targetNames())
	fs.StringVar(&t.out, "out", "", "write into the folder `DIR`, not to standard output")
	fs.StringVar(&t.report, "report", "", "write the report to `FILE`, not to standard error")
	fs.StringVar(&t.config.Namespace, "namespace", "", "the namespace `NAME` of objects that name none")
	fs.StringVar(&t.config.Gateway, "gateway", "", "envoy-gateway: `NAMESPACE/NAME` of the Gateway to write (default easyauth-gateway/easyauth)")
	fs.StringVar(&t.config.GatewayClass, "gateway-class", "", "envoy-gateway: the `NAME` of its class (default eg)")
	fs.StringVar(&t.config.HeaderPrefix, "header-prefix", "", "what identity headers begin with, as EASYAUTH_HEADER_`PREFIX` (default x-injected-)")
	fs.StringVar(&t.config.Class, "class", "", "leave out Ingresses of other classes than `NAME`")
	t.source.declareController(fs)
	return t.run
}

// targetNames are all that --to may be.
func targetNames() string {
	names := translate.Targets()
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func (t *ingressTranslate) run(ctx context.Context, files []string, env environment) int {
	fail := func(err error) int {
		say(env.stderr, "easyauth ingress translate: nothing is written.\n%v\nHow it is used: easyauth ingress translate --help\n", err)
		return exitUsage
	}
	if t.config.To == "" {
		return fail(errors.New("--to is missing; it is " + targetNames()))
	}
	if err := t.config.Check(); err != nil {
		return fail(err)
	}
	if len(files) == 0 {
		return fail(errors.New("a FILE is missing; - is standard input"))
	}
	m, err := t.source.read(ctx, files, env)
	if err != nil {
		return fail(err)
	}
	result, err := translate.Translate(m, t.config)
	if err != nil {
		return fail(err)
	}
	out, err := t.open(env, result)
	if err != nil {
		return fail(err)
	}
	if err := t.tell(env, taken(m)+reportOf(result), out); err != nil {
		return fail(errors.Join(err, out.discard()))
	}
	if err := out.write(result.Text); err != nil {
		say(env.stderr, "easyauth ingress translate: the report is complete, the configuration is not: use nothing of it.\n%v\n", errors.Join(err, out.discard()))
		return exitUsage
	}
	if result.Refused > 0 {
		return exitFailed
	}
	return exitOK
}

// open gives what the text goes to, before a report says that it is written.
func (t *ingressTranslate) open(env environment, result translate.Result) (translated, error) {
	if t.out == "" {
		return translated{stdout: env.stdout}, nil
	}
	if info, err := os.Stat(t.out); err != nil {
		return translated{}, err
	} else if !info.IsDir() {
		return translated{}, fmt.Errorf("%s is no folder", t.out)
	}
	if result.Text == "" {
		return translated{stdout: io.Discard}, nil
	}
	// A file that is there is one of an earlier run, and must not be taken for this one's.
	f, err := os.OpenFile(filepath.Join(t.out, result.File), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // what the person asks for; no secret is in it
	return translated{file: f}, err
}

// tell gives the report before the text: whoever pipes the manifests on has seen it, or could not.
func (t *ingressTranslate) tell(env environment, text string, out translated) error {
	if t.report == "" {
		say(env.stderr, "%s", text)
		return nil
	}
	if info, err := os.Stat(t.report); err == nil && out.is(info) {
		return fmt.Errorf("%s is where the configuration goes: write the report elsewhere", t.report)
	}
	return os.WriteFile(t.report, []byte(text), 0o644) //nolint:gosec // names and lines of what the person gave, to be read
}

// translated is what the text goes to: a file, or else a stream.
type translated struct {
	file   *os.File
	stdout io.Writer
}

func (o translated) write(text string) error {
	if o.file == nil {
		_, err := io.WriteString(o.stdout, text)
		return err
	}
	_, err := o.file.WriteString(text)
	return errors.Join(err, o.file.Close())
}

// is reports whether a file is the one that is written.
func (o translated) is(other os.FileInfo) bool {
	if o.file == nil {
		return false
	}
	own, err := o.file.Stat()
	return err != nil || os.SameFile(own, other)
}

// discard takes away a file that is not whole.
func (o translated) discard() error {
	if o.file == nil {
		return nil
	}
	_ = o.file.Close() // after a failure it may be closed
	return os.Remove(o.file.Name())
}

func reportOf(result translate.Result) string {
	var b strings.Builder
	for _, n := range result.Notes {
		fmt.Fprintln(&b, n)
	}
	fmt.Fprintf(&b, "%d Ingress objects: %d written, %d refused", result.Written+result.Refused+result.LeftOut, result.Written, result.Refused)
	if result.LeftOut > 0 {
		fmt.Fprintf(&b, ", %d left out", result.LeftOut)
	}
	b.WriteString("\n")
	return b.String()
}
