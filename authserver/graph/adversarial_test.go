package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// operation is one way to ask a Graph that behaves, and what comes of it.
type operation struct {
	good     http.HandlerFunc
	requests int32 // that good gets
	// ask gives what was learned, "" if the answer was refused.
	ask func(context.Context, *fakeGraph) (learned string, err error)
	// learned is what good tells.
	learned string
}

func operations() map[string]operation {
	token := secret.New(theToken)
	members := strings.Join(groupIDsOf(1, 2), " ")
	return map[string]operation{
		"ask": {
			good:     answer(`{"responses":[{"id":"1","status":200,"body":{"a":1}},{"id":"2","status":200,"body":{"b":2}}]}`),
			requests: 1, ask: askTwo, learned: `{"a":1} {"b":2}`,
		},
		"check": {
			good:     answer(list(groupIDsOf(1, 2)...)),
			requests: 1, learned: members,
			ask: func(ctx context.Context, f *fakeGraph) (string, error) {
				ids, err := f.CheckMemberGroups(ctx, token, aUser, groupIDsOf(1, 20))
				return strings.Join(ids, " "), err
			},
		},
		"batch": {
			good:     answer(`{"responses":[{"id":"1","status":200,"body":` + list(groupID(1)) + `},{"id":"2","status":200,"body":` + list(groupID(21)) + `}]}`),
			requests: 1, learned: groupID(1) + " " + groupID(21),
			ask: func(ctx context.Context, f *fakeGraph) (string, error) {
				ids, err := f.CheckMemberGroups(ctx, token, aUser, groupIDsOf(1, 21))
				return strings.Join(ids, " "), err
			},
		},
		"list":  {good: answer(list(groupIDsOf(1, 2)...)), requests: 1, ask: askMembers, learned: members},
		"pages": {good: twoPages, requests: 3, ask: askMembers, learned: members},
		"names": {
			good:     answer(`{"@odata.context":"x","value":[` + named(groupID(1), `"Sales"`) + `,` + named(groupID(2), `"Buyers"`) + `]}`),
			requests: 1, learned: "Sales Buyers",
			ask: func(ctx context.Context, f *fakeGraph) (string, error) {
				got, err := f.GroupNames(ctx, token, groupIDsOf(1, 3))
				return strings.TrimSpace(got[groupID(1)] + " " + got[groupID(2)] + " " + got[groupID(3)]), err
			},
		},
		"registration": {
			good: answer(registered()), requests: 1, learned: "Contoso Orders 2 2",
			ask: func(ctx context.Context, f *fakeGraph) (string, error) {
				r, err := f.Registration(ctx, token, theApp)
				if r == nil {
					return "", err
				}
				return fmt.Sprintf("%s %d %d", r.DisplayName, len(r.AppIDURIs), len(r.Scopes)), err
			},
		},
		"image": {
			good: answerWith(200, "image/png", aPNG), requests: 1, learned: "image/png" + aPNG,
			ask: func(ctx context.Context, f *fakeGraph) (string, error) {
				data, contentType, err := f.Image(ctx, strings.TrimSuffix(f.adapter.GetBaseUrl(), "/v1.0")+"/logo?private")
				return contentType + string(data), err
			},
		},
	}
}

func askMembers(ctx context.Context, f *fakeGraph) (string, error) {
	ids, err := f.MemberGroups(ctx, secret.New(theToken), aUser)
	return strings.Join(ids, " "), err
}

// askTwo asks two queries. What failed is a result too: its status and message.
func askTwo(ctx context.Context, f *fakeGraph) (string, error) {
	var texts []string
	for _, r := range f.Ask(ctx, secret.New(theToken), []string{theQuery, "/me"}).Results {
		var failed failure
		if json.Unmarshal([]byte(r.JSON), &failed) == nil && failed.Status != 0 {
			texts = append(texts, fmt.Sprintf("%d %s.", failed.Status, failed.Message))
			continue
		}
		texts = append(texts, r.JSON)
	}
	return strings.Join(texts, " "), nil
}

// twoPages is a list that is too long for one answer.
func twoPages(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/getMemberObjects"):
		answerWith(400, "application/json", tooLong)(w, r)
	case r.URL.Query().Get("$skiptoken") == "":
		answer(page("http://"+r.Host+"/v1.0/me/transitiveMemberOf?$skiptoken=2", groupID(1)))(w, r)
	default:
		answer(page("", groupID(2)))(w, r)
	}
}

// broken makes a bad answer of a good one.
type broken func(good http.HandlerFunc) http.HandlerFunc

