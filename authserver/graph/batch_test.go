package graph

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestBodies(t *testing.T) {
	unreadable := errorJSON(502, "Microsoft Graph's answer cannot be read")
	fill := func(n int) string { return `{"v":"` + strings.Repeat("x", n-len(`{"v":""}`)) + `"}` }
	for _, tt := range []struct{ name, item, want string }{
		{"object", `"status":200,"body":{ "a" : 1 , "b":[ true, null ] }`, `{"a":1,"b":[true,null]}`},
		{"order of members stays", `"status":200,"body":{"z":1,"a":2}`, `{"z":1,"a":2}`},
		{"large and odd numbers stay", `"status":200,"body":{"a":9007199254740993,"b":1.0,"c":1e400}`, `{"a":9007199254740993,"b":1.0,"c":1e400}`},
		{
			"annotations go at every depth",
			`"status":200,"body":{"@odata.context":"x","value":[{"@odata.type":{"deep":[1]},"id":"1","x@odata.navigationLink":"y"},[{"@odata.id":1}]],"@odata.nextLink":null}`,
			`{"value":[{"id":"1"},[{}]]}`,
		},
		{"only annotations", `"status":200,"body":{"@odata.context":"x"}`, `{}`},
		{"what only looks like one stays", `"status":200,"body":{"odata.x":1,"mail":"a@odata.example"}`, `{"odata.x":1,"mail":"a@odata.example"}`},
		{"markup and quotes", `"status":200,"body":{"a<b>&":"<\"é\u0000|\n"}`, `{"a<b>&":"<\"é\u0000|\n"}`},
		{"a broken surrogate", `"status":200,"body":{"a":"\ud800"}`, "{\"a\":\"\ufffd\"}"},
		{"number", `"status":200,"body":42`, `{"$value":42}`},
		{"boolean", `"status":200,"body":false`, `{"$value":false}`},
		{"base64 text", `"status":200,"body":"/9j/4AA="`, `{"$value":"/9j/4AA="}`},
		{"array", `"status":200,"body":[{"@odata.id":1,"a":1}]`, `{"$value":[{"a":1}]}`},
		{"null", `"status":200,"body":null`, `{"$value":null}`},
		{"no body", `"status":204`, `{"$value":null}`},
		{"as large as allowed", `"status":200,"body":` + fill(maxResult), fill(maxResult)},
		{"one byte larger", `"status":200,"body":` + fill(maxResult+1), errorJSON(413, "the result is larger than 65536 bytes")},
		{"spaces do not count", `"status":200,"body":{` + strings.Repeat(" ", maxResult) + `}`, `{}`},
		{"status 0", `"body":{}`, unreadable},
		{"status 99", `"status":99,"body":{}`, unreadable},
		{"status 600", `"status":600,"body":{}`, unreadable},
		{"redirect", `"status":302,"headers":{"Location":"https://x"},"body":null`, errorJSON(302, "Microsoft Graph answered with status 302")},
		{"refused", `"status":403,"body":{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}`, errorJSON(403, "Insufficient privileges")},
		{"refused, as base64", `"status":404,"body":"` + base64.StdEncoding.EncodeToString([]byte(`{"error":{"message":"No photo"}}`)) + `"`, errorJSON(404, "No photo")},
		{"refused, as base64 of garbage", `"status":404,"body":"AAAA"`, errorJSON(404, "Microsoft Graph answered with status 404")},
		{"refused without a body", `"status":404`, errorJSON(404, "Microsoft Graph answered with status 404")},
		{"refused with a scalar", `"status":404,"body":7`, errorJSON(404, "Microsoft Graph answered with status 404")},
		{"refused with an odd error", `"status":400,"body":{"error":"x"}`, errorJSON(400, "Microsoft Graph answered with status 400")},
		{"refused with an odd code", `"status":400,"body":{"error":{"code":7,"message":"m"}}`, errorJSON(400, "m")},
		{"refused with an odd message", `"status":400,"body":{"error":{"message":["m"]}}`, errorJSON(400, "Microsoft Graph answered with status 400")},
		{"control characters", `"status":400,"body":{"error":{"message":"a\r\nb\u0000c\u0085"}}`, errorJSON(400, "abc")},
		{"a long message", `"status":400,"body":{"error":{"message":"` + strings.Repeat("é", 201) + `"}}`, errorJSON(400, strings.Repeat("é", 200))},
		{"a message of 200", `"status":400,"body":{"error":{"message":"` + strings.Repeat("é", 200) + `"}}`, errorJSON(400, strings.Repeat("é", 200))},
		{"the token echoed", `"status":401,"body":{"error":{"code":"` + theToken + `","message":"bad token ` + theToken + `!"}}`, errorJSON(401, "bad token [redacted]!")},
		{"throttled", `"status":429,"headers":{"Retry-After":"3600"},"body":{"error":{"message":"slow down"}}`, errorJSON(429, "slow down")},
	} {
		f := newFake(t, time.Minute, answer(`{"responses":[{"id":"2","status":200,"body":{"fine":1}},{"id":"1",`+tt.item+`}]}`))
		equal(t, tt.name, f.ask(t, theQuery, "/me"), tt.want, `{"fine":1}`)
		if f.requests.Load() != 1 {
			t.Errorf("%s: %d requests", tt.name, f.requests.Load())
		}
		if failed := strings.Contains(tt.want, "error_status"); failed != (f.log.Len() > 0) {
			t.Errorf("%s: log %q", tt.name, f.log)
		}
	}
}

