package matrix

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver"
)

const controllersPage = "docs/proxies/nginx.md"

// object is what the page's objects of Kubernetes may hold: no field beside these.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace string
		Annotations     map[string]string
	}
	Data map[string]string
	Spec struct {
		IngressClassName string `yaml:"ingressClassName"`
		Rules            []struct {
			Host string
			HTTP struct {
				Paths []struct {
					Path     string
					PathType string `yaml:"pathType"`
					Backend  struct {
						Service struct {
							Name string
							Port struct{ Number int }
						}
					}
				}
			}
		}
		TLS []struct {
			Hosts      []string
			SecretName string `yaml:"secretName"`
		}
	}
}

func readObject(t *testing.T, n int, apiVersion, kind string) object {
	t.Helper()
	all := readObjects(t, n, apiVersion, kind)
	if len(all) != 1 {
		t.Fatalf("block %d has %d objects", n, len(all))
	}
	return all[0]
}

func readObjects(t *testing.T, n int, apiVersion, kind string) (all []object) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(Block(t, controllersPage, "yaml", n)))
	d.KnownFields(true)
	for {
		var o object
		switch err := d.Decode(&o); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		case o.APIVersion != apiVersion || o.Kind != kind:
			t.Fatalf("%s %s, want %s %s", o.APIVersion, o.Kind, apiVersion, kind)
		}
		all = append(all, o)
	}
}

// The ConfigMap for ingress-nginx clears what the files of plain nginx clear.
func TestClearedHeaders(t *testing.T) {
	cleared := readObject(t, 1, "v1", "ConfigMap").Data
	for line := range strings.Lines(Block(t, nginxPage, "nginx", 4)) {
		words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), ";"))
		if len(words) != 3 || words[0] != "proxy_set_header" || words[2] != `""` || strings.HasPrefix(words[1], "X-Injected-") || words[1] == "X-Forwarded-Port" { // which it writes itself
			continue
		}
		if value, is := cleared[words[1]]; !is || value != "" {
			t.Errorf("%s is not cleared", words[1])
		}
		delete(cleared, words[1])
	}
	if len(cleared) > 0 {
		t.Errorf("more than in plain nginx: %v", cleared)
	}
}

// The ConfigMap with the secret has the header that EasyAuth reads, and lies where the annotation looks for it.
func TestSecretOfIngressNginx(t *testing.T) {
	o := readObject(t, 3, "v1", "ConfigMap")
	for name, value := range o.Data {
		if http.CanonicalHeaderKey(name) != authserver.ProxySecretHeader || value == "" {
			t.Errorf("%s: %s", name, value)
		}
	}
	text, err := os.ReadFile(filepath.Join(root(), controllersPage))
	if err != nil {
		t.Fatal(err)
	}
	if want := "nginx.ingress.kubernetes.io/auth-proxy-set-headers: " + o.Metadata.Namespace + "/" + o.Metadata.Name; !strings.Contains(string(text), want) {
		t.Errorf("the annotation does not name %s/%s", o.Metadata.Namespace, o.Metadata.Name)
	}
}
