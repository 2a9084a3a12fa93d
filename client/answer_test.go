package client

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func answered(body string) *answer {
	return &answer{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, []byte(body)}
}

const goodGrant = `{"access_token":"ea_abc","token_type":"Bearer","expires_in":3600,"refresh_token":"ear_def"}`

func TestReadGrant(t *testing.T) {
	for _, row := range []struct{ name, body, want string }{
		{"all of it", goodGrant, ""},
		{"no refresh token", strings.Replace(goodGrant, `,"refresh_token":"ear_def"`, "", 1), ""},
		{"another spelling of the type", strings.Replace(goodGrant, "Bearer", "bearer", 1), ""},
		{"more members", strings.Replace(goodGrant, "{", `{"x":{"y":[1]},`, 1), ""},
		{"seconds with a fraction", strings.Replace(goodGrant, "3600", "3600.5", 1), ""},

		{"empty", "", "not the JSON"},
		{"null", "null", "Bearer"},
		{"a list", "[" + goodGrant + "]", "not the JSON"},
		{"two values", goodGrant + goodGrant, "not the JSON"},
		{"cut short", goodGrant[:len(goodGrant)-1], "not the JSON"},
		{"another type", strings.Replace(goodGrant, "Bearer", "DPoP", 1), "Bearer"},
		{"no type", strings.Replace(goodGrant, "token_type", "kind", 1), "Bearer"},
		{"no prefix", strings.Replace(goodGrant, "ea_abc", "abc", 1), "begins with ea_"},
		{"nothing behind the prefix", strings.Replace(goodGrant, "ea_abc", "ea_", 1), "begins with ea_"},
		{"a refresh token as access token", strings.Replace(goodGrant, "ea_abc", "ear_abc", 1), "begins with ea_"},
		{"a blank", strings.Replace(goodGrant, "ea_abc", "ea_a bc", 1), "begins with ea_"},
		{"a line break", strings.Replace(goodGrant, "ea_abc", `ea_abc\nx: y`, 1), "begins with ea_"},
		{"a quote", strings.Replace(goodGrant, "ea_abc", `ea_abc\"`, 1), "begins with ea_"},
		{"an escape of the terminal", strings.Replace(goodGrant, "ea_abc", `ea_abc\u001b[2J`, 1), "begins with ea_"},
		{"too long", strings.Replace(goodGrant, "ea_abc", "ea_"+strings.Repeat("a", maxToken), 1), "begins with ea_"},
		{"a number", strings.Replace(goodGrant, `"ea_abc"`, "1", 1), "not the JSON"},
		{"a refresh token without its prefix", strings.Replace(goodGrant, "ear_def", "def", 1), "refresh token"},
		{"a refresh token with a line break", strings.Replace(goodGrant, "ear_def", `ear_d\nef`, 1), "refresh token"},
		{"no life", strings.Replace(goodGrant, "3600", "0", 1), "how long"},
		{"a life of half a second", strings.Replace(goodGrant, "3600", "0.5", 1), "how long"},
		{"a negative life", strings.Replace(goodGrant, "3600", "-1", 1), "how long"},
		{"a life in words", strings.Replace(goodGrant, "3600", `"3600"`, 1), "not the JSON"},
	} {
		g, err := readGrant(answered(row.body))
		switch {
		case row.want == "" && (err != nil || g.access.Reveal() != "ea_abc" || g.life != time.Hour):
			t.Errorf("%s: %v", row.name, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "abc")):
			t.Errorf("%s: %v", row.name, err)
		}
	}
	g, err := readGrant(answered(strings.Replace(goodGrant, "3600", "1e300", 1)))
	if err != nil || g.life != maxLife {
		t.Errorf("for ever: %v, %v", g, err)
	}
	a := answered(goodGrant)
	a.header.Set("Content-Type", "text/html")
	if _, err := readGrant(a); err == nil {
		t.Error("a page is taken for JSON")
	}
}

