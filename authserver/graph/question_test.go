package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// question is one way to ask Graph something else than queries.
type question struct {
	name string
	ask  func(context.Context, *Client, secret.String) error
	good http.HandlerFunc // an answer that is fine
	then bool             // the answer follows one that says that the list is too long
}

const (
	aUser   = "22222222-0000-4000-8000-00000000000A"
	theApp  = "11111111-0000-4000-8000-00000000000B"
	tooLong = `{"error":{"code":"Directory_ResultSizeLimitExceeded","message":"private"}}`
)

// groupID is the n-th group of a test.
func groupID(n int) string { return fmt.Sprintf("33333333-0000-4000-8000-%012x", n) }

func groupIDsOf(from, to int) (ids []string) {
	for n := from; n <= to; n++ {
		ids = append(ids, groupID(n))
	}
	return ids
}

func questions() []question {
	check := func(n int) func(context.Context, *Client, secret.String) error {
		return func(ctx context.Context, c *Client, token secret.String) error {
			_, err := c.CheckMemberGroups(ctx, token, "", groupIDsOf(1, n))
			return err
		}
	}
	list := func(ctx context.Context, c *Client, token secret.String) error {
		_, err := c.MemberGroups(ctx, token, aUser)
		return err
	}
	read := func(ctx context.Context, c *Client, token secret.String) error {
		_, err := c.Registration(ctx, token, theApp)
		return err
	}
	names := func(ctx context.Context, c *Client, token secret.String) error {
		_, err := c.GroupNames(ctx, token, groupIDsOf(1, 400))
		return err
	}
	return []question{
		{"names", names, answer(`{"value":[]}`), false},
		{"check", check(20), answer(`{"value":[]}`), false},
		{"check in a batch", check(21), answer(`{"responses":[{"id":"1","status":200,"body":{"value":[]}},{"id":"2","status":200,"body":{"value":[]}}]}`), false},
		{"list", list, answer(`{"value":[]}`), false},
		{"list in pages", list, answer(`{"value":[]}`), true},
		{"registration", read, answer(`{"appId":"` + theApp + `","servicePrincipalNames":[],"oauth2PermissionScopes":[]}`), false},
	}
}

// asked asks q of a server that answers with h, and checks the number of requests
// and what must hold of every error. It returns nil if there was none.
func (q question) asked(t *testing.T, name string, timeout time.Duration, h http.HandlerFunc) *Error {
	t.Helper()
	before := int32(0)
	var f *fakeGraph
	f = newFake(t, timeout, func(w http.ResponseWriter, r *http.Request) {
		if q.then && f.requests.Load() == 1 {
			w.Header().Set("Connection", "close") // on an idle connection net/http may ask twice
			answerWith(400, "application/json", tooLong)(w, r)
			return
		}
		h(w, r)
	})
	if q.then {
		before = 1
	}
	err := q.ask(t.Context(), f.Client, secret.New(theToken))
	if n := f.requests.Load() - before; n != 1 {
		t.Errorf("%s, %s: %d requests", q.name, name, n)
	}
	if f.log.Len() > 0 {
		t.Errorf("%s, %s: logged as well: %s", q.name, name, f.log)
	}
	if err == nil {
		return nil
	}
	return refused(t, q.name+", "+name, err)
}

// refused checks what must hold of every Error.
func refused(t *testing.T, name string, err error) *Error {
	t.Helper()
	failed, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%s: %T %v", name, err, err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, never := range []string{theToken, "private", "eyJ", "22222222-", "33333333-", "http:", "skiptoken", "\n"} {
			if text := fmt.Sprintf("%v %+v %s", e, e, e); strings.Contains(text, never) {
				t.Errorf("%s: the error holds %q: %s", name, never, text)
			}
		}
	}
	return failed
}
