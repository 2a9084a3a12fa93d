package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const translateShop = "../../ingress/translate/testdata/shop.yaml"

// translates runs the command with a standard input.
func translates(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, report bytes.Buffer
	code = run(t.Context(), append([]string{"ingress", "translate"}, args...), environment{stdin: strings.NewReader(stdin), stdout: &out, stderr: &report})
	return code, out.String(), report.String()
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestIngressTranslate(t *testing.T) {
	for to, file := range map[string]string{
		"traefik": "shop.traefik.yaml", "envoy-gateway": "shop.envoy-gateway.yaml", "haproxy": "shop.haproxy.cfg", "caddy": "shop.Caddyfile", "inline": "shop.inline.yaml",
	} {
		t.Run(to, func(t *testing.T) {
			want := fileText(t, "../../ingress/translate/testdata/"+file)
			code, stdout, report := translates(t, "", "--to", to, translateShop)
			if code != exitOK || stdout != want || !strings.HasSuffix(report, "\n4 Ingress objects: 4 written, 0 refused\n") || !strings.Contains(report, translateShop+":11: shop/app: ") {
				t.Errorf("%d\n%s\n%s", code, stdout, report)
			}
			code, stdout, report = translates(t, fileText(t, translateShop), "--to", to, "-")
			if code != exitOK || stdout != want || !strings.Contains(report, "stdin:11: shop/app: ") {
				t.Errorf("standard input: %d\n%s\n%s", code, stdout, report)
			}
			dir := t.TempDir()
			told := filepath.Join(dir, "report")
			code, stdout, report = translates(t, "", "--to", to, "--out", dir, "--report", told, translateShop)
			if code != exitOK || stdout != "" || report != "" || !strings.Contains(fileText(t, told), "4 written") {
				t.Errorf("files: %d\n%s\n%s", code, stdout, report)
			}
			files, err := filepath.Glob(dir + "/*")
			if err != nil || len(files) != 2 {
				t.Fatal(files, err)
			}
			for _, path := range files {
				if path != told && fileText(t, path) != want {
					t.Errorf("%s differs", path)
				}
			}
			if code, _, report = translates(t, "", "--to", to, "--out", dir, translateShop); code != exitUsage || !strings.Contains(report, "exists") {
				t.Errorf("over an earlier one: %d\n%s", code, report)
			}
		})
	}
}

// An Ingress that is refused does not stop those of other hosts, but the exit status tells.
func TestIngressTranslateRefuses(t *testing.T) {
	code, stdout, report := translates(t, "", "--to", "caddy", "../../ingress/translate/testdata/refused.yaml")
	if code != exitFailed || !strings.Contains(stdout, "blog.example.com") || strings.Contains(stdout, "wiki.example.com") ||
		!strings.Contains(report, "refused.yaml:35: team/wiki-admin: refused: nginx.ingress.kubernetes.io/use-regex: ") || !strings.HasSuffix(report, "4 Ingress objects: 1 written, 3 refused\n") {
		t.Errorf("%d\n%s\n%s", code, stdout, report)
	}
	all := strings.Replace(fileText(t, translateShop), "    nginx.ingress.kubernetes.io/proxy-body-size:", "    nginx.ingress.kubernetes.io/configuration-snippet:", 1)
	dir := t.TempDir()
	code, stdout, report = translates(t, all, "--to", "caddy", "--out", dir, "-")
	if files, err := filepath.Glob(dir + "/*"); code != exitFailed || stdout != "" || err != nil || len(files) != 0 || !strings.HasSuffix(report, "0 written, 4 refused\n") {
		t.Errorf("%d\n%s\n%s%v %v", code, stdout, report, files, err)
	}
}

// What cannot be read might hold the stricter path: nothing is written.
func TestIngressTranslateNeedsAll(t *testing.T) {
	broken := file(t, "broken.yaml", "kind: [")
	for name, args := range map[string][]string{
		"no target":                  {translateShop},
		"another target":             {"--to", "nginx", translateShop},
		"no file":                    {"--to", "caddy"},
		"a file that is not there":   {"--to", "caddy", translateShop, "/nowhere.yaml"},
		"a file that is broken":      {"--to", "caddy", translateShop, broken},
		"no Ingress":                 {"--to", "caddy", file(t, "empty.yaml", "kind: Service\napiVersion: v1\n")},
		"nothing at all":             {"--to", "caddy", "-"},
		"a bad gateway":              {"--to", "envoy-gateway", "--gateway", "x", translateShop},
		"a gateway for another":      {"--to", "caddy", "--gateway", "infra/edge", translateShop},
		"a class for another":        {"--to", "traefik", "--gateway-class", "eg", translateShop},
		"a folder that is not there": {"--to", "caddy", "--out", "/nowhere", translateShop},
		"a folder that is a file":    {"--to", "caddy", "--out", broken, translateShop},
		"a report that cannot be":    {"--to", "caddy", "--report", "/nowhere/report", translateShop},
		"an unknown flag":            {"--to", "caddy", "--force", translateShop},
	} {
		if code, stdout, report := translates(t, "", args...); code != exitUsage || stdout != "" || strings.Contains(report, " written, ") || !strings.Contains(report, "ingress translate") {
			t.Errorf("%s: %d\n%s\n%s", name, code, stdout, report)
		}
	}
}

// Flags are judged before anything is read.
func TestIngressTranslateJudgesFlagsFirst(t *testing.T) {
	const missing = "/nowhere.yaml"
	for name, c := range map[string]struct {
		args []string
		why  string
	}{
		"another target":        {[]string{"--to", "nginx"}, `"nginx" is no target`},
		"a gateway for another": {[]string{"--to", "caddy", "--gateway", "infra/edge"}, "for envoy-gateway alone: no Gateway is written for caddy"},
		"a class for another":   {[]string{"--to", "inline", "--gateway-class", "eg"}, "for envoy-gateway alone: no Gateway is written for inline"},
		"a bad gateway":         {[]string{"--to", "envoy-gateway", "--gateway", "x"}, "NAMESPACE/NAME"},
		"none is wrong":         {[]string{"--to", "envoy-gateway", "--gateway", "infra/edge", "--gateway-class", "eg"}, missing},
	} {
		if code, _, report := translates(t, "", append(c.args, missing)...); code != exitUsage || !strings.Contains(report, c.why) || c.why != missing && strings.Contains(report, missing) {
			t.Errorf("%s: %d\n%s", name, code, report)
		}
	}
	if code, stdout, report := translates(t, "", "--to", "envoy-gateway", "--gateway", "infra/edge", "--gateway-class", "own", translateShop); code != exitOK || !strings.Contains(stdout, "gatewayClassName: own\n") {
		t.Errorf("%d\n%s\n%s", code, stdout, report)
	}
	const sentence = "the NAME of the new proxy: traefik, envoy-gateway, haproxy, caddy or inline\n"
	if _, stdout, _ := translates(t, "", "--help"); !strings.Contains(stdout, sentence) {
		t.Error(stdout)
	}
}

// Of a cluster with two controllers one is translated, and the report names what is left out.
func TestIngressTranslateOneClass(t *testing.T) {
	inside := strings.Replace(fileText(t, translateShop), "ingressClassName: nginx\n", "ingressClassName: inside\n", 1)
	code, stdout, report := translates(t, inside, "--to", "caddy", "-")
	if code != exitFailed || stdout != "" || !strings.HasSuffix(report, "\n4 Ingress objects: 0 written, 4 refused\n") {
		t.Errorf("two classes: %d\n%s\n%s", code, stdout, report)
	}
	code, stdout, report = translates(t, inside, "--to", "caddy", "--class", "nginx", "-")
	if code != exitOK || !strings.Contains(stdout, "/admin") || !strings.Contains(report, "stdin:2: shop/app: left out: its class is \"inside\"\n") ||
		!strings.HasSuffix(report, "\n4 Ingress objects: 3 written, 0 refused, 1 left out\n") {
		t.Errorf("one class: %d\n%s\n%s", code, stdout, report)
	}
	if code, stdout, report = translates(t, inside, "--to", "caddy", "--class", "ngnix", "-"); code != exitUsage || stdout != "" || !strings.Contains(report, `no Ingress is of the class "ngnix"`) {
		t.Errorf("no such class: %d\n%s\n%s", code, stdout, report)
	}
}

// The settings of ingress-nginx are those of the ConfigMap that is named, or of the one that looks so.
func TestIngressTranslateController(t *testing.T) {
	const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: edge, namespace: infra}\ndata: {block-cidrs: 192.0.2.0/24}\n---\n" +
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: web}\n---\n"
	for controller, want := range map[string]int{"infra/edge": exitFailed, "web/ingress-nginx-controller": exitOK, "": exitOK, "infra/none": exitUsage} {
		code, stdout, report := translates(t, settings+fileText(t, translateShop), "--to", "caddy", "--controller", controller, "-")
		if code != want || (stdout != "") != (want == exitOK) || want == exitFailed && !strings.Contains(report, "the controller has block-cidrs (stdin:4): ") ||
			want == exitOK && !strings.HasPrefix(report, "Settings of the controller: ConfigMap web/ingress-nginx-controller\n") {
			t.Errorf("%q: %d\n%s", controller, code, report)
		}
	}
}