func TestReadLogin(t *testing.T) {
	s, err := ParseServer("https://app.example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"login_url":"https://app.example.com/easyauth/api/v1/authorize?request=a-b_c","expires_in":600}`
	for _, row := range []struct{ name, body, want string }{
		{"all of it", good, ""},
		{"another host", strings.Replace(good, "app.", "evil.", 1), "not below"},
		{"a longer host", strings.Replace(good, "example.com/", "example.com.evil.example/", 1), "not below"},
		{"a user", strings.Replace(good, "app.example.com", "app.example.com@evil.example", 1), "not below"},
		{"http", strings.Replace(good, "https", "http", 1), "not below"},
		{"a file", strings.Replace(good, "https://app.example.com", "file://", 1), "not below"},
		{"a script", strings.Replace(good, "https://", "javascript:", 1), "not below"},
		{"an option of a command", strings.Replace(good, "https://", "--help", 1), "not below"},
		{"another page", strings.Replace(good, "/easyauth/", "/", 1), "not below"},
		{"a beginning of the base path", strings.Replace(good, "/easyauth/", "/easyauth-x/", 1), "not below"},
		{"none", `{"expires_in":600}`, "not below"},
		{"a blank", strings.Replace(good, "a-b", "a b", 1), "characters"},
		{"a command", strings.Replace(good, "a-b", "a`x`b", 1), "characters"},
		{"a variable", strings.Replace(good, "a-b", "a$b", 1), "characters"},
		{"a second command", strings.Replace(good, "a-b", "a;b", 1), "characters"},
		{"a backslash", strings.Replace(good, "a-b", `a\\b`, 1), "characters"},
		{"a quote", strings.Replace(good, "a-b", `a\"b`, 1), "characters"},
		{"an escape of the terminal", strings.Replace(good, "a-b", `a\u001bb`, 1), "characters"},
		{"another script", strings.Replace(good, "a-b", "aüb", 1), "characters"},
		{"too long", strings.Replace(good, "a-b", strings.Repeat("a", maxLoginURL), 1), "characters"},
		{"no life", strings.Replace(good, "600", "0", 1), "how long"},
		{"no JSON", "<html>", "not the JSON"},
	} {
		url, life, err := s.readLogin(answered(row.body))
		switch {
		case row.want == "" && (err != nil || !strings.HasPrefix(url, s.key()) || life != 10*time.Minute):
			t.Errorf("%s: %q, %v, %v", row.name, url, life, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || url != ""):
			t.Errorf("%s: %q, %v", row.name, url, err)
		}
	}
	if _, life, err := s.readLogin(answered(strings.Replace(good, "600", "1e18", 1))); err != nil || life != maxLoginLife {
		t.Errorf("for ever: %v, %v", life, err)
	}
}

// Whatever a server answers: a token is one, an address is the server's, an error is a line.
func FuzzAnswer(f *testing.F) {
	s, err := ParseServer("https://app.example.com", "")
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{
		goodGrant, `{"login_url":"https://app.example.com/easyauth/api/v1/authorize?request=a","expires_in":600}`,
		`{"error":"invalid_grant","error_description":"code_used: \u001b[2J\r\n"}`, "", "null", "<html>",
	} {
		f.Add(body, 400, "7", "application/json")
	}
	f.Fuzz(func(t *testing.T, body string, status int, wait, kind string) {
		a := &answer{status, http.Header{"Content-Type": {kind}, "Retry-After": {wait}, "Location": {body}}, []byte(body)}
		if g, err := readGrant(a); err == nil {
			token := g.access.Reveal()
			if !strings.HasPrefix(token, "ea_") || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) || g.life < time.Second || g.life > maxLife {
				t.Errorf("%q, %v", token, g.life)
			}
			var again map[string]any
			if json.Unmarshal([]byte(body), &again) != nil {
				t.Error("not JSON")
			}
		}
		if url, life, err := s.readLogin(a); err == nil && (!strings.HasPrefix(url, "https://app.example.com/easyauth/") || life < time.Second || life > maxLoginLife) {
			t.Errorf("%q, %v", url, life)
		}
		for _, text := range []string{s.refused(a).Error(), refusal("x", a).Error()} {
			if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u202e' }) || len(text) > 12*maxSaid {
				t.Errorf("%q", text)
			}
		}
	})
}
