package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/docs/standin"
)

const quickstart = "docs/quickstart-aks.md"

// alternatives are the headings of the quickstart of which a reader follows one.
func alternatives() []string {
	return []string{"### With workload identity", "### With a client secret"}
}

// script is what a reader pastes who follows this alternative: the shell blocks of the page in their order.
func script(page, follows string) string {
	var b strings.Builder
	for _, part := range regexp.MustCompile(`(?m)^##+ .*$`).FindAllStringIndex(page, -1) {
		heading := page[part[0]:part[1]]
		rest := page[part[1]:]
		if next := regexp.MustCompile(`(?m)^##+ .*$`).FindStringIndex(withoutCode(rest)); next != nil {
			rest = rest[:next[0]]
		}
		skipped := slices.Contains(alternatives(), heading) && heading != follows
		for _, block := range parse("", rest).fence {
			if block.language == "sh" && !skipped {
				fmt.Fprintf(&b, "# %s\n%s\n", heading, block.text)
			}
		}
	}
	return b.String()
}

// withoutCode blanks fenced blocks, so that positions stay.
func withoutCode(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllStringFunc(text, func(block string) string {
		return strings.Repeat(" ", len(block))
	})
}

// trial is what became of the page: the calls it made, and what its chart renders.
type trial struct {
	calls    []standin.Call
	rendered string
	output   string
}

// follow runs the page with stand-ins for all that is not here.
func follow(t *testing.T, text string) (trial, error) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	helm := filepath.Join(cache, "easyauth", "helm-v3.22.0")
	if _, err := os.Stat(helm); err != nil {
		t.Fatalf("helm is not there, test/tools/install-dependencies makes it: %v", err)
	}
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	programs, out, work := t.TempDir(), t.TempDir(), t.TempDir()
	for _, name := range standin.Names() {
		if err := os.Symlink(standins, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	calls := filepath.Join(out, "calls")
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-o", "pipefail", "-c", text)
	cmd.Dir = work
	cmd.Env = []string{
		"PATH=" + programs + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + work,
		standin.EnvCalls + "=" + calls, standin.EnvHelm + "=" + helm, standin.EnvRoot + "=" + repository, standin.EnvOut + "=" + out,
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	failed := cmd.Run()
	tr := trial{output: output.String()}
	recorded, err := os.ReadFile(calls)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range bytes.Lines(recorded) {
		var c standin.Call
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		tr.calls = append(tr.calls, c)
	}
	rendered, err := os.ReadFile(filepath.Join(out, "rendered.yaml"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	tr.rendered = string(rendered)
	if failed != nil {
		return tr, fmt.Errorf("%w\n%s", failed, tr.output)
	}
	return tr, nil
}

func TestQuickstart(t *testing.T) {
	text := page(t, quickstart).text
	for _, way := range alternatives() {
		t.Run(strings.TrimPrefix(way, "### "), func(t *testing.T) {
			t.Parallel()
			shell := script(text, way)
			if n := strings.Count(shell, "\n# #"); n < 10 {
				t.Fatalf("%d blocks: too few", n)
			}
			tr, err := follow(t, shell)
			if err != nil {
				t.Fatal(err)
			}
			checkTrial(t, tr, way)
		})
	}
}

// What is wrong on the page fails: each row changes one thing of it.
func TestQuickstartFails(t *testing.T) {
	text := page(t, quickstart).text
	secret := alternatives()[1]
	tests := []struct{ name, old, by, want string }{
		{"a value that there is not", "\nclientId: ", "\nclientID: ", "clientID"},
		{"a value that is empty", "clientId: $CLIENT_ID", "clientId: ''", "clientId"},
		{"a file of values that there is not", "--values credential.yaml", "--values credentials.yaml", "credentials.yaml"},
		{"a variable that is not set", "--id \"$CLIENT_ID\" --append", "--id \"$CLIENT\" --append", "CLIENT"},
		{"a command of az that there is not", "az ad app credential reset", "az ad app credential renew", "there is no such command"},
		{"a flag of az that there is not", "--web-redirect-uris", "--redirect-uris", "there is no --redirect-uris"},
		{"a flag of az without a value", "--display-name easyauth --years 1", "--display-name --years 1", "--display-name has no value"},
		{"a query that finds nothing", "--query appId", "--query clientId", "the query clientId finds nothing"},
		{"a command of kubectl that there is not", "kubectl --namespace app annotate", "kubectl --namespace app annotation", "there is no such command"},
		{"a file that was not made", "--cert=tls.crt", "--cert=cert.pem", "cert.pem"},
		{"a command of docker that there is not", "docker push", "docker pushes", "there is no such command"},
		{"an image without a name", "IMAGE=$REGISTRY.azurecr.io/easyauth", "IMAGE=easyauth", "an image"},
		{"a quote without its end", "echo \"$CLIENT_ID\"", "echo \"$CLIENT_ID", "unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(text, tt.old) {
				t.Fatalf("the page has no %q", tt.old)
			}
			_, err := follow(t, script(strings.Replace(text, tt.old, tt.by, 1), secret))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// Each block by itself is whole, also one that only one of the ways has.
func TestQuickstartBlocks(t *testing.T) {
	blocks := page(t, quickstart).fence
	shell := 0
	for _, b := range blocks {
		if b.language != "sh" {
			continue
		}
		shell++
		cmd := exec.CommandContext(t.Context(), "bash", "-n")
		cmd.Stdin = strings.NewReader(b.text)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s:%d: %v: %s", quickstart, b.line, err, output)
		}
	}
	if shell < 14 {
		t.Errorf("%d blocks: too few", shell)
	}
}