func TestItemsThatDoNotFit(t *testing.T) {
	const ok = `{"id":"2","status":200,"body":{"fine":1}}`
	missing := errorJSON(502, "Microsoft Graph did not answer this query")
	for _, tt := range []struct{ name, items, want string }{
		{"there", `{"id":"1","status":200,"body":{"a":1}},` + ok, `{"a":1}`},
		{"missing", ok, missing},
		{"unknown id", `{"id":"3","status":200,"body":{}},` + ok, missing},
		{"id 0", `{"id":"0","status":200,"body":{}},` + ok, missing},
		{"negative id", `{"id":"-1","status":200,"body":{}},` + ok, missing},
		{"id with a zero in front", `{"id":"01","status":200,"body":{}},` + ok, missing},
		{"id with a sign", `{"id":"+1","status":200,"body":{}},` + ok, missing},
		{"id as a number", `{"id":1,"status":200,"body":{}},` + ok, missing},
		{"status as a text", `{"id":"1","status":"200","body":{}},` + ok, missing},
		{"huge id", `{"id":"` + strings.Repeat("1", 100) + `","status":200,"body":{}},` + ok, missing},
		{"null", `null,` + ok, missing},
		{"a text and a list", `"x",[1],` + ok, missing},
		{
			"twice, with different bodies", `{"id":"1","status":200,"body":{"a":1}},` + ok + `,{"id":"1","status":200,"body":{"b":1}}`,
			errorJSON(502, "Microsoft Graph answered this query more than once"),
		},
		{
			"twice, once refused", `{"id":"1","status":200,"body":{"a":1}},{"id":"1","status":404},` + ok,
			errorJSON(502, "Microsoft Graph answered this query more than once"),
		},
	} {
		f := newFake(t, time.Minute, answer(`{"responses":[`+tt.items+`]}`))
		equal(t, tt.name, f.ask(t, theQuery, "/me"), tt.want, `{"fine":1}`)
	}
}

func TestFailedItemsAreLoggedWithoutTheirTexts(t *testing.T) {
	f := newFake(t, time.Minute, answer(`{"responses":[
		{"id":"1","status":403,"body":{"error":{"code":"Authorization_RequestDenied","message":"private matters"}}},
		{"id":"2","status":404,"body":{"error":{"code":"not a code\n","message":"private"}}},
		{"id":"3","status":200,"body":{}},
		{"id":"4","status":500,"body":{"error":{"code":"`+strings.Repeat("Long", 17)+`","message":"m"}}}]}`))
	f.ask(t, theQuery, "/x", "/y", "/z")
	for _, want := range []string{`"failed":3`, `"of":4`, "1: 403 Authorization_RequestDenied", `"2: 404 "`, `"4: 500 "`} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, f.log)
		}
	}
	if strings.Contains(f.log.String(), "not a code") {
		t.Errorf("a code that is none is logged: %s", f.log)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"responses":[{"id":"1","status":200,"body":{"@odata.type":[1],"a":[{"b":1.0}]}}]}`,
		`{"responses":[{"id":"2","status":200,"body":"x"},{"id":"1","status":403,"body":{"error":{"message":"\u0000"}}}]}`,
		`{"responses":[{"id":"1","status":200},{"id":"1","status":200}]}`, `{"responses":null}`, `[]`, ``, `{"responses":[[[[]]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		items, err := readAnswer(raw, 2)
		if err != nil {
			return
		}
		for _, it := range items {
			text, failed := it.result(secret.New(theToken))
			if failed != nil {
				text = failed.json()
			}
			var object map[string]json.RawMessage
			if err := json.Unmarshal([]byte(text), &object); err != nil || len(text) > maxResult {
				t.Errorf("%d bytes, %v: %.200q", len(text), err, text)
			}
			for name := range object {
				if strings.HasPrefix(name, "@odata.") {
					t.Errorf("member %q is left", name)
				}
			}
			if again, err := tidy(json.RawMessage(text)); err != nil || again != text {
				t.Errorf("tidied twice: %q, then %q, %v", text, again, err)
			}
			if code := answered(it.Status, it.errorBody().Code, secret.New(theToken)).code; len(code) > 64 || strings.ContainsAny(code, " .-\r\n\"") {
				t.Errorf("code %q", code)
			}
		}
	})
}
