package pages

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestConfirmSignOutEverywhere(t *testing.T) {
	p := newPages(t)
	for _, tt := range []struct {
		everywhere bool
		want       []string
	}{
		{false, []string{"= Sign out"}},
		{true, []string{"= Sign out", "everywhere=1 Sign out everywhere"}}, // the first is what Enter presses
	} {
		pg := render(t, func(w http.ResponseWriter) {
			p.ConfirmSignOut(w, ConfirmSignOut{Action: "/easyauth/logout", ReturnURL: "/back", Everywhere: tt.everywhere})
		})
		var got []string
		for _, b := range pg.all("button") {
			got = append(got, attr(b, "name")+"="+attr(b, "value")+" "+textOf(b))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q, want %q", tt.everywhere, got, tt.want)
		}
		if strings.Contains(pg.text, "other browsers") != tt.everywhere || len(pg.all("form")) != 1 || len(pg.all("input")) != 1 {
			t.Errorf("%v: %q", tt.everywhere, pg.text)
		}
	}
}

func TestEmpty(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Frame-Options", "DENY") // as a caller may have set for all its answers
		Empty(w)
	}))
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.ContentLength != 0 {
		t.Errorf("status %d, %d bytes", resp.StatusCode, resp.ContentLength)
	}
	for key, want := range map[string][]string{
		"Cache-Control": {"no-cache, no-store"}, "Pragma": {"no-cache"}, "X-Frame-Options": nil, "Content-Type": nil,
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors *"}, "X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"},
	} {
		if got := resp.Header.Values(key); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}
