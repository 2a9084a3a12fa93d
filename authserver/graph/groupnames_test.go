package graph

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// named is one group of an answer; name is JSON.
func named(id, name string) string {
	return `{"@odata.type":"#microsoft.graph.group","id":"` + id + `","displayName":` + name + `}`
}

func TestGroupNamesAsksOnce(t *testing.T) {
	var got *http.Request
	var body string
	f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		answer(`{"value":[`+named(strings.ToUpper(groupID(10)), `"Sales"`)+`,`+named(groupID(2), `"Buyers"`)+`]}`)(w, r)
	})
	names, err := f.GroupNames(t.Context(), secret.New(theToken), append(groupIDsOf(1, 400), strings.ToUpper(groupID(10))))
	if err != nil || !maps.Equal(names, map[string]string{groupID(10): "Sales", groupID(2): "Buyers"}) {
		t.Errorf("%v, %v", names, err)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/v1.0/directoryObjects/getByIds" || got.URL.Query().Get("$select") != "id,displayName" || len(got.URL.Query()) != 1 {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	if got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Authorization") != "Bearer "+theToken {
		t.Errorf("%v", got.Header)
	}
	if want := `{"ids":["` + strings.Join(groupIDsOf(1, 400), `","`) + `"],"types":["group"]}`; body != want {
		t.Errorf("body %s", body)
	}
	if f.requests.Load() != 1 || f.log.Len() > 0 {
		t.Errorf("%d requests, log %s", f.requests.Load(), f.log)
	}
}

func TestGroupNamesRefusesArguments(t *testing.T) {
	for _, tt := range []struct {
		name string
		ids  []string
		ok   bool
		asks int32
	}{
		{"one", groupIDsOf(1, 1), true, 1},
		{"400, each twice", append(groupIDsOf(1, 400), groupIDsOf(1, 400)...), true, 1},
		{"401", groupIDsOf(1, 401), false, 0},
		{"none", nil, true, 0},
		{"a name", []string{groupID(1), "private group"}, false, 0},
		{"an empty one", []string{groupID(1), ""}, false, 0},
		{"a quote", []string{groupID(1) + `"`}, false, 0},
	} {
		f := newFake(t, time.Minute, answer(`{"value":[]}`))
		names, err := f.GroupNames(t.Context(), secret.New(theToken), tt.ids)
		if (err == nil) != tt.ok || len(names) != 0 || f.requests.Load() != tt.asks {
			t.Errorf("%s: %v, %v, %d requests", tt.name, names, err, f.requests.Load())
		}
		if err != nil && strings.Contains(err.Error(), "private") {
			t.Errorf("%s: the error repeats it: %v", tt.name, err)
		}
	}
}

// Whatever a group is called, the page that shows it gets a short text.
func TestGroupNames(t *testing.T) {
	long := strings.Repeat("x", maxGroupName)
	for _, tt := range []struct{ name, value, want string }{
		{"a name", named(groupID(1), `"Sales"`), "Sales"},
		{"a name with markup", named(groupID(1), `"<b>Sales & Co</b>"`), "<b>Sales & Co</b>"},
		{"control characters", named(groupID(1), `"\u0000Sa\r\nles\u007f\u0085"`), "Sales"},
		{"a mark that turns the text around", named(groupID(1), `"Sa\u202eles\u200b"`), "Sales"},
		{"blanks around", named(groupID(1), `" Sales "`), "Sales"},
		{"as long as allowed", named(groupID(1), `"`+long+`"`), long},
		{"longer", named(groupID(1), `"`+long+`x"`), long},
		{"cut between characters", named(groupID(1), `"`+long[1:]+`é"`), long[1:]},
		{"characters that just fit", named(groupID(1), `"`+long[2:]+`é"`), long[2:] + "é"},
		{"half a character", named(groupID(1), `"\ud800"`), "\ufffd"},
		{"empty", named(groupID(1), `""`), ""},
		{"nothing but blanks", named(groupID(1), `" \t "`), ""},
		{"null", named(groupID(1), `null`), ""},
		{"absent", `{"id":"` + groupID(1) + `"}`, ""},
		{"in capitals", `{"id":"` + groupID(1) + `","DISPLAYNAME":"Sales"}`, ""},
		{"twice the same", named(groupID(1), `"Sales"`) + "," + named(groupID(1), `"Sales"`), "Sales"},
		{"under two names", named(groupID(1), `"Sales"`) + "," + named(groupID(1), `"Admins"`), ""},
		{"under three names", named(groupID(1), `"Sales"`) + "," + named(groupID(1), `"Admins"`) + "," + named(groupID(1), `"Sales"`), ""},
	} {
		f := newFake(t, time.Minute, answer(`{"value":[`+tt.value+`]}`))
		names, err := f.GroupNames(t.Context(), secret.New(theToken), groupIDsOf(1, 2))
		got, there := names[groupID(1)]
		if err != nil || got != tt.want || there != (tt.want != "") || len(names) > 1 || f.log.Len() > 0 {
			t.Errorf("%s: %q, %v, log %s", tt.name, names, err, f.log)
		}
		if len(got) > maxGroupName || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes", tt.name, len(got))
		}
	}
}

