package chart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// cluster is as much of a Kubernetes API server as Helm asks: it keeps objects, finds them by name and label, merges
// patches, and runs nothing.
type cluster struct {
	server *httptest.Server

	mu      sync.Mutex
	objects map[string]map[string]any // by the path of the object
	writes  []string                  // method and path of what changed something
}

// newCluster starts a cluster with these namespaces, each with the service account that Kubernetes gives it.
func newCluster(t *testing.T, namespaces ...string) *cluster {
	t.Helper()
	c := &cluster{objects: map[string]map[string]any{}}
	for _, name := range append(namespaces, "default") {
		c.objects["/api/v1/namespaces/"+name] = map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}
		c.objects["/api/v1/namespaces/"+name+"/serviceaccounts/default"] = map[string]any{
			"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": "default", "namespace": name},
		}
	}
	c.server = httptest.NewServer(c)
	t.Cleanup(c.server.Close)
	return c
}

// helm runs Helm against the cluster.
func (c *cluster) helm(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: %q}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {}}]\n", c.server.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return helm(t, append([]string{"--kubeconfig", file}, args...)...)
}

// must is helm for what has to succeed.
func (c *cluster) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, err := c.helm(t, args...)
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return stdout
}

// get returns an object, or nil.
func (c *cluster) get(path string) map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.objects[path]
}

// put writes an object past Helm, as an administrator does.
func (c *cluster) put(path string, object map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.objects[path] = object
}

// changed returns what wrote to a path since the start.
func (c *cluster) changed(path string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.writes), func(w string) bool { return !strings.HasSuffix(w, " "+path) })
}

// ServeHTTP implements http.Handler.
func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := discovery(r.URL.Path); found != nil {
		answer(w, http.StatusOK, found)
		return
	}
	path := r.URL.Path
	if path == "/openapi/v2" {
		return // no kinds are described, so none is checked: TestObjectsDecode does that
	}
	if !strings.HasPrefix(path, "/api/v1/") && strings.Count(path, "/") < 4 {
		answer(w, http.StatusNotFound, status(http.StatusNotFound, "NotFound"))
		return
	}
	var body map[string]any
	if r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		var err error
		if body, err = decode(r.Body); err != nil {
			answer(w, http.StatusBadRequest, status(http.StatusBadRequest, err.Error()))
			return
		}
	}
	if r.Method == http.MethodPost {
		path += "/" + nameOf(body)
	}
	object, known := c.objects[path]
	_, _, single := split(path)
	switch {
	case r.Method == http.MethodGet && !single:
		answer(w, http.StatusOK, c.list(path, r.URL.Query().Get("labelSelector")))
		return
	case r.Method == http.MethodPost && known:
		answer(w, http.StatusConflict, status(http.StatusConflict, "AlreadyExists"))
		return
	case r.Method != http.MethodPost && !known:
		answer(w, http.StatusNotFound, status(http.StatusNotFound, "NotFound"))
		return
	case r.Method == http.MethodGet:
		answer(w, http.StatusOK, object)
		return
	}
	c.writes = append(c.writes, r.Method+" "+path)
	switch r.Method {
	case http.MethodDelete:
		delete(c.objects, path)
		answer(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
		return
	case http.MethodPatch:
		body = merge(object, body)
	}
	c.objects[path] = body
	answer(w, http.StatusOK, body)
}

// decode reads an object: JSON, or, for the records of releases, the encoding of Kubernetes' own clients.
func decode(body io.Reader) (map[string]any, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if encoded, ok := bytes.CutPrefix(text, []byte("k8s\x00")); ok {
		var unknown runtime.Unknown
		var secret core.Secret
		if err := errors.Join(unknown.Unmarshal(encoded), secret.Unmarshal(unknown.Raw)); err != nil || unknown.Kind != "Secret" {
			return nil, fmt.Errorf("decode a %s: %w", unknown.Kind, err)
		}
		secret.APIVersion, secret.Kind = unknown.APIVersion, unknown.Kind
		if text, err = json.Marshal(secret); err != nil {
			return nil, err
		}
	}
	var object map[string]any
	err = json.Unmarshal(text, &object)
	return object, err
}

// split returns the collection that a path is in, the group and version, and whether it is that of one object.
func split(path string) (collection, version string, single bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	head := 2 // api/v1
	if parts[0] == "apis" {
		head = 3
	}
	version = strings.Join(parts[1:head], "/")
	rest := parts[head:]
	if len(rest) > 2 && rest[0] == "namespaces" {
		rest = rest[2:]
	}
	return strings.TrimSuffix(path, "/"+rest[len(rest)-1]), version, len(rest) == 2
}

func (c *cluster) list(path, selector string) map[string]any {
	_, version, _ := split(path)
	kind := resources()[version][path[strings.LastIndex(path, "/")+1:]]
	items := []any{}
	for _, name := range slices.Sorted(maps.Keys(c.objects)) {
		collection, _, _ := split(name)
		if collection == path && labelled(c.objects[name], selector) {
			items = append(items, c.objects[name])
		}
	}
	return map[string]any{"apiVersion": version, "kind": kind + "List", "items": items, "metadata": map[string]any{}}
}

func labelled(object map[string]any, selector string) bool {
	metadata, _ := object["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	for part := range strings.SplitSeq(selector, ",") {
		if name, value, found := strings.Cut(part, "="); found && labels[name] != value {
			return false
		}
	}
	return true
}

func nameOf(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

// merge is a JSON merge patch. Kubernetes merges lists of some kinds by their entries; here the patch's counts.
func merge(object, patch map[string]any) map[string]any {
	result := maps.Clone(object)
	for name, value := range patch {
		inner, isMap := value.(map[string]any)
		old, wasMap := result[name].(map[string]any)
		switch {
		case strings.HasPrefix(name, "$"): // directives about lists
		case value == nil:
			delete(result, name)
		case isMap && wasMap:
			result[name] = merge(old, inner)
		default:
			result[name] = value
		}
	}
	return result
}

func status(code int, reason string) map[string]any {
	return map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason}
}

func answer(w http.ResponseWriter, code int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
