package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

const (
	maxIngressFiles = 10_000
	maxCluster      = 1 << 30 // bytes of what kubectl prints
	maxObject       = 4 << 20 // bytes of one object of it; Kubernetes has 1.5 MB
	maxEntry        = 64 << 10
	maxComplaint    = 2 << 10 // of what kubectl says is wrong
)

// ingressSource says where Ingress objects are read: files, standard input, or a cluster.
type ingressSource struct {
	kubeconfig, context, namespace string
	controller                     string
}

// declareController makes the flag for what is read from wherever.
func (s *ingressSource) declareController(fs *flag.FlagSet) {
	fs.StringVar(&s.controller, "controller", "", "the ConfigMaps of ingress-nginx's own settings: a `LIST` of NAMESPACE/NAME")
}

// declare makes the flags of a cluster.
func (s *ingressSource) declare(fs *flag.FlagSet) {
	fs.StringVar(&s.kubeconfig, "kubeconfig", "", "without a FILE: kubectl's configuration `PATH`")
	fs.StringVar(&s.context, "context", "", "without a FILE: the `NAME` of kubectl's context")
	fs.StringVar(&s.namespace, "namespace", "", "without a FILE: this `NAME` alone, not all namespaces")
	fs.StringVar(&s.namespace, "n", "", "as --namespace: a `NAME`")
}

// read gives what is in all files, or in the cluster when there is none. The error joins what is wrong
// with each; what could be read is given all the same.
func (s *ingressSource) read(ctx context.Context, files []string, env environment) (annotations.Manifest, error) {
	var m annotations.Manifest
	var err error
	if len(files) == 0 {
		m, err = s.cluster(ctx, env)
	} else {
		m, err = s.files(files, env)
	}
	for _, name := range listed(s.controller) {
		m.Controller = []string{name}
		if len(m.Controllers()) == 0 {
			err = errors.Join(err, fmt.Errorf("there is no ConfigMap %s, which --controller names, in what was read", name))
		}
	}
	m.Controller = listed(s.controller)
	return m, err
}

func (s *ingressSource) files(files []string, env environment) (annotations.Manifest, error) {
	if s.kubeconfig+s.context+s.namespace != "" {
		return annotations.Manifest{}, errors.New("--kubeconfig, --context and --namespace are for a cluster, which is asked when no FILE is named")
	}
	var all annotations.Manifest
	var faults []error
	for _, file := range files {
		m, err := readManifest(file, env.stdin)
		if err != nil {
			faults = append(faults, err)
		}
		all.Ingresses = append(all.Ingresses, m.Ingresses...)
		all.ConfigMaps = append(all.ConfigMaps, m.ConfigMaps...)
	}
	if len(all.Ingresses) == 0 && len(faults) == 0 {
		faults = append(faults, errors.New("there is no Ingress in what was read"))
	}
	return all, errors.Join(faults...)
}

// readManifest reads one file; - is standard input.
func readManifest(file string, stdin io.Reader) (annotations.Manifest, error) {
	if file == "-" {
		if stdin == nil {
			stdin = strings.NewReader("")
		}
		return annotations.ReadManifest("stdin", stdin)
	}
	f, err := os.Open(file) // #nosec G304 -- the file that the person names
	if err != nil {
		return annotations.Manifest{}, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return annotations.Manifest{}, fmt.Errorf("%s is a folder: name its files, such as %s", file, filepath.Join(file, "*.yaml"))
	}
	return annotations.ReadManifest(file, f)
}

