package graph

import (
	"encoding/json"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// read decodes a JSON value that must be of exactly the type T: null, nothing and
// every other type are errUnreadable.
func read[T any](raw []byte) (T, error) {
	var value *T
	if json.Unmarshal(raw, &value) != nil || value == nil {
		var none T
		return none, errUnreadable
	}
	return *value, nil
}

// absent reports whether a member is missing or null.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// members are those of a JSON object. Unlike the fields of a struct they are found
// by their exact names.
type members = map[string]json.RawMessage

// guid returns text in lower case, and whether it is a GUID.
func guid(text string) (string, bool) {
	lower := strings.ToLower(text)
	if !access.IsGUID(lower) {
		return "", false
	}
	return lower, true
}