// edited replaces a part of every answer that has it. HOST is the server's own.
func edited(old, with string) broken {
	return func(good http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			good(rec, r)
			host := strings.NewReplacer("HOST", r.Host, "LOCALHOST", strings.Replace(r.Host, "127.0.0.1", "localhost", 1))
			body := strings.Replace(rec.Body.String(), host.Replace(old), host.Replace(with), 1)
			answerWith(rec.Code, rec.Header().Get("Content-Type"), body)(w, r)
		}
	}
}

// instead answers with something else.
func instead(h http.HandlerFunc) broken { return func(http.HandlerFunc) http.HandlerFunc { return h } }

func body(text string) broken { return instead(answer(text)) }

func status(n int) broken {
	return instead(answerWith(n, "application/json", `{"error":{"code":"Some_Code","message":"it says `+theToken+`"}}`))
}

// page2 breaks the second page alone.
func page2(b broken) broken {
	return func(good http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("$skiptoken") != "" {
				b(good)(w, r)
				return
			}
			good(w, r)
		}
	}
}

// redirected sends the first request elsewhere, where all is well.
func redirected(good http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/moved") {
			good(w, r)
			return
		}
		http.Redirect(w, r, "/v1.0/moved?$skiptoken=2", http.StatusTemporaryRedirect)
	}
}

func cutOff(http.HandlerFunc) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
}

// cutShort loses the last byte.
func cutShort(good http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		good(rec, r)
		w.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
		whole := rec.Body.String()
		answerWith(rec.Code, rec.Header().Get("Content-Type"), whole[:len(whole)-1])(w, r)
	}
}

// badAnswer is one way in which Graph may fail.
type badAnswer struct {
	operation, name string
	bad             broken
	want            Reason
	text            string // in the error; of ask: all that was learned
	requests        int32  // 0: as many as of a good one
}

// TestAdversarialGraph asks one server twice: as it should answer, and with the
// one thing wrong that the case's name says.
func TestAdversarialGraph(t *testing.T) {
	all := operations()
	cases := slices.Concat(askCases(), checkCases(), batchCases(), listCases(), pageCases(), nameCases(), registrationCases(), imageCases())
	seen := map[string]bool{}
	for _, tt := range cases {
		name := tt.operation + "/" + tt.name
		if seen[name] {
			t.Errorf("two cases are called %q", name)
		}
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			op := all[tt.operation]
			var handler atomic.Value
			f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Connection", "close") // on an idle connection net/http may ask twice
				handle, _ := handler.Load().(http.HandlerFunc)
				handle(w, r)
			})
			handler.Store(op.good)
			learned, err := op.ask(t.Context(), f)
			if n := f.requests.Swap(0); err != nil || learned != op.learned || n != op.requests || f.log.Len() > 0 {
				t.Fatalf("the sibling is refused: %q, %v, %d requests, log %s", learned, err, n, f.log)
			}
			handler.Store(tt.bad(op.good))
			tt.refused(t, f, op)
		})
	}
	t.Attr("cases", strconv.Itoa(len(cases)))
	if len(cases) < 30 {
		t.Errorf("%d cases", len(cases))
	}
}

// refused expects the case's refusal, and nothing of the answer in it or in the log.
func (tt badAnswer) refused(t *testing.T, f *fakeGraph, op operation) {
	t.Helper()
	learned, err := op.ask(t.Context(), f)
	if n := f.requests.Load(); n != cmp.Or(tt.requests, op.requests) {
		t.Errorf("%d requests", n)
	}
	for _, never := range []string{theToken, "private", "eyJ", "22222222-", "33333333-"} {
		if strings.Contains(f.log.String(), never) || strings.Contains(learned, never) {
			t.Errorf("the result or the log holds %q: %s %s", never, learned, f.log)
		}
	}
	if tt.operation == "ask" {
		if learned != tt.text || err != nil || f.log.Len() == 0 {
			t.Errorf("learned %q, %v, want %q; log %s", learned, err, tt.text, f.log)
		}
		return
	}
	if err == nil || learned != "" {
		t.Fatalf("learned %q, %v", learned, err)
	}
	if e := refused(t, tt.name, err); e.Reason != tt.want || !strings.Contains(e.Error(), tt.text) {
		t.Errorf("reason %q (%v), want %q with %q", e.Reason, e, tt.want, tt.text)
	}
}

