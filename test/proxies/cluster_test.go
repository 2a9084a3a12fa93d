package proxies

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// object is a Kubernetes object as JSON has it.
type object map[string]any

func (o object) text(path ...string) string {
	var value any = map[string]any(o)
	for _, name := range path {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	text, _ := value.(string)
	return text
}

// objects reads YAML documents.
func objects(t *testing.T, text string) []object {
	t.Helper()
	var found []object
	for in := yaml.NewDecoder(strings.NewReader(text)); ; {
		var o map[string]any
		err := in.Decode(&o)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, o)
	}
}

// plurals are the kinds that a cluster knows, as they are called in addresses.
func plurals() map[string]string {
	return map[string]string{
		"Service": "services", "Secret": "secrets", "EndpointSlice": "endpointslices", "Ingress": "ingresses", "IngressClass": "ingressclasses",
		"IngressRoute": "ingressroutes", "Middleware": "middlewares",
	}
}

// cluster is an API server of Kubernetes for those who only read: it answers lists of its objects, and watches in which
// nothing happens.
type cluster struct {
	lists map[string][]object // by address, without the namespace: /apis/GROUP/VERSION/PLURAL
	token string
}

// startCluster returns the address of a cluster with these objects.
func startCluster(t *testing.T, token string, all ...object) string {
	t.Helper()
	c := &cluster{lists: map[string][]object{}, token: token}
	for _, o := range all {
		plural := plurals()[o.text("kind")]
		if plural == "" {
			t.Fatalf("no cluster of ours knows the kind of %v", o)
		}
		root := "/apis/"
		if o.text("apiVersion") == "v1" {
			root = "/api/"
		}
		address := root + o.text("apiVersion") + "/" + plural
		c.lists[address] = append(c.lists[address], o)
	}
	server := httptest.NewServer(c)
	t.Cleanup(func() {
		server.CloseClientConnections() // of watches, which do not end
		server.Close()
	})
	return server.URL
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+c.token:
		refuse(w, http.StatusUnauthorized, "Unauthorized")
	case r.Method != http.MethodGet:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	case r.URL.Query().Get("sendInitialEvents") == "true": // a watch that lists first: clients then list themselves
		refuse(w, http.StatusUnprocessableEntity, "Invalid")
	case r.URL.Query().Get("watch") == "true":
		w.WriteHeader(http.StatusOK)
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		<-r.Context().Done()
	default:
		items := c.lists[r.URL.Path]
		if items == nil {
			items = []object{}
		}
		// Without a kind it is what its reader expects.
		_ = json.NewEncoder(w).Encode(map[string]any{"metadata": object{"resourceVersion": "1"}, "items": items}) // the reader went away
	}
}

func refuse(w http.ResponseWriter, status int, reason string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status}) // the reader went away
}

// service is a Service with one endpoint at addr, an IP address with a port.
func service(namespace, name, addr string) []object {
	ip, port, _ := strings.Cut(addr, ":")
	return []object{
		{
			"apiVersion": "v1", "kind": "Service", "metadata": object{"namespace": namespace, "name": name},
			"spec": object{"clusterIP": "10.0.0.1", "ports": []object{{"name": "http", "port": 80, "targetPort": "http"}}},
		},
		{
			"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
			"metadata":    object{"namespace": namespace, "name": name + "-1", "labels": object{"kubernetes.io/service-name": name}},
			"addressType": "IPv4",
			"endpoints":   []object{{"addresses": []string{ip}, "conditions": object{"ready": true}}},
			"ports":       []object{{"name": "http", "port": json.Number(port), "protocol": "TCP"}},
		},
	}
}
