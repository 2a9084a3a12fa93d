package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// tidy makes a body compact, removes OData's annotations at every depth, keeps
// numbers and the order of members as they are, and wraps everything that is not
// an object as {"$value":…}. A body that did not come is null.
func tidy(body json.RawMessage) (string, error) {
	if len(body) == 0 {
		body = json.RawMessage("null")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var out strings.Builder
	if err := copyValue(&out, dec); err != nil {
		return "", fmt.Errorf("tidy a graph result: %w", err)
	}
	if text := out.String(); !strings.HasPrefix(text, "{") {
		return `{"$value":` + text + "}", nil
	}
	return out.String(), nil
}

// copyValue copies the next value. Its recursion is bounded: readAnswer has
// decoded the same bytes with a decoder that limits their depth.
func copyValue(out *strings.Builder, dec *json.Decoder) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	switch tok {
	case json.Delim('{'):
		return copyObject(out, dec)
	case json.Delim('['):
		return copyArray(out, dec)
	}
	text, err := encode(tok)
	out.WriteString(text)
	return err
}

func copyArray(out *strings.Builder, dec *json.Decoder) error {
	out.WriteByte('[')
	for first := true; dec.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		if err := copyValue(out, dec); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	_, err := dec.Token()
	return err
}

func copyObject(out *strings.Builder, dec *json.Decoder) error {
	out.WriteByte('{')
	first := true
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := tok.(string)
		if isAnnotation(name) {
			if err := copyValue(&strings.Builder{}, dec); err != nil {
				return err
			}
			continue
		}
		key, err := encode(name)
		if err != nil {
			return err
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteString(key + ":")
		if err := copyValue(out, dec); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	_, err := dec.Token()
	return err
}

// isAnnotation reports whether a member is OData's own: "@odata.type", or
// "members@odata.context" about another member.
func isAnnotation(name string) bool { return strings.Contains(name, "@odata.") }
