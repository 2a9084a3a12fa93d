package envoy

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

const document = "../../docs/proxies/envoy.md"

// blocks returns the YAML documents below a heading of the page.
func blocks(t *testing.T, heading string) []any {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s: there is no heading %q", document, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var out []any
	for _, part := range strings.Split(section, "```yaml\n")[1:] {
		body, _, _ := strings.Cut(part, "```")
		out = append(out, decodeYAML(t, body)...)
	}
	if len(out) == 0 {
		t.Fatalf("%s: no YAML below %q", document, heading)
	}
	return out
}

func decodeYAML(t *testing.T, text string) []any {
	t.Helper()
	var out []any
	for d := yaml.NewDecoder(strings.NewReader(text)); ; {
		var v any
		switch err := d.Decode(&v); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatal(err)
		}
		out = append(out, v)
	}
}

func toJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// into decodes strictly into a protobuf message, and validates it as its type says, and all messages within.
func into[M proto.Message](t *testing.T, v any, m M) M {
	t.Helper()
	if err := errors.Join(protojson.Unmarshal(toJSON(t, v), m), faults(m)); err != nil {
		t.Fatal(err)
	}
	return m
}

// faults is what the types of a message, and of all messages within, find wrong with it.
func faults(m proto.Message) error {
	if a, ok := m.(*anypb.Any); ok {
		inner, err := a.UnmarshalNew()
		if err != nil {
			return err
		}
		return faults(inner)
	}
	var errs []error
	if v, ok := m.(interface{ ValidateAll() error }); ok {
		errs = append(errs, v.ValidateAll())
	}
	within := func(v protoreflect.Value) { errs = append(errs, faults(v.Message().Interface())) }
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap() && f.MapValue().Message() == nil:
		case f.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				within(v)
				return true
			})
		case f.IsList():
			for i := range v.List().Len() {
				within(v.List().Get(i))
			}
		default:
			within(v)
		}
		return true
	})
	return errors.Join(errs...)
}

// object decodes strictly into a Kubernetes object.
func object[O any](t *testing.T, v any) *O {
	t.Helper()
	var o O
	if err := strictly(toJSON(t, v), &o); err != nil {
		t.Fatal(err)
	}
	return &o
}

func strictly(b []byte, o any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(o)
}

// kinds returns the objects of one kind.
func kinds(t *testing.T, objects []any, kind string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, o := range objects {
		if m, ok := o.(map[string]any); ok && m["kind"] == kind {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no %s", kind)
	}
	return out
}

// texts lists all values of a key, however deep.
func texts(v any, key string) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for k, in := range v {
			if s, ok := in.(string); ok && k == key {
				out = append(out, s)
			}
			out = append(out, texts(in, key)...)
		}
	case []any:
		for _, in := range v {
			out = append(out, texts(in, key)...)
		}
	}
	slices.Sort(out)
	return out
}
