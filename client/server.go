package client

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// DefaultBasePath is where a server has its endpoints unless it is told otherwise.
const DefaultBasePath = "/easyauth"

const (
	maxServer   = 500 // bytes of a server's URL
	maxBasePath = 200 // bytes, as at the server
)

// Server is one server of EasyAuth's: an origin and a base path. Make it with
// ParseServer; the zero value is none.
type Server struct {
	scheme string
	host   string // as a Host header has it: lower case, the port only if it is not the scheme's
	base   string
}

// ParseServer reads the address of an application that EasyAuth stands before: a scheme
// and a host, with a port if there is one. It must be https; http is for this computer
// alone (localhost, 127.0.0.0/8, [::1]). basePath is the server's; "" is
// DefaultBasePath. Errors are for a person and do not repeat what was given, which may
// hold a password.
func ParseServer(text, basePath string) (Server, error) {
	if len(text) > maxServer {
		return Server{}, fmt.Errorf("the URL is longer than %d characters", maxServer)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || u.Scheme == "" || u.Host == "" || u.Hostname() == "":
		return Server{}, errors.New("the URL must begin with https:// and a host, such as https://app.example.com")
	case u.User != nil || strings.Contains(text, "@"):
		return Server{}, errors.New("the URL must not hold a user or a password")
	case strings.ContainsAny(text, "?#"):
		return Server{}, errors.New("the URL must not have a query or a fragment: the address of the application alone, such as https://app.example.com")
	case u.Path != "" && u.Path != "/":
		return Server{}, errors.New("the URL must not have a path: the address of the application alone, such as https://app.example.com (--base-path says where EasyAuth is, if it is not /easyauth)")
	}
	s := Server{scheme: strings.ToLower(u.Scheme), base: basePath}
	if s.base == "" {
		s.base = DefaultBasePath
	}
	if !goodBase(s.base) {
		return Server{}, fmt.Errorf("the base path must be as EASYAUTH_BASE_PATH of the server has it, such as %s: one slash in front and none at the end", DefaultBasePath)
	}
	if s.host, err = canonicalHost(u, s.scheme); err != nil {
		return Server{}, err
	}
	switch {
	case s.scheme == "https", s.scheme == "http" && isLoopback(u.Hostname()):
		return s, nil
	case s.scheme == "http":
		return Server{}, errors.New("the URL must begin with https://: over http anybody on the way could read the token (http is for this computer alone)")
	}
	return Server{}, errors.New("the URL must begin with https://")
}

// canonicalHost is the host in its one form.
func canonicalHost(u *url.URL, scheme string) (string, error) {
	name, port := strings.ToLower(u.Hostname()), u.Port()
	if address, err := netip.ParseAddr(name); err == nil {
		if address.Zone() != "" {
			return "", errors.New("the URL must not name a network interface")
		}
		name = address.String()
	} else if strings.ContainsFunc(name, func(r rune) bool { return !hostRune(r) }) {
		return "", errors.New("the URL's host has characters that no host name has; one in another script is written with xn--")
	}
	if strings.HasSuffix(u.Host, ":") {
		return "", errors.New("the URL has a colon without a port")
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if port == "" {
		return name, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", errors.New("the URL has a port that is none")
	}
	if scheme == "https" && n == 443 || scheme == "http" && n == 80 {
		return name, nil
	}
	return name + ":" + strconv.FormatUint(n, 10), nil
}

func hostRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-._", r)
}

// isLoopback reports the names of this computer. A name may lead elsewhere all the same:
// what is dialled for http is looked at again (see NewTransport).
func isLoopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.IsLoopback()
}

// goodBase keeps to what EASYAUTH_BASE_PATH may be.
func goodBase(p string) bool {
	if !strings.HasPrefix(p, "/") || strings.HasSuffix(p, "/") || len(p) > maxBasePath || strings.Contains(p, "//") {
		return false
	}
	for segment := range strings.SplitSeq(p[1:], "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return !strings.ContainsFunc(p, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/_.~-", r)
	})
}

// Origin is scheme and host, as a browser writes them.
func (s Server) Origin() string { return s.scheme + "://" + s.host }

// Name is how a person calls it: the origin, and the base path if it is another than
// most have.
func (s Server) Name() string {
	if s.base == DefaultBasePath {
		return s.Origin()
	}
	return s.key()
}

// key tells servers apart.
func (s Server) key() string { return s.Origin() + s.base }

// page is the address of the person's own page, where sessions are listed and ended.
func (s Server) page() string { return s.key() + "/me" }

func (s Server) endpoint(name string) string { return s.key() + "/api/v1/" + name }
