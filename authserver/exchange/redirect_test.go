package exchange

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// RFC 8252, sections 7.3 and 8.3.
func TestRedirects(t *testing.T) {
	a, err := newRedirects([]string{tool})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ bad, good string }{ // one thing changed back
		{"", "http://127.0.0.1"},
		{"http://localhost:8123/", "http://127.0.0.1:8123/"},
		{"http://LOCALHOST", "http://127.0.0.1"},
		{"http://127.0.0.1.evil.example/", "http://127.0.0.1/evil.example/"},
		{"http://127.0.0.1evil.example/", "http://127.0.0.1/"},
		{"http://127.0.0.1@evil.example/", "http://127.0.0.1/@evil.example/"},
		{"http://127.0.0.1:80@evil.example/", "http://127.0.0.1:80/@evil.example/"},
		{"http://user@127.0.0.1/", "http://127.0.0.1/user@"},
		{"http://user:pw@127.0.0.1/", "http://127.0.0.1/"},
		{"http://127.0.0.2/", "http://127.0.0.1/"},
		{"http://127.1/", "http://127.0.0.1/"},
		{"http://2130706433/", "http://127.0.0.1/"},
		{"http://0x7f.0.0.1/", "http://127.0.0.1/"},
		{"http://127.0.0.1./", "http://127.0.0.1/."},
		{"http://127.0.0.01/", "http://127.0.0.1/01/"},
		{"http://0.0.0.0/", "http://127.0.0.1/"},
		{"http://[::]/", "http://[::1]/"},
		{"http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"},
		{"http://[::ffff:127.0.0.1]/", "http://[::1]/"},
		{"http://[::1%25lo]/", "http://[::1]/"},
		{"http://[::1].evil.example/", "http://[::1]/.evil.example/"},
		{"http://[::1]evil", "http://[::1]"},
		{"http://::1/", "http://[::1]/"},
		{"HTTP://127.0.0.1/", "http://127.0.0.1/"},
		{"https://127.0.0.1/", "http://127.0.0.1/"},
		{"http:127.0.0.1/", "http://127.0.0.1/"},
		{"http:/127.0.0.1/", "http://127.0.0.1/"},
		{"http:///127.0.0.1/", "http://127.0.0.1/"},
		{"//127.0.0.1/", "http://127.0.0.1/"},
		{"127.0.0.1:8123", "http://127.0.0.1:8123"},
		{" http://127.0.0.1/", "http://127.0.0.1/"},
		{"http://127.0.0.1/ ", "http://127.0.0.1/%20"},
		{"http://127.0.0.1/\n", "http://127.0.0.1/%0A"},
		{"http://127.0.0.1/\t", "http://127.0.0.1/%09"},
		{"http://127.0.0.1/\x00", "http://127.0.0.1/"},
		{"http://127.0.0.1\\evil.example/", "http://127.0.0.1/evil.example/"},
		{"http://127.0.0.1/é", "http://127.0.0.1/%C3%A9"},
		{"http://127.0.0.1/\"", "http://127.0.0.1/'"},
		{"http://127.0.0.1/<", "http://127.0.0.1/%3C"},
		{"http://127.0.0.1/%", "http://127.0.0.1/%25"},
		{"http://127.0.0.1/%zz", "http://127.0.0.1/%AA"},
		{"http://127.0.0.1/[", "http://127.0.0.1/("},
		{"http://127.0.0.1/#", "http://127.0.0.1/"},
		{"http://127.0.0.1/x#code=1", "http://127.0.0.1/x?y=1"},
		{"http://127.0.0.1:/", "http://127.0.0.1:1/"},
		{"http://127.0.0.1:0/", "http://127.0.0.1:1/"},
		{"http://127.0.0.1:65536/", "http://127.0.0.1:65535/"},
		{"http://127.0.0.1:080/", "http://127.0.0.1:80/"},
		{"http://127.0.0.1:+80/", "http://127.0.0.1:80/"},
		{"http://127.0.0.1:8x/", "http://127.0.0.1:8/"},
		{"http://127.0.0.1:80:81/", "http://127.0.0.1:80/:81/"},
		{"http://127.0.0.1/?code=x", "http://127.0.0.1/?codes=x"},
		{"http://127.0.0.1?state=", "http://127.0.0.1?x="},
		{"http://127.0.0.1/?a=1&error=x", "http://127.0.0.1/?a=1&errors=x"},
		{"http://127.0.0.1/?c%6fde=x", "http://127.0.0.1/?c%6f=x"},
		{"http://127.0.0.1/?a;b", "http://127.0.0.1/?a,b"},
		{"http://127.0.0.1/" + strings.Repeat("a", 496), "http://127.0.0.1/" + strings.Repeat("a", 495)},
		{"https://tool.example.com/back", tool},
		{tool + "&y=2", tool},
		{tool + "#", tool},
		{"http://tool.example.com/back?x=1", tool},
	} {
		if a.check(row.bad) == nil {
			t.Errorf("%q is accepted", row.bad)
		}
		if err := a.check(row.good); err != nil {
			t.Errorf("%q: %v", row.good, err)
		}
	}
}

