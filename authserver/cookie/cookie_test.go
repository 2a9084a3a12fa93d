package cookie_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
)

func TestSetCookieLines(t *testing.T) {
	strict := cookie.New(cookie.Config{CallbackPath: "/easyauth/signin-oidc"})
	shared := cookie.New(cookie.Config{CallbackPath: "/cb", Domain: "example.com", ClientID: "c", BasePath: "/easyauth"})
	laptop := cookie.New(cookie.Config{CallbackPath: "/cb", InsecureHTTP: true})
	both := cookie.New(cookie.Config{CallbackPath: "/cb", InsecureHTTP: true, Domain: "example.com", ClientID: "c", BasePath: "/easyauth"})
	tests := []struct{ name, got, want string }{
		{"ticket", strict.Ticket.Set("v", 0), "__Host-easyauth=v; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"second chunk", strict.Ticket1.Set("v", 0), "__Host-easyauth-1=v; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"denial", strict.Denial.Set("v", 5*time.Minute), "__Host-easyauth-state=v; Path=/; Max-Age=300; HttpOnly; Secure; SameSite=Lax"},
		{"delete", strict.Browser.Delete(), "__Host-easyauth-browser=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"return URL", strict.Return[2].Set("v", time.Minute), "__Secure-easyauth-return-2=v; Path=/easyauth/signin-oidc; Max-Age=60; HttpOnly; Secure; SameSite=Lax"},
		{"shared ticket", shared.Ticket.Set("v", 0), "__Secure-easyauth-" + "a9d6d2" + "=v; Path=/; Domain=example.com; HttpOnly; Secure; SameSite=Lax"},
		{"shared domain, browser", shared.Browser.Set("v", 0), "__Host-easyauth-browser=v; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"laptop", laptop.Ticket.Set("v", 0), "easyauth=v; Path=/; HttpOnly; SameSite=Lax"},
		{"laptop, shared", both.Seen.Set("v", 0), "easyauth-seen=v; Path=/; HttpOnly; SameSite=Lax"},
	}
	for _, tt := range tests {
		if tt.name == "shared ticket" { // the six digits are a hash: only their place and shape are fixed
			if !strings.HasPrefix(tt.got, "__Secure-easyauth-") || len(tt.got) != len(tt.want) || tt.got[24:] != tt.want[24:] {
				t.Errorf("%s: %q", tt.name, tt.got)
			}
			continue
		}
		if tt.got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, tt.got, tt.want)
		}
	}
	other := cookie.New(cookie.Config{Domain: "example.com", ClientID: "c", BasePath: "/easyauth2"})
	if other.Ticket.Name == shared.Ticket.Name {
		t.Error("two deployments in one domain share a cookie name")
	}
}

func TestValues(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  []string
	}{
		{"none", nil, nil},
		{"one", []string{"a=1; n=2; b=3"}, []string{"2"}},
		{"spaces and tabs", []string{"a=1;n=2;\t n=3 "}, []string{"2", "3"}},
		{"several lines", []string{"n=1", "x=y; n=2"}, []string{"1", "2"}},
		{"equals sign in the value", []string{"n=a=b"}, []string{"a=b"}},
		{"empty value", []string{"n="}, []string{""}},
		{"no equals sign", []string{"n; nn=1"}, nil},
		{"case differs", []string{"N=1"}, nil},
		{"prefix of another", []string{"n1=1; xn=2"}, nil},
		{"more than the limit", []string{"n=1; n=2; n=3; n=4", "n=5"}, []string{"1", "2", "3"}},
		{"only separators", []string{";;;;"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := cookie.Values(http.Header{"Cookie": tt.lines}, "n", 3); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOnly(t *testing.T) {
	c := cookie.Cookie{Name: "n"}
	for line, want := range map[string]string{"n=1": "1", "n=1; n=1": "", "n=": "", "x=1": "", "x=1; n=2": "2"} {
		got, ok := c.Only(http.Header{"Cookie": {line}})
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", line, got, ok)
		}
	}
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"n=1; n=2", ";;=;n", "a=b", "n=\x00; n=\"x\"", strings.Repeat("n=1;", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, v := range cookie.Values(http.Header{"Cookie": {line}}, "n", 3) {
			if strings.Contains(v, ";") || !strings.Contains(line, "n="+v) {
				t.Errorf("%q is not a value of %q", v, line)
			}
		}
	})
}