// full is a stream that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

// No report says "written" of a configuration that is not, and no part of one stays behind.
func TestIngressTranslateCannotWrite(t *testing.T) {
	dir := t.TempDir()
	told := filepath.Join(dir, "report")
	for name, args := range map[string][]string{
		"no folder":                      {"--out", filepath.Join(dir, "missing"), "--report", told},
		"no folder for the report":       {"--out", dir, "--report", filepath.Join(dir, "missing", "report")},
		"both are one":                   {"--out", dir, "--report", filepath.Join(dir, "Caddyfile")},
		"both are one in other words":    {"--out", dir, "--report", dir + "/./../" + filepath.Base(dir) + "/Caddyfile"},
		"no folder, nothing to write":    {"--out", filepath.Join(dir, "missing"), "--report", told, "--header-prefix", "x-who-"},
		"a report where the folder is":   {"--out", dir, "--report", dir},
		"no folder, the report is shown": {"--out", filepath.Join(dir, "missing")},
	} {
		to := "caddy"
		if strings.Contains(name, "nothing to write") {
			to = "haproxy" // which refuses all with another prefix
		}
		code, stdout, report := translates(t, "", append(append([]string{"--to", to}, args...), translateShop)...)
		if files, err := filepath.Glob(dir + "/*"); code != exitUsage || stdout != "" || strings.Contains(report, " written, ") || !strings.Contains(report, "nothing is written") || err != nil || len(files) != 0 {
			t.Errorf("%s: %d %v %v\n%s\n%s", name, code, files, err, stdout, report)
		}
	}
	if code, _, report := translates(t, "", "--to", "caddy", "--out", dir, "--report", told, translateShop); code != exitOK || len(fileText(t, filepath.Join(dir, "Caddyfile"))) == 0 || !strings.Contains(fileText(t, told), "4 written") {
		t.Errorf("%d\n%s", code, report)
	}
	var report bytes.Buffer
	code := run(t.Context(), []string{"ingress", "translate", "--to", "caddy", translateShop}, environment{stdin: strings.NewReader(""), stdout: full{}, stderr: &report})
	if code != exitUsage || !strings.HasSuffix(report.String(), "the report is complete, the configuration is not: use nothing of it.\nno space\n") {
		t.Errorf("%d\n%s", code, report.String())
	}
}

// What is written for easyauth proxy is a configuration file that it takes.
func TestIngressTranslateInlineIsTaken(t *testing.T) {
	text := fileText(t, "../../ingress/translate/testdata/shop.inline.yaml")
	vars := func(text string) map[string]string {
		return with(t, map[string]string{"EASYAUTH_HOSTS": "app.example.com", "EASYAUTH_CONFIG_FILE": file(t, "easyauth.yaml", text)})
	}
	if code, stdout, stderr := execute(t, vars(text), "check-config"); code != exitOK {
		t.Errorf("%d\n%s\n%s", code, stdout, stderr)
	}
	for was, is := range map[string]string{"path: /admin": "paths: /admin", "host: app.example.com": "host: other.example.com", "role-any=": "role-all="} {
		if code, stdout, stderr := execute(t, vars(strings.Replace(text, was, is, 1)), "check-config"); code == exitOK {
			t.Errorf("%s was taken\n%s\n%s", is, stdout, stderr)
		}
	}
}
