package graph

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func list(ids ...string) string {
	text, _ := json.Marshal(append([]string{}, ids...))
	return `{"@odata.context":"x","value":` + string(text) + `}`
}

func (f *fakeGraph) member(t *testing.T, user string, ids ...string) ([]string, error) {
	t.Helper()
	got, err := f.CheckMemberGroups(t.Context(), secret.New(theToken), user, ids)
	for _, never := range []string{theToken, "private", "33333333-", "22222222-"} {
		if strings.Contains(f.log.String(), never) {
			t.Errorf("the log holds %q: %s", never, f.log)
		}
	}
	return got, err
}

func TestCheckAsksDirectly(t *testing.T) {
	for _, tt := range []struct{ user, path string }{
		{"", "/v1.0/me/checkMemberGroups"},
		{aUser, "/v1.0/users/" + strings.ToLower(aUser) + "/checkMemberGroups"},
	} {
		var got *http.Request
		var body string
		f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			got, body = r, string(b)
			answer(list(groupID(20), groupID(1)))(w, r)
		})
		ids, err := f.member(t, tt.user, append(groupIDsOf(1, 20), strings.ToUpper(groupID(10)))...)
		if err != nil || !slices.Equal(ids, []string{groupID(1), groupID(20)}) {
			t.Errorf("%v, %v", ids, err)
		}
		if got.Method != http.MethodPost || got.URL.RequestURI() != tt.path || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Authorization") != "Bearer "+theToken {
			t.Errorf("%s %s %v", got.Method, got.URL, got.Header)
		}
		if want := `{"groupIds":["` + strings.Join(groupIDsOf(1, 20), `","`) + `"]}`; body != want {
			t.Errorf("body %s", body)
		}
		if f.requests.Load() != 1 || f.log.Len() > 0 {
			t.Errorf("%d requests, log %s", f.requests.Load(), f.log)
		}
	}
}

func TestCheckRefusesArguments(t *testing.T) {
	good := groupID(1)
	for _, tt := range []struct {
		name, user string
		ids        []string
		ok         bool
	}{
		{"me", "", []string{good}, true},
		{"a user", aUser, []string{good}, true},
		{"400 groups, each twice", aUser, append(groupIDsOf(1, 400), groupIDsOf(1, 400)...), true},
		{"401 groups", aUser, groupIDsOf(1, 401), false},
		{"a name for a user", "adele@contoso.example", []string{good}, false},
		{"a path for a user", "../me", []string{good}, false},
		{"a GUID and more for a user", aUser + "/../me", []string{good}, false},
		{"braces", "{" + aUser + "}", []string{good}, false},
		{"a GUID without dashes", strings.ReplaceAll(aUser, "-", ""), []string{good}, false},
		{"dashes elsewhere", "222222220-000-4000-8000-00000000000A", []string{good}, false},
		{"a letter that is no digit", "g" + aUser[1:], []string{good}, false},
		{"an empty group", aUser, []string{good, ""}, false},
		{"a group's name", aUser, []string{good, "private group"}, false},
		{"a space behind", aUser, []string{good + " "}, false},
	} {
		f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "$batch") {
				batchOf(t, func(int, []string) string { return `"status":200,"body":` + list() })(w, r)
				return
			}
			answer(list())(w, r)
		})
		_, err := f.member(t, tt.user, tt.ids...)
		if (err == nil) != tt.ok || (f.requests.Load() == 1) != tt.ok {
			t.Errorf("%s: %v, %d requests", tt.name, err, f.requests.Load())
		}
		if _, isError := errors.AsType[*Error](err); isError || err != nil && (strings.Contains(err.Error(), "private") || strings.Contains(err.Error(), "adele")) {
			t.Errorf("%s: %T %v", tt.name, err, err)
		}
	}
	f := newFake(t, time.Minute, nil)
	if got, err := f.member(t, ""); got != nil || err != nil || f.requests.Load() != 0 {
		t.Errorf("no groups: %v, %v, %d requests", got, err, f.requests.Load())
	}
}

func TestCheckKeepsToWhatWasAsked(t *testing.T) {
	a, b := groupID(1), groupID(2)
	for _, tt := range []struct {
		name, value string
		want        []string
		logged      string
	}{
		{"none", `[]`, nil, ""},
		{"one", `["` + b + `"]`, []string{b}, ""},
		{"both, backwards", `["` + b + `","` + a + `"]`, []string{a, b}, ""},
		{"in capitals", `["` + strings.ToUpper(b) + `"]`, []string{b}, ""},
		{"one twice", `["` + b + `","` + b + `"]`, []string{b}, ""},
		{"another group", `["` + b + `","` + groupID(3) + `"]`, []string{b}, `"groups":1,"asked":2`},
		{"two other groups", `["` + groupID(4) + `","` + groupID(3) + `","` + groupID(3) + `"]`, nil, `"groups":2,"asked":2`},
		{"what is no GUID", `["private","` + a + `"]`, []string{a}, `"groups":1,"asked":2`},
		{"a GUID and more", `["` + a + ` ","x` + b + `"]`, nil, `"groups":1,"asked":2`},
	} {
		f := newFake(t, time.Minute, answer(`{"value":`+tt.value+`}`))
		got, err := f.member(t, "", a, b)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
		if !strings.Contains(f.log.String(), tt.logged) || (tt.logged == "") != (f.log.Len() == 0) {
			t.Errorf("%s: log %s", tt.name, f.log)
		}
	}
}

func TestCheckRefusesLists(t *testing.T) {
	a := groupID(1)
	for _, tt := range []struct {
		name, body string
		ok         bool
	}{
		{"a list", list(a), true},
		{"a link that is null", `{"value":["` + a + `"],"@odata.nextLink":null}`, true},
		{"a link to more", `{"value":["` + a + `"],"@odata.nextLink":"x"}`, false},
		{"no value", `{"@odata.context":"x"}`, false},
		{"value in capitals", `{"Value":["` + a + `"]}`, false},
		{"null", `{"value":null}`, false},
		{"a text", `{"value":"` + a + `"}`, false},
		{"an object", `{"value":{"0":"` + a + `"}}`, false},
		{"true", `{"value":true}`, false},
		{"a number inside", `{"value":["` + a + `",1]}`, false},
		{"null inside", `{"value":["` + a + `",null]}`, false},
		{"an object inside", `{"value":["` + a + `",{"id":"` + a + `"}]}`, false},
		{"a list inside", `{"value":[["` + a + `"]]}`, false},
		{"a list alone", `["` + a + `"]`, false},
		{"two objects", list(a) + list(a), false},
	} {
		f := newFake(t, time.Minute, answer(tt.body))
		got, err := f.member(t, "", a)
		many, errMany := newFake(t, time.Minute, batchOf(t, func(i int, _ []string) string {
			if i == 1 {
				return `"status":200,"body":` + list()
			}
			return `"status":200,"body":` + tt.body
		})).member(t, aUser, groupIDsOf(1, 40)...)
		if tt.ok {
			if err != nil || errMany != nil || !slices.Equal(got, []string{a}) || !slices.Equal(many, []string{a}) {
				t.Errorf("%s: %v, %v; in a batch %v, %v", tt.name, got, err, many, errMany)
			}
			continue
		}
		if e := refused(t, tt.name, err); e.Reason != ReasonUnreadable || got != nil {
			t.Errorf("%s: %v, %v", tt.name, got, e)
		}
		if e := refused(t, tt.name, errMany); e.Reason != ReasonUnreadable || many != nil {
			t.Errorf("%s, in a batch: %v, %v", tt.name, many, e)
		}
	}
}
