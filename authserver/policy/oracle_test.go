package policy

import (
	"encoding/json"
	"testing"
)

// oracle does with encoding/json what lookJSON does by hand; it lets the last of two
// members win. valid: the text is JSON.
func oracle(text string, steps []string, want string) (found, valid bool) {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return false, false
	}
	return oracleIn(value, steps, want), true
}

func oracleIn(value any, steps []string, want string) bool {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			if oracleIn(element, steps, want) {
				return true
			}
		}
	case map[string]any:
		return len(steps) > 0 && oracleIn(v[steps[0]], steps[1:], want)
	case string:
		return len(steps) == 0 && v == want
	}
	return false
}

func TestLookJSON(t *testing.T) {
	tests := []struct {
		text string
		want eachResult
	}{
		{`{"a":{"b":"x"}}`, met},
		{`{"a":{"b":"y"}}`, unmet},
		{`{"a":{"c":"x"}}`, notFound},
		{`{"a":"x"}`, notFound},
		{`{"a":{"b":null}}`, notFound},
		{`{"a":{"b":[]}}`, notFound},
		{`{"a":{"b":["y","x"]}}`, met},
		{`[{"a":{}},{"a":[{"b":"x"}]}]`, met},
		{`{"z":{"a":{"b":"x"}}}`, notFound},
		{`{"\u0061":{"b":"\u0078"}}`, met},
		{` { "a" : { "b" : "x" } } `, met},
		{`{"a":{"b":{"x":1}}}`, unmet},
		{`{"c":[1,-2.5e3,true,false,null,"\"",{}],"a":{"b":"x"}}`, met},
		{`{"a":{"b":"x","b":"x"}}`, broken},
		{`{"a":{"b":"x"},"a":{}}`, broken},
		{`{"a":{"b":"x"}`, broken},
		{`{"a":{"b":"x"}}x`, broken},
		{`{"a":{"b":"x"},}`, broken},
		{`{"a":{"b":"x}}`, broken},
		{`{a:{"b":"x"}}`, broken},
		{`{"a" {"b":"x"}}`, broken},
		{`[`, broken},
		{`[{"a":{"b":"x"}}`, broken},
		{`[{"a":{"b":"x"}} 1]`, broken},
		{"{\"a\":{\"b\":\"x\n\"}}", broken},
		{`{"a":{"b":"\x"}}`, broken},
		{`{"a":{"b":?}}`, broken},
	}
	for _, tt := range tests {
		if got := lookJSON(tt.text, []string{"a", "b"}, equalAny([]string{"x"})); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.text, got, tt.want)
		}
	}
	deep := ""
	for range maxJSONDepth + 2 {
		deep = `[` + deep + `]`
	}
	if got := lookJSON(deep, []string{"a"}, equalAny([]string{"x"})); got != broken {
		t.Errorf("deep: %d", got)
	}
}
