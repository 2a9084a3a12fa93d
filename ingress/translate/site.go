package translate

import (
	"cmp"
	"slices"
	"strings"
)

// site is one host.
type site struct {
	Host   string
	TLS    bool
	Secret string // of the certificate; "" is the controller's default one
	In     string // the namespace of the Secret
	Asks   easyAuth
	Routes []*route // the strictest match first: Exact, then the longest
	owners []*object
}

// signsIn reports whether the sign-in paths belong to the host.
func (s *site) signsIn() bool { return s.Asks.Name != "" }

// mixed reports whether a path that is misread may get another rule, or one where there is none.
func (s *site) mixed() bool {
	whole := false
	for _, r := range s.Routes {
		if r.rule() != s.Routes[0].rule() {
			return true
		}
		whole = whole || r.Path == "/" && !r.Exact
	}
	return !whole
}

// route is one path of a host.
type route struct {
	Host, Path string // a Prefix has no slash at its end, but "/"
	Exact      bool
	To         service
	Public     bool
	Owner      *object
	line       int
	slash      bool // was written with a slash at its end
	kept       bool // is not in the source: see keepSlashes
}

func (r *route) query() string { return r.Owner.protection.Query }

func (r *route) rule() string {
	if r.Public {
		return "public"
	}
	return "?" + r.query()
}

// within reports whether a path lies at or below the route's.
func (r *route) within(base string) bool {
	return r.Path == base || strings.HasPrefix(r.Path, base+"/") || base == "/"
}

func (s *site) sort() {
	slices.SortStableFunc(s.Routes, func(a, b *route) int {
		if a.Exact != b.Exact {
			if a.Exact {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(len(b.Path), len(a.Path)), cmp.Compare(a.Path, b.Path))
	})
}
