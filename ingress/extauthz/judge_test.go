package extauthz_test

import (
	"slices"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// read names the fields that count, by message.
func read() map[string][]string {
	return map[string][]string{
		"AttributeContext":             {"source", "request", "context_extensions"},
		"AttributeContext.Request":     {"http"},
		"AttributeContext.HttpRequest": {"method", "headers", "header_map", "path", "host", "query", "fragment"},
		"AttributeContext.Peer":        {"address"},
		"Address":                      {"socket_address", "pipe", "envoy_internal_address"},
		"SocketAddress":                {"address"},
		"HeaderMap":                    {"headers"},
		"HeaderValue":                  {"key", "value", "raw_value"},
	}
}

// judge decodes a CheckRequest as go-control-plane describes it, but for the fields that do not count: a message or a
// text there is a row of bytes, which nobody looks into.
type judge struct{ request protoreflect.MessageType }

func newJudge(t testing.TB) *judge {
	t.Helper()
	files := new(protoregistry.Files)
	var take func(protoreflect.FileDescriptor)
	take = func(fd protoreflect.FileDescriptor) {
		if _, err := files.FindFileByPath(fd.Path()); err == nil {
			return
		}
		for i := range fd.Imports().Len() {
			take(fd.Imports().Get(i).FileDescriptor)
		}
		described := protodesc.ToFileDescriptorProto(fd)
		for _, m := range described.GetMessageType() {
			unread(m.GetName(), m)
		}
		for _, m := range described.GetMessageType() { // options are of no interest, and extensions of them would not resolve
			m.Options = nil
		}
		file, err := protodesc.NewFile(described, files)
		if err != nil {
			t.Fatal(err)
		}
		if err := files.RegisterFile(file); err != nil {
			t.Fatal(err)
		}
	}
	take(authv3.File_envoy_service_auth_v3_external_auth_proto)
	d, err := files.FindDescriptorByName("envoy.service.auth.v3.CheckRequest")
	if err != nil {
		t.Fatal(err)
	}
	return &judge{dynamicpb.NewMessageType(d.(protoreflect.MessageDescriptor))}
}

func unread(name string, m *descriptorpb.DescriptorProto) {
	if kept, ok := read()[name]; ok {
		for _, f := range m.GetField() {
			text := f.GetType() == descriptorpb.FieldDescriptorProto_TYPE_MESSAGE || f.GetType() == descriptorpb.FieldDescriptorProto_TYPE_STRING
			if text && !slices.Contains(kept, f.GetName()) {
				f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum(), nil
			}
		}
	}
	for _, nested := range m.GetNestedType() {
		unread(name+"."+nested.GetName(), nested)
	}
}

// decode is go-control-plane's word about bytes.
func (j *judge) decode(b []byte) (*authv3.CheckRequest, error) {
	m := j.request.New().Interface()
	if err := proto.Unmarshal(b, m); err != nil {
		return nil, err
	}
	// What nobody looks into may be wrong within: only the fields that count are kept.
	clearUnread(m.ProtoReflect())
	b, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	out := new(authv3.CheckRequest)
	return out, proto.Unmarshal(b, out)
}

// clearUnread drops the fields that do not count.
func clearUnread(m protoreflect.Message) {
	m.SetUnknown(nil)
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
		case f.Kind() == protoreflect.BytesKind && f.Name() != "raw_value" && f.Name() != "raw_body":
			m.Clear(f)
		case f.Message() != nil && f.IsList():
			for i := range v.List().Len() {
				clearUnread(v.List().Get(i).Message())
			}
		case f.Message() != nil:
			clearUnread(v.Message())
		}
		return true
	})
}

// same compares what was read with what go-control-plane read.
func same(t testing.TB, c *extauthz.Check, want *authv3.CheckRequest) {
	t.Helper()
	a := want.GetAttributes()
	h := a.GetRequest().GetHttp()
	if h == nil {
		t.Fatal("there is no HTTP request in it")
	}
	for _, text := range [][3]string{
		{"method", c.Method, h.GetMethod()},
		{"path", c.Path, h.GetPath()},
		{"host", c.Host, h.GetHost()},
		{"source", c.Source, a.GetSource().GetAddress().GetSocketAddress().GetAddress()},
		{"query and fragment", "", h.GetQuery() + h.GetFragment()},
	} {
		if text[1] != text[2] {
			t.Errorf("%s: %q, want %q", text[0], text[1], text[2])
		}
	}
	sameMap(t, "headers", c.Headers, h.GetHeaders())
	sameMap(t, "context_extensions", c.Extensions, a.GetContextExtensions())
	if c.Raw != (h.GetHeaderMap() != nil) || len(c.Lines) != len(h.GetHeaderMap().GetHeaders()) {
		t.Fatalf("raw headers: %v, %d lines; want %d", c.Raw, len(c.Lines), len(h.GetHeaderMap().GetHeaders()))
	}
	for i, l := range h.GetHeaderMap().GetHeaders() {
		value := l.GetValue()
		if value == "" {
			value = string(l.GetRawValue())
		}
		if c.Lines[i] != (extauthz.Line{Name: l.GetKey(), Value: value}) {
			t.Errorf("line %d: %q", i, c.Lines[i])
		}
	}
}

func sameMap(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d, want %d", what, len(got), len(want))
	}
	for key, value := range want {
		if v, ok := got[key]; !ok || v != value {
			t.Errorf("%s: %q is %q, want %q", what, key, v, value)
		}
	}
}
