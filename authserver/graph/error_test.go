package graph

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestQuestionsAreRefused(t *testing.T) {
	const json = "application/json"
	status := func(status int) http.HandlerFunc {
		return answerWith(status, json, `{"error":{"code":"Some_Code","message":"private `+theToken+`"}}`)
	}
	with := func(h http.HandlerFunc, name, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(name, value)
			h(w, r)
		}
	}
	const minute, longest = time.Minute, 5 * time.Minute
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
		want   Error
		text   string // in the error's
	}{
		{"401", status(401), Error{Reason: ReasonUnauthorized}, "graph answered 401 Some_Code"},
		{"401 with a claims challenge", with(status(401), "WWW-Authenticate", demand(b64(theClaims))), Error{Reason: ReasonUnauthorized, Claims: theClaims}, "401"},
		{"401 with a challenge that cannot be read", with(status(401), "WWW-Authenticate", "Bearer claims="), Error{Reason: ReasonUnauthorized}, "401"},
		{"403", status(403), Error{Reason: ReasonForbidden}, "graph answered 403 Some_Code"},
		{"403 with a claims challenge", with(status(403), "WWW-Authenticate", demand(b64(theClaims))), Error{Reason: ReasonForbidden, Claims: theClaims}, "403"},
		{"403 without a body", answerWith(403, "", ""), Error{Reason: ReasonForbidden}, "graph answered 403"},
		{"403 with an odd code", answerWith(403, json, `{"error":{"code":"private matters","message":7}}`), Error{Reason: ReasonForbidden}, "graph answered 403"},
		{"404", status(404), Error{Reason: ReasonNotFound}, "404"},
		{"400", status(400), Error{Reason: ReasonUnreadable}, "400 Some_Code"},
		{"405", status(405), Error{Reason: ReasonUnreadable}, "405"},
		{"408", status(408), Error{Reason: ReasonUnavailable}, "408"},
		{"429", status(429), Error{Reason: ReasonUnavailable}, "429"},
		{"429 with Retry-After", with(status(429), "Retry-After", "60"), Error{Reason: ReasonUnavailable, RetryAfter: minute}, "429"},
		{"429 with a date", with(status(429), "Retry-After", "Sun, 01 Mar 2026 12:01:00 GMT"), Error{Reason: ReasonUnavailable, RetryAfter: minute}, "429"},
		{"429 with an hour", with(status(429), "Retry-After", "3600"), Error{Reason: ReasonUnavailable, RetryAfter: longest}, "429"},
		{"429 with nonsense", with(status(429), "Retry-After", "soon"), Error{Reason: ReasonUnavailable}, "429"},
		{"500", status(500), Error{Reason: ReasonUnavailable}, "500"},
		{"500 in HTML", answerWith(500, "text/html", "<h1>private</h1>"), Error{Reason: ReasonUnavailable}, "graph answered 500"},
		{"503 with Retry-After", with(status(503), "Retry-After", "60"), Error{Reason: ReasonUnavailable, RetryAfter: minute}, "503"},
		{"503 that is huge", answerWith(503, json, `"`+strings.Repeat("x", maxAnswer)+`"`), Error{Reason: ReasonUnavailable}, "503"},
		{"600", status(600), Error{Reason: ReasonUnreadable}, "600"},
		{"302", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/private", http.StatusFound) }, Error{Reason: ReasonUnreadable}, ""},
		{"307", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/private", http.StatusTemporaryRedirect)
		}, Error{Reason: ReasonUnreadable}, ""},
		{"204", answerWith(204, "", ""), Error{Reason: ReasonUnreadable}, ""},
		{"empty", answer(``), Error{Reason: ReasonUnreadable}, "not what was asked for"},
		{"garbage", answer(`<html>private</html>`), Error{Reason: ReasonUnreadable}, "not what was asked for"},
		{"null", answer(`null`), Error{Reason: ReasonUnreadable}, ""},
		{"a list", answer(`[]`), Error{Reason: ReasonUnreadable}, ""},
		{"a text", answer(`"private"`), Error{Reason: ReasonUnreadable}, ""},
		{"an object of something else", answer(`{}`), Error{Reason: ReasonUnreadable}, ""},
		{"an error with status 200", answer(tooLong), Error{Reason: ReasonUnreadable}, ""},
		{"nested deeply", answer(`{"value":` + strings.Repeat("[", 200_000)), Error{Reason: ReasonUnreadable}, ""},
		{"huge", answer(`{"value":[` + strings.Repeat(" ", maxAnswer) + `]}`), Error{Reason: ReasonUnreadable}, "too large"},
		{"cut short", with(answer(`{"value":[`), "Content-Length", "1000"), Error{Reason: ReasonUnavailable}, "unexpected EOF"},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Error{Reason: ReasonUnavailable}, ""},
		{"no HTTP", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // whoever is still writing would hear of that instead
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, "private "+theToken+"\r\n\r\n")
				_ = conn.Close()
			}
		}, Error{Reason: ReasonUnavailable}, "the exchange with graph failed"},
	} {
		for _, q := range questions() {
			got := q.asked(t, tt.name, time.Minute, tt.handle)
			if got == nil {
				t.Errorf("%s, %s: no error", q.name, tt.name)
				continue
			}
			if got.Reason != tt.want.Reason || got.Claims != tt.want.Claims || got.RetryAfter != tt.want.RetryAfter || !strings.Contains(got.Error(), tt.text) {
				t.Errorf("%s, %s: %+v %v", q.name, tt.name, *got, got)
			}
		}
	}
	for _, q := range questions() {
		if err := q.asked(t, "nothing wrong", time.Minute, q.good); err != nil {
			t.Errorf("%s, nothing wrong: %v", q.name, err)
		}
		if err := q.asked(t, "no content type", time.Minute, with(q.good, "Content-Type", "text/plain")); err != nil {
			t.Errorf("%s, no content type: %v", q.name, err)
		}
	}
}

