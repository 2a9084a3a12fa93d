package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// What Azure would have answered.
const (
	TenantID    = "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11"
	ClientID    = "7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f"
	Secret      = "a~Secret-of_the.Page"
	Issuer      = "https://westeurope.oic.prod-aks.azure.com/2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11/0d1f3c5e-5a6b-4c7d-8e9f-0a1b2c3d4e5f/"
	ofTheGroup  = "--resource-group --name"
	everyOutput = "--query --output"
)

// azCommands are the sub-commands that pages use, with the flags that the real ones have.
func azCommands() map[string]command {
	type object = map[string]any
	return map[string]command{
		"version":      {may: everyOutput, answers: object{"azure-cli": "2.80.0"}},
		"account show": {may: everyOutput, answers: object{"id": "11111111-0000-4000-8000-000000000001", "tenantId": TenantID, "name": "Trial"}},
		"group create": {needs: "--name --location", may: everyOutput, answers: object{"name": "easyauth-trial"}},
		"group delete": {needs: "--name", may: everyOutput + " --yes --no-wait", alone: "--yes --no-wait"},
		"acr create":   {needs: ofTheGroup + " --sku", may: everyOutput, answers: object{"loginServer": "contosotrial.azurecr.io"}},
		"acr login":    {needs: "--name", may: everyOutput},
		"aks create": {
			needs: ofTheGroup, may: everyOutput + " --node-count --generate-ssh-keys --node-vm-size", alone: "--generate-ssh-keys", answers: object{"location": "westeurope"},
		},
		"aks show": {needs: ofTheGroup, may: everyOutput, answers: object{"location": "westeurope", "oidcIssuerProfile": object{"enabled": true, "issuerUrl": Issuer}}},
		"aks update": {
			needs: ofTheGroup, may: everyOutput + " --attach-acr --enable-oidc-issuer --enable-workload-identity",
			alone: "--enable-oidc-issuer --enable-workload-identity", answers: object{"location": "westeurope"},
		},
		"aks get-credentials": {needs: ofTheGroup, may: everyOutput + " --overwrite-existing", alone: "--overwrite-existing"},
		"ad app create": {
			needs: "--display-name --sign-in-audience --web-redirect-uris", may: everyOutput, lists: "--web-redirect-uris",
			answers: object{"appId": ClientID, "id": "33333333-0000-4000-8000-000000000003", "displayName": "trial"},
		},
		"ad app delete": {needs: "--id", may: everyOutput},
		"ad app credential reset": {
			needs: "--id --append --display-name --years", may: everyOutput, alone: "--append",
			answers: object{"appId": ClientID, "password": Secret, "tenant": TenantID},
		},
		"ad app federated-credential create": {needs: "--id --parameters", may: everyOutput, answers: object{"name": "easyauth"}},
		"ad sp create":                       {needs: "--id", may: everyOutput, answers: object{"appId": ClientID}},
	}
}

func az(c *Call, out io.Writer) error {
	commands := azCommands()
	name, rest, err := find(commands, c.Args)
	if err != nil {
		return err
	}
	p, err := commands[name].parse(rest)
	if err != nil {
		return err
	}
	if file, is := strings.CutPrefix(p.flag("--parameters"), "@"); is {
		if c.Input, err = jsonFile(file); err != nil {
			return err
		}
	}
	return printed(commands[name].answers, p, out)
}

func jsonFile(name string) (string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if !json.Valid(text) {
		return "", fmt.Errorf("%s is no JSON: %s", name, text)
	}
	return string(text), nil
}

// printed writes an answer as az does: whole as JSON, or what a query of names with dots selects; tsv is bare.
func printed(answer any, p parsed, out io.Writer) error {
	query, output := p.flag("--query"), p.flag("--output")
	if query != "" {
		for name := range strings.SplitSeq(query, ".") {
			members, is := answer.(map[string]any)
			if !is || members[name] == nil {
				return fmt.Errorf("the query %s finds nothing", query)
			}
			answer = members[name]
		}
	}
	switch output {
	case "none":
		return nil
	case "tsv":
		text, is := answer.(string)
		if !is {
			return errors.New("tsv of what is no text")
		}
		_, err := fmt.Fprintln(out, text)
		return err
	case "":
		if answer == nil {
			return nil
		}
		return json.NewEncoder(out).Encode(answer)
	}
	return fmt.Errorf("--output %s", output)
}

func docker(c *Call, out io.Writer) error {
	commands := map[string]command{
		"version": {may: "--format"},
		"build":   {needs: "--platform --tag", may: "--build-arg", lists: "--build-arg", atMost: 1},
		"push":    {others: 1},
	}
	name, rest, err := find(commands, c.Args)
	if err != nil {
		return err
	}
	// The folder stands behind the last flag: --build-arg takes one value each time.
	folder := ""
	if name == "build" {
		folder, rest = rest[len(rest)-1], rest[:len(rest)-1]
	}
	p, err := commands[name].parse(rest)
	if err != nil {
		return err
	}
	image := regexp.MustCompile(`^[a-z0-9]+\.azurecr\.io/[a-z0-9/-]+:[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	switch name {
	case "build":
		if _, err := os.Stat(filepath.Join(folder, "Dockerfile")); err != nil || !image.MatchString(p.flag("--tag")) {
			return fmt.Errorf("an image %q of %s: %w", p.flag("--tag"), folder, err)
		}
	case "push":
		if !image.MatchString(p.others[0]) {
			return fmt.Errorf("an image %q", p.others[0])
		}
		_, err = fmt.Fprintf(out, "%s: digest: sha256:%064d size: 1234\n", path.Base(p.others[0]), 1)
	}
	return err
}

// git clones this repository, wherever it is told to find it; the rest it does itself.
func git(c *Call, out io.Writer) error {
	switch {
	case len(c.Args) == 2 && c.Args[0] == "clone" && c.Args[1] == "https://github.com/easyauth-sidecar/easyauth.git":
		return os.Symlink(os.Getenv(EnvRoot), "easyauth")
	case len(c.Args) == 5 && c.Args[0] == "-C" && strings.Join(c.Args[2:], " ") == "describe --tags --always":
		if _, err := os.Stat(filepath.Join(c.Args[1], "go.mod")); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, "v0.1.0")
		return err
	}
	return errors.New("there is no such command")
}