func askCases() []badAnswer {
	const second = ` {"b":2}`
	const first = `"id":"1","status":200,"body":{"a":1}`
	row := func(name string, bad broken, want string) badAnswer {
		return badAnswer{operation: "ask", name: name, bad: bad, text: want}
	}
	both := func(failed string) string { return failed + " " + failed }
	unreadable, large := both("502 Microsoft Graph's answer cannot be read."), strings.Repeat("x", maxResult)
	return []badAnswer{
		row("401", status(401), both("401 it says [redacted].")),
		row("403", status(403), both("403 it says [redacted].")),
		row("429", status(429), both("429 it says [redacted].")),
		row("500 in HTML", instead(answerWith(500, "text/html", "<h1>private</h1>")), both("500 Microsoft Graph answered with status 500.")),
		row("a redirect", redirected, unreadable),
		row("204", instead(answerWith(204, "", "")), unreadable),
		row("garbage", body("<html>private"), unreadable),
		row("two values", edited("]}", "]}{}"), unreadable),
		row("no responses", edited("responses", "Answers"), unreadable),
		row("responses are an object", body(`{"responses":{"1":{}}}`), unreadable),
		row("huge", body(`{"responses":[`+strings.Repeat(" ", maxAnswer)+`]}`), both("502 Microsoft Graph's answer is too large.")),
		row("cut short", cutShort, unreadable),
		row("cut off", cutOff, both("503 Microsoft Graph cannot be reached.")),

		row("an item is missing", edited(`"id":"1"`, `"id":"7"`), "502 Microsoft Graph did not answer this query."+second),
		row("an item's id has a zero in front", edited(`"id":"1"`, `"id":"01"`), "502 Microsoft Graph did not answer this query."+second),
		row("an item's id is a number", edited(`"id":"1"`, `"id":1`), "502 Microsoft Graph did not answer this query."+second),
		row("an item twice", edited(first, first+"},{"+first), "502 Microsoft Graph answered this query more than once."+second),
		row("an item's status is a text", edited(`"status":200`, `"status":"200"`), "502 Microsoft Graph did not answer this query."+second),
		row("an item has no status", edited(`"status":200,`, ""), "502 Microsoft Graph's answer cannot be read."+second),
		row("an item's status is none", edited("200", "99"), "502 Microsoft Graph's answer cannot be read."+second),
		row("an item is a redirect", edited("200", "302"), "302 Microsoft Graph answered with status 302."+second),
		row("an item is refused", edited(`200,"body":{"a":1}`, `403,"body":{"error":{"message":"`+theToken+`"}}`), "403 [redacted]."+second),
		row("an item is throttled", edited("200", "429"), "429 Microsoft Graph answered with status 429."+second),
		row("an item is too large", edited(`{"a":1}`, `{"a":"`+large+`"}`), "413 the result is larger than 65536 bytes."+second),
	}
}

func checkCases() []badAnswer {
	row := func(name string, bad broken, want Reason, text string) badAnswer {
		return badAnswer{operation: "check", name: name, bad: bad, want: want, text: text}
	}
	const shape = "not what was asked for"
	return []badAnswer{
		row("400", status(400), ReasonUnreadable, "400 Some_Code"),
		row("401", status(401), ReasonUnauthorized, "401 Some_Code"),
		row("403", status(403), ReasonForbidden, "403 Some_Code"),
		row("404", status(404), ReasonNotFound, "404 Some_Code"),
		row("429", status(429), ReasonUnavailable, "429 Some_Code"),
		row("500", status(500), ReasonUnavailable, "500 Some_Code"),
		row("204", instead(answerWith(204, "", "")), ReasonUnreadable, "204"),
		row("a redirect", redirected, ReasonUnreadable, "307"),
		row("empty", body(""), ReasonUnreadable, shape),
		row("garbage", body("<html>private"), ReasonUnreadable, shape),
		row("two values", edited("]}", "]}{}"), ReasonUnreadable, shape),
		row("the list alone", body(`["`+groupID(1)+`"]`), ReasonUnreadable, shape),
		row("value in capitals", edited(`"value"`, `"VALUE"`), ReasonUnreadable, shape),
		row("value is null", body(`{"value":null}`), ReasonUnreadable, shape),
		row("value is a text", body(`{"value":"`+groupID(1)+`"}`), ReasonUnreadable, shape),
		row("a number inside", edited("]}", ",1]}"), ReasonUnreadable, shape),
		row("null inside", edited("]}", ",null]}"), ReasonUnreadable, shape),
		row("it goes on elsewhere", edited("]}", `],"@odata.nextLink":"http://HOST/v1.0/me"}`), ReasonUnreadable, "not the whole list"),
		row("huge", body(`{"value":[`+strings.Repeat(" ", maxAnswer)+`]}`), ReasonUnreadable, "too large"),
		row("cut short", cutShort, ReasonUnavailable, "unexpected EOF"),
		row("cut off", cutOff, ReasonUnavailable, ""),
	}
}

