package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func kubectlCommands() map[string]command {
	const namespace = "--namespace"
	return map[string]command{
		"version":          {may: "--client", alone: "--client"},
		"create namespace": {others: 1},
		"create secret generic": {
			needs: namespace, may: "--from-literal --from-file", lists: "--from-literal --from-file", others: 1,
		},
		"create secret tls": {needs: namespace + " --cert --key", others: 1},
		"apply":             {needs: "--filename", may: namespace},
		"annotate ingress":  {needs: namespace, may: "--overwrite", alone: "--overwrite", others: 2},
		"rollout status":    {needs: namespace + " --timeout", others: 1},
		"get nodes":         {},
		"get pods":          {needs: namespace, may: "--selector --output"},
		"get service":       {needs: namespace, others: 1},
		"get":               {needs: "--raw"},
		"exec":              {needs: namespace, others: 1},
		"delete namespace":  {others: 1, atMost: 3},
	}
}

func kubectl(c *Call, out io.Writer) error {
	args := slices.Clone(c.Args)
	// --namespace may stand before the command.
	if len(args) > 2 && args[0] == "--namespace" {
		args = append(args[2:], args[:2]...)
	}
	commands := kubectlCommands()
	name, rest, err := find(commands, args)
	if err != nil {
		return err
	}
	if name == "exec" { // the page's commands of our program are checked by themselves
		end := slices.Index(rest, "--")
		if end < 0 || len(rest) < end+2 || rest[end+1] != "/easyauth" {
			return errors.New("nothing of the image is run")
		}
		rest = append(rest[:end:end], args[len(args)-2:]...) // --namespace
	}
	p, err := commands[name].parse(rest)
	if err != nil {
		return err
	}
	switch name {
	case "create namespace":
		_, err = fmt.Fprintf(out, "namespace/%s created\n", p.others[0])
	case "create secret generic", "create secret tls":
		_, err = fmt.Fprintf(out, "secret/%s created\n", p.others[0])
		for _, flag := range []string{"--cert", "--key", "--from-file"} {
			for _, file := range p.flags[flag] {
				if _, missing := os.Stat(file[strings.Index(file, "=")+1:]); missing != nil {
					return missing
				}
			}
		}
	case "apply":
		var text []byte
		if text, err = os.ReadFile(p.flag("--filename")); err != nil {
			return err
		}
		c.Input = string(text)
	case "get pods":
		if p.flag("--output") == "jsonpath={.items[0].metadata.name}" {
			_, err = fmt.Fprint(out, "easyauth-6c9f7d5b8f-4xk2p")
		} else if p.flag("--output") != "" {
			return errors.New("an unknown output")
		}
	case "get":
		if p.flag("--raw") != "/api/v1/namespaces/easyauth/pods/easyauth-6c9f7d5b8f-4xk2p:9090/proxy/readyz" {
			return errors.New("nothing is there")
		}
		_, err = fmt.Fprintln(out, `{"status":"ready"}`)
	}
	return err
}

// helm renders our chart with the real program in place of installing it, so that a value that there is not,
// and one that cannot work, are errors.
func helm(c *Call, out io.Writer) error {
	namespace := "--namespace"
	commands := map[string]command{
		"version":    {may: "--short", alone: "--short"},
		"install":    {needs: namespace, may: "--values --set --set-string --wait --timeout --create-namespace", alone: "--wait --create-namespace", lists: "--values --set --set-string", others: 2},
		"upgrade":    {needs: namespace, may: "--install --repo --values --set --set-string --create-namespace --wait --timeout", alone: "--install --create-namespace --wait", lists: "--values --set --set-string", others: 2},
		"get values": {needs: namespace + " --output", others: 1},
		"test":       {needs: namespace, others: 1},
		"uninstall":  {needs: namespace, others: 1},
	}
	name, rest, err := find(commands, c.Args)
	if err != nil {
		return err
	}
	p, err := oneEach(commands[name], rest)
	if err == nil && name == "get values" {
		_, err = fmt.Fprint(out, oldValues)
		return err
	}
	if err != nil || name != "install" && name != "upgrade" {
		return err
	}
	if p.flag("--repo") != "" { // another's chart: nothing of it is here
		if u, err := url.Parse(p.flag("--repo")); err != nil || u.Scheme != "https" {
			return fmt.Errorf("a repository at %s", p.flag("--repo"))
		}
		return nil
	}
	render := func(words ...string) ([]byte, error) {
		cmd := exec.CommandContext(context.Background(), os.Getenv(EnvHelm), append(words, rest...)...) //nolint:gosec // the real helm
		cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+os.Getenv(EnvOut), "HELM_CONFIG_HOME="+os.Getenv(EnvOut), "HELM_DATA_HOME="+os.Getenv(EnvOut))
		cmd.Stderr = os.Stderr
		return cmd.Output()
	}
	rendered, err := render("template", "--kube-version", "v1.33.5") // that of the cluster in the page
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(os.Getenv(EnvOut), "rendered.yaml"), rendered, 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d bytes were rendered\n", len(rendered))
	return err
}

// oneEach parses flags of which a list has one value behind each of its names.
func oneEach(c command, args []string) (parsed, error) {
	joined := make([]string, 0, len(args))
	lists := strings.Fields(c.lists)
	for i := 0; i < len(args); i++ {
		if slices.Contains(lists, args[i]) && i+1 < len(args) {
			joined = append(joined, args[i]+"="+args[i+1])
			i++
			continue
		}
		joined = append(joined, args[i])
	}
	return c.parse(joined)
}

// curl answers as ingress-nginx does for a browser that is not signed in; 404 before there is an application.
func curl(c *Call, out io.Writer) error {
	p, err := command{
		needs: "--silent --show-error --insecure --output --write-out", alone: "--silent --show-error --insecure", others: 1,
	}.parse(c.Args)
	if err != nil {
		return err
	}
	u, err := url.Parse(p.others[0])
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("an address %q", p.others[0])
	}
	_, err = fmt.Fprintln(out, strings.NewReplacer("%{http_code}", "302", "%{redirect_url}", "https://"+u.Host+"/easyauth/login?rd="+u.String(), `\n`, "").Replace(p.flag("--write-out")))
	return err
}

// oldValues are what `helm get values` prints for an installation that followed the old instructions.
const oldValues = `appHostName: app.example.com
azureAd:
  clientId: ` + ClientID + `
  tenantId: ` + TenantID + `
easyAuthForK8s:
  allowBearerToken: "true"
secret:
  name: aad-secret
tlsSecretName: app-tls
`
