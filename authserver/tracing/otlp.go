package tracing

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
)

// Forms of what is sent and answered.
const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
)

// asJSON writes spans as OTLP has JSON: as Protocol Buffers have it, but with numbers for
// enumerations and hexadecimal ids.
func asJSON(message *spans.TracesData) ([]byte, error) {
	text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(message)
	if err != nil {
		return nil, err
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if err := hexIDs(tree); err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}

// hexIDs changes the ids below a node. No attribute can be taken for one: the names
// of attributes are values in OTLP.
func hexIDs(node any) error {
	switch node := node.(type) {
	case []any:
		for _, element := range node {
			if err := hexIDs(element); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, value := range node {
			text, isText := value.(string)
			if !isText || name != "traceId" && name != "spanId" && name != "parentSpanId" {
				if err := hexIDs(value); err != nil {
					return err
				}
				continue
			}
			id, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return fmt.Errorf("read the id of a span: %w", err)
			}
			node[name] = hex.EncodeToString(id)
		}
	}
	return nil
}

// refusedIn reads in a receiver's answer how many spans it did not take, and makes an
// error of that. An answer that cannot be read says nothing: the spans were taken. The
// receiver's own words are left out.
func refusedIn(contentType string, answer []byte) error {
	var refused int64
	switch contentType {
	case typeProtobuf:
		refused = varint(field(answer, 1), 1) // ExportTraceServiceResponse.partial_success.rejected_spans
	case typeJSON:
		var a struct {
			PartialSuccess struct {
				RejectedSpans json.Number `json:"rejectedSpans"` // a text, or a number
			} `json:"partialSuccess"`
		}
		if json.Unmarshal(answer, &a) == nil {
			refused, _ = a.PartialSuccess.RejectedSpans.Int64() // 0 if it is none
		}
	}
	if refused > 0 {
		return fmt.Errorf("the receiver did not take %d spans of a batch", refused)
	}
	return nil
}

// field finds the bytes of a field of a message; nil if there are none.
func field(message []byte, want protowire.Number) []byte {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		message = message[n:]
		if number == want && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message) // nil if it is cut short
			return value
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return nil
		}
		message = message[n:]
	}
	return nil
}

// varint finds a number in a message; 0 if there is none.
func varint(message []byte, want protowire.Number) int64 {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return 0
		}
		message = message[n:]
		if number == want && kind == protowire.VarintType {
			value, n := protowire.ConsumeVarint(message)
			if n < 0 {
				return 0
			}
			return int64(value) //nolint:gosec // as it is on the wire
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return 0
		}
		message = message[n:]
	}
	return 0
}