func batchCases() []badAnswer {
	row := func(name string, bad broken, want Reason, text string) badAnswer {
		return badAnswer{operation: "batch", name: name, bad: bad, want: want, text: text}
	}
	const item = `{"id":"2","status":200,`
	const shape = "not what was asked for"
	return []badAnswer{
		row("403", status(403), ReasonForbidden, "403 Some_Code"),
		row("503", status(503), ReasonUnavailable, "503 Some_Code"),
		row("no responses", body(`{}`), ReasonUnreadable, shape),
		row("a part is missing", edited(`"id":"2"`, `"id":"3"`), ReasonUnreadable, shape),
		row("a part twice", edited(item, `{"id":"2","status":200,"body":{"value":[]}},`+item), ReasonUnreadable, shape),
		row("a part's id is another's", edited(`"id":"2"`, `"id":"1"`), ReasonUnreadable, shape),
		row("a part is forbidden", edited(item, `{"id":"2","status":403,`), ReasonForbidden, "403"),
		row("a part is not found", edited(item, `{"id":"2","status":404,`), ReasonNotFound, "404"),
		row("a part is not authorized", edited(item, `{"id":"2","status":401,`), ReasonUnauthorized, "401"),
		row("a part is throttled", edited(item, `{"id":"2","status":429,`), ReasonUnavailable, "429"),
		row("a part fails", edited(item, `{"id":"2","status":500,`), ReasonUnavailable, "500"),
		row("a part is a redirect", edited(item, `{"id":"2","status":302,`), ReasonUnreadable, "302"),
		row("a part has no content", edited(item, `{"id":"2","status":204,`), ReasonUnreadable, "204"),
		row("a part's status is a text", edited(item, `{"id":"2","status":"200",`), ReasonUnreadable, shape),
		row("a part's body is base64", edited(item+`"body":`+list(groupID(21)), item+`"body":"`+b64(list(groupID(21)))+`"`), ReasonUnreadable, ""),
		row("a part's list goes on", edited("]}},", `],"@odata.nextLink":"x"}},`), ReasonUnreadable, "not the whole list"),
		row("a part's list holds a number", edited("]}},", ",1]}},"), ReasonUnreadable, shape),
		row("cut short", cutShort, ReasonUnavailable, "unexpected EOF"),
	}
}

func listCases() []badAnswer {
	row := func(name string, bad broken, want Reason, text string) badAnswer {
		return badAnswer{operation: "list", name: name, bad: bad, want: want, text: text}
	}
	const shape = "not what was asked for"
	return []badAnswer{
		row("401", status(401), ReasonUnauthorized, "401"),
		row("403", status(403), ReasonForbidden, "403"),
		row("404", status(404), ReasonNotFound, "404"),
		row("429", status(429), ReasonUnavailable, "429"),
		row("too long in other words", instead(answerWith(400, "application/json", strings.ToLower(tooLong))), ReasonUnreadable, "400"),
		row("no value", body(`{}`), ReasonUnreadable, shape),
		row("value is an object", body(`{"value":{"0":"`+groupID(1)+`"}}`), ReasonUnreadable, shape),
		row("objects inside", body(page("", groupID(1))), ReasonUnreadable, shape),
		row("huge", body(`{"value":[`+strings.Repeat(" ", maxAnswer)+`]}`), ReasonUnreadable, "too large"),
		row("cut short", cutShort, ReasonUnavailable, "unexpected EOF"),
	}
}

