package graph

import (
	"errors"
	"net/url"
	"strings"
)

// maxLink bounds the link to a next page, in bytes.
const maxLink = 8 << 10

var errBadLink = errors.New("the link to the next page leads elsewhere")

// nextLink checks an @odata.nextLink, which the token will be sent to. It must
// begin with exactly base (Graph's URL with the version, its host in lower case and
// without its scheme's own port) and go on below it, with no dot segment, empty
// segment, or character that other readers of URLs read otherwise. So it cannot
// name another scheme, host or port, or a user, nor something that only looks like
// ours. Anything else is errBadLink, without the link.
func nextLink(base *url.URL, link string) (*url.URL, error) {
	rest, below := strings.CutPrefix(link, canonical(base)+"/")
	if !below || len(link) > maxLink {
		return nil, errBadLink
	}
	for i := range len(link) {
		if b := link[i]; b <= ' ' || b >= 0x7f || b == '\\' || b == '#' {
			return nil, errBadLink
		}
	}
	path, _, _ := strings.Cut(rest, "?")
	for segment := range strings.SplitSeq(path, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "" || plain == "." || plain == ".." || strings.ContainsAny(plain, "/\\%?#\x00") {
			return nil, errBadLink
		}
	}
	u, err := url.Parse(link)
	if err != nil || u.String() != link {
		return nil, errBadLink
	}
	return u, nil
}

// canonical writes the URL as Graph writes links to itself.
func canonical(base *url.URL) string {
	host := strings.ToLower(base.Host)
	switch base.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return base.Scheme + "://" + host + base.EscapedPath()
}
