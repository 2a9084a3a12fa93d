package config

import (
	"strings"
)

const maxPath = 200 // bytes

// urlPath is the path of an endpoint, or of all of them.
type urlPath string

// Decode implements envconfig.Decoder.
func (p *urlPath) Decode(value string) error {
	if !goodPath(value) || value == "/" || strings.HasSuffix(value, "/") {
		return expect("must be a path such as /easyauth/login: one slash in front and none at the end, only letters, digits and - . _ ~ /, no //, no . or .. segment, at most %d bytes", maxPath)
	}
	*p = urlPath(value)
	return nil
}

// goodPath keeps to what every proxy and browser reads in one way.
func goodPath(p string) bool {
	if !strings.HasPrefix(p, "/") || len(p) > maxPath || strings.Contains(p, "//") {
		return false
	}
	for segment := range strings.SplitSeq(p[1:], "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return !strings.ContainsFunc(p, func(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune("/_.~-", r) })
}

// landing is the page after a sign-in that has no page to return to.
type landing string

// Decode implements envconfig.Decoder.
func (l *landing) Decode(value string) error {
	end := strings.IndexAny(value, "?#")
	if end < 0 {
		end = len(value)
	}
	if !goodPath(value[:end]) || len(value) > maxPath ||
		strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\\\"<>`{}^|", r) }) {
		return expect("must be a path that starts with one slash, such as / or /welcome?from=signin, at most %d bytes", maxPath)
	}
	*l = landing(value)
	return nil
}

// path returns the landing page's path without query and fragment.
func (l landing) path() string {
	if end := strings.IndexAny(string(l), "?#"); end >= 0 {
		return string(l[:end])
	}
	return string(l)
}

// endpoint is one path of ours: moved by a variable, or below the base path.
type endpoint struct {
	variable string // "" when it cannot be moved alone
	moved    urlPath
	label    string // its name below the base path
	set      *string
}

// paths sets the endpoints' paths and checks that they differ. Case does not
// count, because a proxy may match locations that way.
func (s *spec) paths(r *report, c *Config) {
	c.BasePath = string(s.BasePath)
	endpoints := []endpoint{
		{"EASYAUTH_AUTH_PATH", s.AuthPath, "auth", &c.AuthPath},
		{"", "", "auth/forward", &c.ForwardPath},
		{"", "", "auth/envoy", &c.EnvoyPath},
		{"EASYAUTH_SIGNIN_PATH", s.SigninPath, "login", &c.SigninPath},
		{"EASYAUTH_CALLBACK_PATH", s.CallbackPath, "signin-oidc", &c.CallbackPath},
		{"EASYAUTH_SIGNED_OUT_PATH", s.SignedOutPath, "signout-callback-oidc", &c.SignedOutPath},
		{"", "", "logout", &c.LogoutPath},
		{"", "", "me", &c.MePath},
		{"", "", "logo", &c.LogoPath},
		{"", "", ".well-known/jwks.json", &c.JWKSPath},
		{"", "", "api/v1/token", &c.ProgramPaths.Token},
		{"", "", "api/v1/revoke", &c.ProgramPaths.Revoke},
		{"", "", "api/v1/session", &c.ProgramPaths.Session},
		{"", "", "api/v1/login", &c.ProgramPaths.Login},
		{"", "", "api/v1/authorize", &c.ProgramPaths.Authorize},
		{"", "", "frontchannel-logout", &c.FrontChannelPath},
		{"", "", "backchannel-logout", &c.BackChannelPath},
	}
	own := []string{c.BasePath}
	for i, e := range endpoints {
		*e.set = string(e.moved)
		if e.moved == "" {
			*e.set = c.BasePath + "/" + e.label
		}
		own = append(own, *e.set)
		for _, other := range endpoints[:i] {
			if strings.EqualFold(*e.set, *other.set) {
				same(r, e, other)
			}
		}
	}
	for _, path := range own {
		if within(s.DefaultRedirect.path(), path) && !r.has("EASYAUTH_DEFAULT_REDIRECT", "EASYAUTH_BASE_PATH") {
			r.fault("EASYAUTH_DEFAULT_REDIRECT", "must not lead to an endpoint of EasyAuth or below one")
			c.DefaultRedirect = "/"
			return
		}
	}
}

// same reports two endpoints with one path, at the one that was moved there.
func same(r *report, a, b endpoint) {
	if a.moved == "" {
		a, b = b, a
	}
	r.fault(a.variable, "must differ from the paths of the other endpoints; it is that of %q", b.label)
}

func within(path, own string) bool {
	return len(path) >= len(own) && strings.EqualFold(path[:len(own)], own) && (len(path) == len(own) || path[len(own)] == '/')
}
