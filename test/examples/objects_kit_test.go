package examples

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	stream "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// kinds is every kind of object that an example holds.
func kinds() map[string]func() any {
	return map[string]func() any{
		"apps/v1 Deployment":                              func() any { return &apps.Deployment{} },
		"v1 Namespace":                                    func() any { return &core.Namespace{} },
		"v1 Service":                                      func() any { return &core.Service{} },
		"v1 ServiceAccount":                               func() any { return &core.ServiceAccount{} },
		"networking.k8s.io/v1 Ingress":                    func() any { return &networking.Ingress{} },
		"networking.k8s.io/v1 NetworkPolicy":              func() any { return &networking.NetworkPolicy{} },
		"policy/v1 PodDisruptionBudget":                   func() any { return &policy.PodDisruptionBudget{} },
		"rbac.authorization.k8s.io/v1 ClusterRole":        func() any { return &rbac.ClusterRole{} },
		"rbac.authorization.k8s.io/v1 ClusterRoleBinding": func() any { return &rbac.ClusterRoleBinding{} },
	}
}

// decode reads the objects of a file. Members that Kubernetes does not know, and ones that stand there twice, are
// errors.
func decode(text string) ([]any, error) {
	var objects []any
	documents := stream.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		var what struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(document, &what); err != nil {
			return nil, err
		}
		makes := kinds()[what.APIVersion+" "+what.Kind]
		if makes == nil {
			return nil, errors.New("not a kind that examples hold: " + what.APIVersion + " " + what.Kind + "\n" + string(bytes.TrimSpace(document)))
		}
		object := makes()
		text, err := yaml.YAMLToJSONStrict(document) // names that stand there twice
		if err != nil {
			return nil, err
		}
		faults, err := json.UnmarshalStrict(text, object) // as the API server reads it: the case of a name counts
		if err := errors.Join(append(faults, err)...); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
}

// objects decodes a file below examples.
func objects(t *testing.T, name string) []any {
	t.Helper()
	list, err := decode(read(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

// of returns the objects of one kind.
func of[T any](objects []any) []*T {
	var list []*T
	for _, o := range objects {
		if one, is := o.(*T); is {
			list = append(list, one)
		}
	}
	return list
}

// manifests are the files of objects below examples.
func manifests(t *testing.T) []string {
	t.Helper()
	var names []string
	tree := os.DirFS(filepath.Join(root, "examples"))
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)) && !strings.HasPrefix(entry.Name(), "docker-compose") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
