package graph

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// page is an answer of transitiveMemberOf.
func page(link string, ids ...string) string {
	var items []string
	for _, id := range ids {
		items = append(items, fmt.Sprintf(`{"@odata.type":"#microsoft.graph.group","id":%q}`, id))
	}
	text := `{"@odata.context":"x","value":[` + strings.Join(items, ",") + `]`
	if link != "" {
		text += fmt.Sprintf(`,"@odata.nextLink":%q`, link)
	}
	return text + "}"
}

// paging is a Graph whose list is too long: it answers the n-th page, from 1 on,
// with what next returns for n and the URL of Graph with its version.
func paging(t *testing.T, next func(n int, base string) string) *fakeGraph {
	t.Helper()
	var f *fakeGraph
	f = newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		if f.requests.Load() == 1 {
			answerWith(400, "application/json", tooLong)(w, r)
			return
		}
		if r.Method != http.MethodGet || r.ContentLength != 0 || r.Header.Get("Authorization") != "Bearer "+theToken {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		answer(next(int(f.requests.Load())-1, "http://"+r.Host+"/v1.0"))(w, r)
	})
	return f
}

func (f *fakeGraph) groups(t *testing.T, user string) ([]string, error) {
	t.Helper()
	got, err := f.MemberGroups(t.Context(), secret.New(theToken), user)
	for _, never := range []string{theToken, "private", "33333333-", "22222222-"} {
		if strings.Contains(f.log.String(), never) {
			t.Errorf("the log holds %q: %s", never, f.log)
		}
	}
	return got, err
}

func TestMemberGroupsInOneAnswer(t *testing.T) {
	for _, tt := range []struct{ user, path string }{
		{"", "/v1.0/me/getMemberObjects"},
		{aUser, "/v1.0/users/" + strings.ToLower(aUser) + "/getMemberObjects"},
	} {
		f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
			var body [100]byte
			n, _ := r.Body.Read(body[:])
			if r.Method != http.MethodPost || r.URL.RequestURI() != tt.path || string(body[:n]) != `{"securityEnabledOnly":false}` {
				t.Errorf("%s %s %s", r.Method, r.URL, body[:n])
			}
			answer(list(groupID(2), strings.ToUpper(groupID(11)), groupID(2), "private", ""))(w, r)
		})
		got, err := f.groups(t, tt.user)
		if err != nil || !slices.Equal(got, []string{groupID(2), groupID(11)}) || f.requests.Load() != 1 {
			t.Errorf("%v, %v, %d requests", got, err, f.requests.Load())
		}
		if !strings.Contains(f.log.String(), `"groups":2`) {
			t.Errorf("log %s", f.log)
		}
	}
	f := newFake(t, time.Minute, answer(list(groupIDsOf(1, 11_000)...)))
	if got, err := f.groups(t, ""); err != nil || len(got) != 11_000 || f.log.Len() > 0 {
		t.Errorf("%d groups, %v, log %s", len(got), err, f.log)
	}
	f = newFake(t, time.Minute, answer(list()))
	if got, err := f.groups(t, "me"); err == nil || got != nil || f.requests.Load() != 0 {
		t.Errorf("a user that is no GUID: %v, %v, %d requests", got, err, f.requests.Load())
	}
	if got, err := f.groups(t, aUser); err != nil || len(got) != 0 {
		t.Errorf("no groups: %v, %v", got, err)
	}
}