func TestConfiguredRedirects(t *testing.T) {
	for _, row := range []struct{ bad, good string }{
		{"http://tool.example.com/", "https://tool.example.com/"},
		{"https:///back", "https://a/back"},
		{"https://user@tool.example.com/", "https://tool.example.com/user"},
		{"https://tool.example.com/#x", "https://tool.example.com/?x"},
		{"https://tool.example.com/\\", "https://tool.example.com/"},
		{"https://tool.example.com/?code=x", "https://tool.example.com/?x=code"},
		{"com.example.app:/back", "https://example.com/back"},
		{"https://tool.example.com/" + strings.Repeat("a", 512), "https://tool.example.com:8443/"},
		{"", "https://[2001:db8::1]/"},
		{"HTTPS://tool.example.com/", "https://tool.example.com/"},
	} {
		if _, err := newRedirects([]string{tool, row.bad}); err == nil {
			t.Errorf("%q is accepted", row.bad)
		}
		if _, err := newRedirects([]string{tool, row.good}); err != nil {
			t.Errorf("%q: %v", row.good, err)
		}
	}
}

// FuzzRedirect: whatever is accepted, a browser goes to this computer, or to exactly
// what is configured; and the answer that is added to it reads there as it was meant.
func FuzzRedirect(f *testing.F) {
	for _, s := range []string{
		loopback, tool, "http://[::1]:1?x", "http://127.0.0.1@evil.example", `http://127.0.0.1\@evil.example`, "http://127.0.0.1:80?a=b;c", "http://127.0.0.1:8x", "http://[::1]/..//x",
	} {
		f.Add(s, "st 1")
	}
	a, err := newRedirects([]string{tool})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw, state string) {
		if a.check(raw) != nil {
			return
		}
		sent := withAnswer(raw, "code", "c-1", "state", state)
		u, err := whatwg.Parse(sent)
		if err != nil {
			t.Fatalf("a browser cannot read %q: %v", sent, err)
		}
		if raw != tool {
			addr, err := netip.ParseAddr(strings.Trim(u.Hostname(), "[]"))
			if err != nil || !addr.IsLoopback() || u.Protocol() != "http:" {
				t.Fatalf("%q leads to %q", raw, u.Href(false))
			}
		} else if u.Protocol()+"//"+u.Host() != "https://tool.example.com" {
			t.Fatalf("%q leads to %q", raw, u.Href(false))
		}
		if u.Username() != "" || u.Password() != "" || u.Hash() != "" {
			t.Fatalf("%q is read as %q", raw, u.Href(false))
		}
		if origin := u.Protocol() + "//" + u.Host(); origin != originOfURI(raw) && origin+":80" != originOfURI(raw) {
			t.Errorf("%q: the page shows %q, a browser goes to %q", raw, originOfURI(raw), origin)
		}
		got, err := url.ParseQuery(strings.TrimPrefix(u.Search(), "?"))
		if err != nil || !slices.Equal(got["code"], []string{"c-1"}) {
			t.Fatalf("%q: %v %v", sent, got, err)
		}
		if state != "" && !slices.Equal(got["state"], []string{state}) {
			t.Errorf("%q: state %q came back as %q", sent, state, got["state"])
		}
	})
}
