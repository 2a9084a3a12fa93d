package matrix

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// ambiguous are paths that lie below /public/ or at a page for everybody in one reading, and below /admin/ in another.
func ambiguous() []string {
	return []string{
		"/public/../admin/x", "/public/./../admin/x", "/public/x/../../admin/x", "/public/..", "/x/../admin/x", "/public/../admin",
		"/public/%2e%2e/admin/x", "/public/%2E./admin/x", "/public/.%2e/admin/x", "/public/..%2fadmin/x", "/public/..%2Fadmin/x", "/public%2f..%2fadmin%2fx",
		"/public/..%5cadmin/x", "/public/..%5Cadmin%5Cx", "/public/..\\admin/x", "/public\\..\\admin\\x",
		"/public/..;/admin/x", "/public/..;a=b/admin/x", "/public/..%3b/admin/x", "/public/%2e%2e;/admin/x", "/public/.;/../admin/x",
		"/admin;a=b/x", "/;/admin/x", "/x;/../admin/x", "//x/admin/y", "//public/admin/../../admin/x", "/public//../admin/x", "/admin//../public/x",
		"/public/%252e%252e/admin/x", "/public/..%252fadmin/x", "/public/..%255cadmin/x", "/public/..%253b/admin/x",
		"/ADMIN/x", "/Admin/x", "/%61dmin/x", "/%41dmin/x", "/admin%2fx", "/admin%5cx",
		"/PUBLIC/../ADMIN/x", "http://" + Host + "/public/../admin/x", "http://other.example/admin/x",
	}
}

// plain are paths that look a little like them and have one reading.
func plain() []string {
	return []string{"/public/a..b", "/public/..a/b", "/public/.well-known/x", "/public/x?y=/../admin;z//%2f%5c..", "/public/%C3%BC%20x", "/public/100%25", "/public/a.b.c/d"}
}

// RefusesPathsOfTwoReadings asks for paths that the proxy may take for public, and the application for those of an
// administrator. The application must not get one of them from somebody who lacks the role, whatever it makes of a
// path. In a bare stand some arrive.
func RefusesPathsOfTwoReadings(t *testing.T, proxies ...Proxy) {
	t.Helper()
	program := build(t)
	for _, p := range proxies {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			refusesPathsOfTwoReadings(t, program, p)
		})
	}
}

func refusesPathsOfTwoReadings(t *testing.T, program string, p Proxy) {
	t.Helper()
	s := begin(t, program, p, false)
	for who, cookies := range map[string]string{"nobody": "", "somebody without the role": s.signedIn(t, entra.Bob).cookies()} {
		for _, target := range ambiguous() {
			if e := s.raw(t, target, cookies); e != nil && misread(e.Target, who, p.CaseMatters) {
				t.Errorf("%s: %q reaches the application as %q", who, target, e.Target)
			}
		}
	}
	for _, target := range plain() {
		if e := s.raw(t, target, ""); e == nil || e.Target != target && e.Target != strings.ReplaceAll(target, ";", "&") { // Traefik writes a query so
			t.Errorf("%q does not arrive: %+v", target, e)
		}
	}
	s = begin(t, program, p, true)
	var arrived []string
	for _, target := range ambiguous() {
		if e := s.raw(t, target, ""); e != nil && misread(e.Target, "nobody", p.CaseMatters) {
			arrived = append(arrived, target)
		}
	}
	if len(arrived) == 0 {
		t.Error("without the guard no path of two readings arrives: this test sees nothing")
	}
}

// misread tells whether an application could take a path for another one than this person may open.
func misread(target, who string, caseMatters bool) bool {
	return slices.ContainsFunc(readings(target, caseMatters), func(p string) bool {
		if who == "nobody" && !strings.HasPrefix(p+"/", "/public/") {
			return true
		}
		return strings.HasPrefix(p+"/", "/admin/")
	})
}

// readings are all paths that an application could make of a request's target, by decoding, dropping, folding and
// joining, in any order and again.
func readings(target string, caseMatters bool) []string {
	raw, _, _ := strings.Cut(target, "?")
	found := []string{raw}
	for i := 0; i < len(found) && len(found) < 2000; i++ {
		for _, next := range rereadings(found[i], caseMatters) {
			if !slices.Contains(found, next) {
				found = append(found, next)
			}
		}
	}
	// Only of those is asked of which nothing more can be made.
	return slices.DeleteFunc(found, func(p string) bool { return len(rereadings(p, caseMatters)) > 0 })
}

func rereadings(p string, caseMatters bool) []string {
	var next []string
	add := func(q string) {
		if q != p {
			next = append(next, q)
		}
	}
	if decoded, err := url.PathUnescape(p); err == nil {
		add(decoded)
	}
	add(strings.ReplaceAll(p, "\\", "/"))
	if !caseMatters {
		add(strings.ToLower(p))
	}
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	add(strings.Join(segments, "/"))
	add(path.Clean(p))
	if u, err := url.Parse(p); err == nil && u.Host != "" {
		add(u.EscapedPath())
	}
	return next
}

// raw sends a target as it is; nil: it did not reach the application.
func (s *stand) raw(t *testing.T, target, cookies string) *Echo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: Host}} // of the stand's own making
	conn, err := d.DialContext(ctx, "tcp", s.place.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		t.Fatal(err)
	}
	if cookies != "" {
		cookies = "Cookie: " + cookies + "\r\n"
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n%sConnection: close\r\n\r\n", target, Host, cookies); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil // closed without an answer
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e Echo
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Application") == "" || json.Unmarshal(text, &e) != nil {
		return nil
	}
	return &e
}