// cluster asks kubectl for all Ingresses and ConfigMaps.
func (s *ingressSource) cluster(ctx context.Context, env environment) (annotations.Manifest, error) {
	args := []string{"get", "ingress,configmap", "-o", "json"}
	for _, flag := range [][2]string{{"--kubeconfig=", s.kubeconfig}, {"--context=", s.context}, {"--namespace=", s.namespace}} {
		if flag[1] != "" {
			args = append(args, flag[0]+flag[1])
		}
	}
	if s.namespace == "" {
		args = append(args, "--all-namespaces")
	}
	cmd := exec.CommandContext(ctx, "kubectl", args...) // #nosec G204 -- no shell; what the person says
	cmd.Env = env.environ
	complaint := &firstBytes{most: maxComplaint}
	cmd.Stderr = complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return annotations.Manifest{}, fmt.Errorf("ask the cluster with kubectl, or name a FILE: %w", err)
	}
	m, readErr := readCluster(io.LimitReader(out, maxCluster))
	_, _ = io.Copy(io.Discard, out) // or kubectl would wait
	if err := cmd.Wait(); err != nil {
		return annotations.Manifest{}, fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	if readErr != nil {
		return annotations.Manifest{}, fmt.Errorf("what kubectl printed: %w", readErr)
	}
	if len(m.Ingresses) == 0 {
		return m, errors.New("there is no Ingress in the cluster that kubectl may see")
	}
	return m, nil
}

// readCluster reads the list that kubectl prints, one object after the other.
func readCluster(r io.Reader) (annotations.Manifest, error) {
	var all annotations.Manifest
	d := json.NewDecoder(r)
	if err := expect(d, json.Delim('{')); err != nil {
		return all, err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return all, err
		}
		if key != "items" {
			var other json.RawMessage
			if err := d.Decode(&other); err != nil {
				return all, err
			}
			continue
		}
		if err := expect(d, json.Delim('[')); err != nil {
			return all, err
		}
		for d.More() {
			if err := readItem(d, &all); err != nil {
				return all, err
			}
		}
		if err := expect(d, json.Delim(']')); err != nil {
			return all, err
		}
	}
	return all, expect(d, json.Delim('}'))
}

func expect(d *json.Decoder, want json.Delim) error {
	switch token, err := d.Token(); {
	case err != nil:
		return err
	case token != want:
		return fmt.Errorf("is no list of objects: %v stands where %v should", token, want)
	}
	return nil
}

// readItem reads one object. Of ConfigMaps the long entries are left out: no setting is as long.
func readItem(d *json.Decoder, into *annotations.Manifest) error {
	var text json.RawMessage
	if err := d.Decode(&text); err != nil {
		return err
	}
	if len(text) > maxObject {
		return fmt.Errorf("an object is longer than %d MB", maxObject>>20)
	}
	var object struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Namespace, Name string
			Labels          map[string]string
		} `json:"metadata"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(text, &object); err != nil {
		return err
	}
	if object.Kind != "ConfigMap" {
		m, err := annotations.ReadManifest("cluster", bytes.NewReader(text))
		into.Ingresses = append(into.Ingresses, m.Ingresses...)
		return err
	}
	var data map[string]string
	if len(object.Data) > 0 {
		if err := json.Unmarshal(object.Data, &data); err != nil {
			return fmt.Errorf("ConfigMap %s/%s: %w", object.Metadata.Namespace, object.Metadata.Name, err)
		}
	}
	c := annotations.ConfigMap{
		File: "cluster", Line: 1, Namespace: object.Metadata.Namespace, Name: object.Metadata.Name,
		App: object.Metadata.Labels[annotations.AppLabel], Data: map[string]annotations.Value{},
	}
	for key, value := range data {
		if len(value) <= maxEntry {
			c.Data[key] = annotations.Value{Text: value, Line: 1}
		}
	}
	into.ConfigMaps = append(into.ConfigMaps, c)
	return nil
}

// taken says whose settings were taken for the controller's; "" when nobody's were.
func taken(m annotations.Manifest) string {
	var names []string
	for _, c := range m.Controllers() {
		names = append(names, c.Title())
	}
	if len(names) == 0 {
		return ""
	}
	return "Settings of the controller: ConfigMap " + strings.Join(names, ", ") + "\n"
}

// firstBytes keeps the beginning of what is written to it.
type firstBytes struct {
	bytes.Buffer
	most int
}

func (b *firstBytes) Write(p []byte) (int, error) {
	_, _ = b.Buffer.Write(p[:min(len(p), max(b.most-b.Len(), 0))])
	return len(p), nil
}