func TestMemberGroupsInPages(t *testing.T) {
	var asked []string
	f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		base := "http://" + r.Host + "/v1.0"
		switch len(asked) {
		case 1: // a list that goes on elsewhere is asked for anew
			answer(`{"value":["`+groupID(9)+`"],"@odata.nextLink":"`+base+`/x?private"}`)(w, r)
		case 2:
			answer(page(base+"/users/x/transitiveMemberOf?$select=id&$skiptoken=a%2Fb%20c", groupID(1), strings.ToUpper(groupID(11)), "private"))(w, r)
		case 3:
			answer(page(base+"/directoryObjects?$skiptoken=2"))(w, r)
		default:
			answer(page("", groupID(3), groupID(1)))(w, r)
		}
	})
	got, err := f.groups(t, aUser)
	if err != nil || !slices.Equal(got, []string{groupID(1), groupID(11), groupID(3)}) {
		t.Errorf("%v, %v", got, err)
	}
	path := "/v1.0/users/" + strings.ToLower(aUser)
	want := []string{
		"POST " + path + "/getMemberObjects", "GET " + path + "/transitiveMemberOf?$select=id&$top=999",
		"GET /v1.0/users/x/transitiveMemberOf?$select=id&$skiptoken=a%2Fb%20c", "GET /v1.0/directoryObjects?$skiptoken=2",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q", asked)
	}
	if !strings.Contains(f.log.String(), `"groups":1`) {
		t.Errorf("log %s", f.log)
	}
}

func TestPagesAreRefused(t *testing.T) {
	link := func(to string) func(int, string) string {
		return func(n int, base string) string {
			if n > 1 {
				return page("", groupID(2))
			}
			return page(strings.ReplaceAll(to, "BASE", base), groupID(1))
		}
	}
	body := func(text string) func(int, string) string {
		return func(n int, base string) string {
			if n == 1 {
				return page(base+"/x?1", groupID(1))
			}
			return text
		}
	}
	a := `{"value":[{"id":"` + groupID(2) + `"}`
	for _, tt := range []struct {
		name     string
		next     func(int, string) string
		ok       bool
		requests int32
		text     string
	}{
		{"two pages", link("BASE/me/transitiveMemberOf?$skiptoken=2"), true, 3, ""},
		{"another host", link("http://graph.example/v1.0/me?skiptoken"), false, 2, "leads elsewhere"},
		{"another scheme", link("https://127.0.0.1/v1.0/me?skiptoken"), false, 2, "leads elsewhere"},
		{"above the version", link("BASE/../beta/me?skiptoken"), false, 2, "leads elsewhere"},
		{"a user", link("http://x@127.0.0.1/v1.0/me"), false, 2, "leads elsewhere"},
		{"relative", link("/v1.0/me?skiptoken"), false, 2, "leads elsewhere"},
		{"a line break", link("BASE/me?a\r\nb"), false, 2, "leads elsewhere"},
		{"the page itself", link("BASE/me/transitiveMemberOf?$select=id&$top=999"), false, 2, "in a circle"},
		{"a page that was there", func(n int, base string) string { return page(fmt.Sprintf("%s/x?%d", base, n%3), groupID(n)) }, false, 5, "in a circle"},

		{"the link is null", body(a + `],"@odata.nextLink":null}`), true, 3, ""},
		{"the link is empty", body(a + `],"@odata.nextLink":""}`), false, 3, "leads elsewhere"},
		{"the link is a number", body(a + `],"@odata.nextLink":1}`), false, 3, "not what was asked for"},
		{"the link is a list", body(a + `],"@odata.nextLink":["x"]}`), false, 3, "not what was asked for"},
		{"no value", body(`{}`), false, 3, ""},
		{"value is null", body(`{"value":null}`), false, 3, ""},
		{"value is an object", body(`{"value":{"id":"` + groupID(2) + `"}}`), false, 3, ""},
		{"texts instead of objects", body(list(groupID(2))), false, 3, ""},
		{"null among the objects", body(a + `,null]}`), false, 3, ""},
		{"an object without an id", body(a + `,{"@odata.type":"x"}]}`), false, 3, ""},
		{"an id that is null", body(a + `,{"id":null}]}`), false, 3, ""},
		{"an id that is a number", body(a + `,{"id":1}]}`), false, 3, ""},
		{"an id in capitals", body(a + `,{"ID":"` + groupID(3) + `"}]}`), false, 3, ""},
		{"garbage", body(`private`), false, 3, ""},

		{"as many pages as allowed", func(n int, base string) string {
			if n == maxPages {
				return page("", groupID(1), groupID(2))
			}
			return page(fmt.Sprintf("%s/x?%d", base, n), groupID(1))
		}, true, maxPages + 1, ""},
		{"one page more", func(n int, base string) string { return page(fmt.Sprintf("%s/x?%d", base, n), groupID(1)) }, false, maxPages + 1, "more than 100 pages"},
	} {
		f := paging(t, tt.next)
		got, err := f.groups(t, "")
		if n := f.requests.Load(); n != tt.requests {
			t.Errorf("%s: %d requests", tt.name, n)
		}
		if tt.ok {
			if err != nil || !slices.Equal(got, groupIDsOf(1, 2)) {
				t.Errorf("%s: %v, %v", tt.name, got, err)
			}
			continue
		}
		if e := refused(t, tt.name, err); got != nil || e.Reason != ReasonUnreadable || !strings.Contains(e.Error(), tt.text) {
			t.Errorf("%s: %v, %v", tt.name, got, e)
		}
	}
}

