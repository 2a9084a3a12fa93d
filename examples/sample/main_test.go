package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestValuesAreSplitBeforeTheyAreDecoded(t *testing.T) {
	h := http.Header{}
	h.Set("X-Injected-Roles", "a%7Cb|c+d|%zz")
	if got := values(h, "Roles"); !slices.Equal(got, []string{"a|b", "c d", "%zz"}) {
		t.Errorf("%q", got)
	}
	if got := values(h, "Groups"); got != nil {
		t.Errorf("an absent header: %q", got)
	}
}

func TestPageEscapes(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x?<script>", nil)
	r.Header.Set("X-Injected-Name", "%3Cscript%3Ealert(1)%3C%2Fscript%3E")
	rec := httptest.NewRecorder()
	routes().ServeHTTP(rec, r)
	if body := rec.Body.String(); strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
		t.Error(body)
	}
}

func TestEcho(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/a%2Fb?x=%7C", nil)
	r.Header.Set("X-Injected-Name", "n")
	rec := httptest.NewRecorder()
	routes().ServeHTTP(rec, r)
	for _, want := range []string{`"uri":"/api/a%2Fb?x=%7C"`, `"method":"POST"`, `"X-Injected-Name":["n"]`} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s is not in %s", want, rec.Body)
		}
	}
}
