package config

import (
	"strings"
	"testing"
)

func TestPaths(t *testing.T) {
	for _, variable := range []string{"EASYAUTH_BASE_PATH", "EASYAUTH_AUTH_PATH", "EASYAUTH_SIGNIN_PATH", "EASYAUTH_CALLBACK_PATH", "EASYAUTH_SIGNED_OUT_PATH"} {
		const form = "must be a path such as /easyauth/login"
		checkRefusals(t, variable, []refusal{
			{"no slash in front", marker, "/" + marker, form, nil},
			{"two slashes in front", "//" + marker, "/a/" + marker, form, nil},
			{"the root", "/", "/a", form, nil},
			{"a slash at the end", "/" + marker + "/", "/" + marker, form, nil},
			{"two slashes inside", "/a//" + marker, "/a/" + marker, form, nil},
			{"dot segment", "/a/../" + marker, "/a/..b/" + marker, form, nil},
			{"single dot", "/./" + marker, "/.b/" + marker, form, nil},
			{"dots at the end", "/" + marker + "/..", "/" + marker + "..", form, nil},
			{"escape", "/%2e" + marker, "/2e" + marker, form, nil},
			{"query", "/" + marker + "?a", "/" + marker + "-a", form, nil},
			{"pattern", "/{" + marker + "}", "/~" + marker, form, nil},
			{"star", "/" + marker + "*", "/" + marker + "_", form, nil},
			{"backslash", `/\` + marker, "/" + marker, form, nil},
			{"a URL", "https://" + marker, "/https/" + marker, form, nil},
			{"201 bytes", "/" + strings.Repeat("x", maxPath), "/" + strings.Repeat("x", maxPath-1), form, nil},
		})
	}
}

func TestPathsDiffer(t *testing.T) {
	checkRefusals(t, "EASYAUTH_SIGNIN_PATH", []refusal{
		{"the auth path", "/easyauth/auth", "/easyauth/auth2", `it is that of "auth"`, nil},
		{"another case", "/EasyAuth/Signin-OIDC", "/EasyAuth/Signin", `it is that of "signin-oidc"`, nil},
		{"the sign-out path", "/easyauth/logout", "/easyauth/logoff", `it is that of "logout"`, nil},
		{"the user's page", "/sso/me", "/easyauth/me", `it is that of "me"`, map[string]string{"EASYAUTH_BASE_PATH": "/sso"}},
		{"the published keys", "/easyauth/.well-known/jwks.json", "/easyauth/.well-known/jwks", `it is that of ".well-known/jwks.json"`, nil},
		{"the logo", "/easyauth/logo", "/easyauth/logos", `it is that of "logo"`, nil},
		{"one that was moved", "/x", "/y", `it is that of "auth"`, map[string]string{"EASYAUTH_AUTH_PATH": "/x"}},
	})
}

func TestDefaultRedirect(t *testing.T) {
	const form, own = "must be a path that starts with one slash", "must not lead to an endpoint"
	checkRefusals(t, "EASYAUTH_DEFAULT_REDIRECT", []refusal{
		{"a URL", "https://" + marker + ".example.com/", "/https", form, nil},
		{"relative", marker, "/" + marker, form, nil},
		{"another host", "//" + marker, "/" + marker, form, nil},
		{"another host for a browser", `/\` + marker, "/" + marker + "/", form, nil},
		{"dot segments", "/a/..//" + marker, "/a/" + marker, form, nil},
		{"blank", "/a " + marker, "/a?b=" + marker, form, nil},
		{"backslash in the query", `/a?\` + marker, "/a?b&c=%5c#" + marker, form, nil},
		{"too long", "/?" + strings.Repeat("x", maxPath-1), "/?" + strings.Repeat("x", maxPath-2), form, nil},
		{"the base path", "/easyauth", "/easyauthor", own, nil},
		{"below it", "/EasyAuth/" + marker, "/app/easyauth/" + marker, own, nil},
		{"the sign-in with a query", "/easyauth/login?rd=/", "/login?rd=/easyauth/login", own, nil},
		{"an endpoint that was moved", "/in/" + marker, "/inn", own, map[string]string{"EASYAUTH_SIGNIN_PATH": "/in"}},
	})
}