func TestQuestionsTakeTheirTime(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client go
		<-r.Context().Done()
	}
	for _, q := range questions() {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			const patience = 400 * time.Millisecond // enough for the request to arrive
			got := q.asked(t, "no answer", patience, hang)
			if got == nil || got.Reason != ReasonUnavailable || !errors.Is(got, context.DeadlineExceeded) {
				t.Errorf("%v", got)
			}
			got = q.asked(t, "half an answer", patience, func(w http.ResponseWriter, r *http.Request) {
				answer(`{"value":[`)(w, r)
				_ = http.NewResponseController(w).Flush()
				hang(w, r)
			})
			if got == nil || got.Reason != ReasonUnavailable || !errors.Is(got, context.DeadlineExceeded) {
				t.Errorf("%v", got)
			}

			f := newFake(t, time.Hour, q.good)
			gone, leave := context.WithCancel(t.Context())
			leave()
			got = refused(t, q.name, q.ask(gone, f.Client, secret.New(theToken)))
			if got.Reason != ReasonUnavailable || !errors.Is(got, context.Canceled) || f.requests.Load() != 0 {
				t.Errorf("the caller is gone: %v, %d requests", got, f.requests.Load())
			}
		})
	}
}

func TestQuestionsWithoutAToken(t *testing.T) {
	for _, q := range questions() {
		f := newFake(t, time.Minute, q.good)
		got := refused(t, q.name, q.ask(t.Context(), f.Client, secret.String{}))
		if got.Reason != ReasonUnauthorized || f.requests.Load() != 0 {
			t.Errorf("%s: %v, %d requests", q.name, got, f.requests.Load())
		}
		got = refused(t, q.name, q.ask(t.Context(), f.Client, secret.New(theToken+"\r\nX: y")))
		if got.Reason != ReasonUnavailable || f.requests.Load() != 0 {
			t.Errorf("%s, no header value: %v, %d requests", q.name, got, f.requests.Load())
		}
	}
}

func TestQuestionsWithoutANetwork(t *testing.T) {
	for _, q := range questions() {
		f := newFake(t, time.Minute, nil)
		f.adapter.SetBaseUrl("http://127.0.0.1:1/v1.0")
		got := refused(t, q.name, q.ask(t.Context(), f.Client, secret.New(theToken)))
		if got.Reason != ReasonUnavailable || !strings.Contains(got.Error(), "127.0.0.1:1: connect: ") {
			t.Errorf("%s, closed port: %v", q.name, got)
		}

		c, err := New(Config{Log: slog.New(slog.DiscardHandler), Client: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			panic("private " + theToken)
		})}})
		if err != nil {
			t.Fatal(err)
		}
		got = refused(t, q.name, q.ask(t.Context(), c, secret.New(theToken)))
		if got.Reason != ReasonUnavailable || !strings.Contains(got.Error(), "panic") {
			t.Errorf("%s, panic: %v", q.name, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := testTime()
	for _, tt := range []struct {
		header string
		want   time.Duration
	}{
		{"", 0},
		{"0", 0},
		{"1", time.Second},
		{" 30 ", 30 * time.Second},
		{"0030", 30 * time.Second},
		{"300", 5 * time.Minute},
		{"301", 5 * time.Minute},
		{strings.Repeat("9", 60), 5 * time.Minute},
		{strings.Repeat("9", 65), 0},
		{"-1", 0},
		{"+1", 0},
		{"1.5", 0},
		{"1e2", 0},
		{"0x10", 0},
		{"\u0663", 0},
		{"soon", 0},
		{"1, 2", 0},
		{now.Add(time.Minute).UTC().Format(http.TimeFormat), time.Minute},
		{now.Add(time.Minute).UTC().Format(time.RFC850), time.Minute},
		{now.Add(time.Minute).UTC().Format(time.ANSIC), time.Minute},
		{now.Add(time.Hour).UTC().Format(http.TimeFormat), 5 * time.Minute},
		{now.Add(-time.Minute).UTC().Format(http.TimeFormat), 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 5 * time.Minute},
		{"Mon, 01 Jan 0001 00:00:00 GMT", 0},
		{"2026-03-01T12:01:00Z", 0},
	} {
		if got := retryAfter(tt.header, now); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.header, got, tt.want)
		}
	}
}