func TestGroupNamesKeepsToWhatWasAsked(t *testing.T) {
	for name, other := range map[string]string{
		"another group": named(groupID(9), `"private"`), "no GUID": named("private", `"private"`), "an empty id": named("", `"private"`),
	} {
		f := newFake(t, time.Minute, answer(`{"value":[`+named(groupID(1), `"Sales"`)+`,`+other+`]}`))
		names, err := f.GroupNames(t.Context(), secret.New(theToken), groupIDsOf(1, 2))
		if err != nil || !maps.Equal(names, map[string]string{groupID(1): "Sales"}) {
			t.Errorf("%s: %v, %v", name, names, err)
		}
		if log := f.log.String(); !strings.Contains(log, `"groups":1`) || strings.Contains(log, "private") || strings.Contains(log, "33333333-") {
			t.Errorf("%s: log %s", name, log)
		}
	}
}

func nameCases() []badAnswer {
	row := func(name string, bad broken, want Reason, text string) badAnswer {
		return badAnswer{operation: "names", name: name, bad: bad, want: want, text: text}
	}
	const shape = "not what was asked for"
	return []badAnswer{
		row("400", status(400), ReasonUnreadable, "400 Some_Code"),
		row("401", status(401), ReasonUnauthorized, "401 Some_Code"),
		row("403", status(403), ReasonForbidden, "403 Some_Code"),
		row("429", status(429), ReasonUnavailable, "429 Some_Code"),
		row("503", status(503), ReasonUnavailable, "503 Some_Code"),
		row("204", instead(answerWith(204, "", "")), ReasonUnreadable, "204"),
		row("a redirect", redirected, ReasonUnreadable, "307"),
		row("garbage", body("<html>private"), ReasonUnreadable, shape),
		row("the list alone", body(`[]`), ReasonUnreadable, shape),
		row("value in capitals", edited(`"value"`, `"VALUE"`), ReasonUnreadable, shape),
		row("value is null", body(`{"value":null}`), ReasonUnreadable, shape),
		row("ids alone", body(list(groupID(1))), ReasonUnreadable, shape),
		row("a group without id", edited(`"id"`, `"ID"`), ReasonUnreadable, shape),
		row("an id that is a number", edited(`"`+groupID(1)+`"`, `5`), ReasonUnreadable, shape),
		row("a name that is a number", edited(`"Sales"`, `5`), ReasonUnreadable, shape),
		row("a name that is a list", edited(`"Sales"`, `["Sales"]`), ReasonUnreadable, shape),
		row("it goes on elsewhere", edited("]}", `],"@odata.nextLink":"http://HOST/v1.0/me"}`), ReasonUnreadable, "not the whole list"),
		row("huge", body(`{"value":[`+strings.Repeat(" ", maxAnswer)+`]}`), ReasonUnreadable, "too large"),
		row("cut short", cutShort, ReasonUnavailable, "unexpected EOF"),
		row("cut off", cutOff, ReasonUnavailable, ""),
	}
}