func pageCases() []badAnswer {
	row := func(name string, bad broken, want Reason, text string) badAnswer {
		return badAnswer{operation: "pages", name: name, bad: bad, want: want, text: text}
	}
	const base, rest = "http://HOST/v1.0/", "me/transitiveMemberOf?$skiptoken=2"
	const shape = "not what was asked for"
	link := func(name, to string) badAnswer {
		r := row("a link to "+name, edited(base+rest, to), ReasonUnreadable, "leads elsewhere")
		r.requests = 2
		return r
	}
	circle := row("a link to itself", edited(base+rest, base+"users/"+strings.ToLower(aUser)+pageQuery), ReasonUnreadable, "in a circle")
	circle.requests = 2
	number := row("a link that is a number", edited(`"`+base+rest+`"`, "2"), ReasonUnreadable, shape)
	number.requests = 2
	return []badAnswer{
		link("another name of the host", "http://LOCALHOST/v1.0/"+rest),
		link("another scheme", "https://HOST/v1.0/"+rest),
		link("another version", "http://HOST/beta/"+rest),
		link("above the version", base+"../v1.0/"+rest),
		link("above the version, escaped", base+"%2e%2e/v1.0/"+rest),
		link("the host as another's user", "http://HOST@graph.example/v1.0/"+rest),
		link("a user of the host", "http://x@HOST/v1.0/"+rest),
		link("a path alone", "/v1.0/"+rest),
		link("a fragment", base+rest+"#x"),
		link("nowhere", ""),
		number,
		circle,
		row("a second page that is the first", page2(func(http.HandlerFunc) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				answer(page("http://"+r.Host+"/v1.0/"+rest, groupID(2)))(w, r)
			}
		}), ReasonUnreadable, "in a circle"),
		row("a second page that is forbidden", page2(status(403)), ReasonForbidden, "403"),
		row("a second page that is throttled", page2(status(429)), ReasonUnavailable, "429"),
		row("a second page that fails", page2(status(500)), ReasonUnavailable, "500"),
		row("a second page that is a redirect", page2(redirected), ReasonUnreadable, "307"),
		row("a second page that is garbage", page2(body("<html>private")), ReasonUnreadable, shape),
		row("a second page without a value", page2(edited(`"value"`, `"values"`)), ReasonUnreadable, shape),
		row("a second page of texts", page2(body(list(groupID(2)))), ReasonUnreadable, shape),
		row("a second page with an id that is null", page2(edited(`"`+groupID(2)+`"`, "null")), ReasonUnreadable, shape),
		row("a second page without an id", page2(edited(`"id"`, `"ID"`)), ReasonUnreadable, shape),
		row("a second page that is cut short", page2(cutShort), ReasonUnavailable, "unexpected EOF"),
		row("a second page that is cut off", page2(cutOff), ReasonUnavailable, ""),
	}
}

func registrationCases() []badAnswer {
	row := func(name string, bad broken, want Reason, text string) badAnswer {
		return badAnswer{operation: "registration", name: name, bad: bad, want: want, text: text}
	}
	member := func(name, value string) badAnswer {
		return row(name+" is "+cmp.Or(value, "missing"), body(registered(name, value)), ReasonUnreadable, "not what was asked for")
	}
	return []badAnswer{
		row("401", status(401), ReasonUnauthorized, "401"),
		row("403", status(403), ReasonForbidden, "403"),
		row("404", status(404), ReasonNotFound, "404"),
		row("500", status(500), ReasonUnavailable, "500"),
		row("a redirect", redirected, ReasonUnreadable, "307"),
		row("garbage", body("<html>private"), ReasonUnreadable, ""),
		row("another application", body(registered("appId", `"`+aUser+`"`)), ReasonUnreadable, ""),
		member("appId", ""),
		member("displayName", "7"),
		member("servicePrincipalNames", "null"),
		member("servicePrincipalNames", `["api://orders",1]`),
		member("oauth2PermissionScopes", ""),
		member("oauth2PermissionScopes", `[{"value":"a","isEnabled":"true"}]`),
		member("info", "[]"),
		row("cut short", cutShort, ReasonUnavailable, "unexpected EOF"),
	}
}

func imageCases() []badAnswer {
	row := func(name string, bad broken, want Reason, text string) badAnswer {
		return badAnswer{operation: "image", name: name, bad: bad, want: want, text: text}
	}
	as := func(text string) broken { return instead(answerWith(200, "image/png", text)) }
	return []badAnswer{
		row("403", status(403), ReasonForbidden, "403"),
		row("404", status(404), ReasonNotFound, "404"),
		row("500", status(500), ReasonUnavailable, "500"),
		row("204", instead(answerWith(204, "", "")), ReasonUnreadable, "204"),
		row("a redirect", redirected, ReasonUnreadable, "307"),
		row("HTML", as("<html>private"), ReasonUnreadable, ""),
		row("SVG", as(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ReasonUnreadable, ""),
		row("a text in front", as(" "+aPNG), ReasonUnreadable, ""),
		row("empty", as(""), ReasonUnreadable, ""),
		row("huge", as(aPNG+strings.Repeat("x", maxImage)), ReasonUnreadable, "too large"),
		row("cut short", cutShort, ReasonUnavailable, "unexpected EOF"),
		row("cut off", cutOff, ReasonUnavailable, ""),
	}
}