func TestPagesThatFail(t *testing.T) {
	// Each has a variable of its own: its handler reads it from another goroutine.
	var f, cut *fakeGraph
	f = newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		switch f.requests.Load() {
		case 1:
			answerWith(403, "application/json", tooLong)(w, r) // the code counts, not the status
		case 2:
			answer(page("http://"+r.Host+"/v1.0/x?1", groupID(1)))(w, r)
		default:
			w.Header().Set("Retry-After", "7")
			answerWith(429, "application/json", `{}`)(w, r)
		}
	})
	got, err := f.groups(t, "")
	if e := refused(t, "429", err); got != nil || e.Reason != ReasonUnavailable || e.RetryAfter != 7*time.Second || f.requests.Load() != 3 {
		t.Errorf("%v, %v, %d requests", got, e, f.requests.Load())
	}

	cut = newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.Header().Set("Retry-After", "7")
		switch cut.requests.Load() {
		case 1:
			answerWith(400, "application/json", tooLong)(w, r)
		case 2:
			answer(page("http://"+r.Host+"/v1.0/x?1", groupID(1)))(w, r)
		default:
			panic(http.ErrAbortHandler)
		}
	})
	got, err = cut.groups(t, "")
	if e := refused(t, "cut off", err); got != nil || e.Reason != ReasonUnavailable || e.RetryAfter != 0 || cut.requests.Load() != 3 {
		t.Errorf("%v, %v, wait %v, %d requests", got, e, e.RetryAfter, cut.requests.Load())
	}

	both := newFake(t, time.Minute, answerWith(400, "application/json", tooLong))
	_, err = both.groups(t, "")
	if e := refused(t, "too long both times", err); e.Reason != ReasonUnreadable || both.requests.Load() != 2 {
		t.Errorf("%v, %d requests", e, both.requests.Load())
	}
	other := newFake(t, time.Minute, answerWith(400, "application/json", strings.ToLower(tooLong)))
	_, err = other.groups(t, "")
	if e := refused(t, "another code", err); e.Reason != ReasonUnreadable || other.requests.Load() != 1 {
		t.Errorf("%v, %d requests", e, other.requests.Load())
	}
}

func TestTooManyGroups(t *testing.T) {
	l := groupList{seen: map[string]bool{}}
	if err := l.add(groupIDsOf(1, maxGroups)); err != nil || len(l.ids) != maxGroups {
		t.Fatalf("%d groups: %v", len(l.ids), err)
	}
	if err := l.add(append(groupIDsOf(1, 10), "no GUID")); err != nil || len(l.ids) != maxGroups || l.odd != 1 {
		t.Errorf("the same again: %v", err)
	}
	if err := l.add(groupIDsOf(maxGroups+1, maxGroups+1)); !errors.Is(err, errTooMany) {
		t.Errorf("one more: %v", err)
	}
}
