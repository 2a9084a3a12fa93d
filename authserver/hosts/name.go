package hosts

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxAuthority = 1024 // bytes before conversion: an international name may shrink
	maxName      = 253  // bytes of a canonical name
	maxLabel     = 63
)

// authority is "host" or "host:port" taken apart, canonical.
type authority struct {
	name string // an IPv6 address in brackets
	port string // as given; "" when absent
}

// parseAuthority reads the text between "//" and the path of a URL, or a Host
// header. User names, percent escapes and empty ports are refused, and ports
// with a leading zero: browsers accept some of them, but no honest client
// sends them.
func parseAuthority(s string) (authority, error) {
	if strings.Contains(s, "@") {
		return authority{}, errUserinfo
	}
	if s == "" || len(s) > maxAuthority {
		return authority{}, errHost
	}
	end := strings.IndexByte(s, ':')
	if s[0] == '[' {
		end = strings.IndexByte(s, ']') + 1
		if end == 0 {
			return authority{}, errHost
		}
	}
	if end < 0 {
		end = len(s)
	}
	name, err := canonicalName(s[:end])
	if err != nil {
		return authority{}, err
	}
	if end == len(s) {
		return authority{name: name}, nil
	}
	port, ok := strings.CutPrefix(s[end:], ":")
	if !ok || !validPort(port) {
		return authority{}, errPort
	}
	return authority{name: name, port: port}, nil
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}

// canonicalName returns the one form of a host name in which names are
// compared: lower case, punycode, no trailing dot, at most 253 bytes, an
// IPv6 address in brackets as browsers write it. It is a fixed point: a
// canonical name comes back unchanged.
func canonicalName(s string) (string, error) {
	if strings.HasPrefix(s, "[") {
		return canonicalIPv6(s)
	}
	name, err := toASCII(s)
	if err != nil {
		return "", err
	}
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxName {
		return "", errHost
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if !validLabel(label) {
			return "", errHost
		}
		last = label
	}
	// A browser takes a name that ends in a number for an IPv4 address and
	// reads 0x7f.1, 0177.1 or 2130706433 too. We read the dotted form alone.
	if endsInNumber(last) {
		ip, err := netip.ParseAddr(name)
		if err != nil || !ip.Is4() {
			return "", errHost
		}
	}
	return name, nil
}

// canonicalIPv6 reads "[::1]". Zones are refused, and addresses that only wrap
// an IPv4 one, which have a form of their own.
func canonicalIPv6(s string) (string, error) {
	ip, err := netip.ParseAddr(strings.TrimSuffix(s[1:], "]"))
	if err != nil || !ip.Is6() || ip.Is4In6() || ip.Zone() != "" || !strings.HasSuffix(s, "]") {
		return "", errHost
	}
	return "[" + ip.String() + "]", nil
}

// toASCII converts a name as browsers do: plain ASCII to lower case, an
// international one by UTS 46, non-transitional. A result that would be read
// differently a second time is refused, such as a punycode label that stands
// for plain ASCII, and so is a label in punycode that is not valid.
func toASCII(s string) (string, error) {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		name, err := idna.Lookup.ToASCII(s)
		if err != nil {
			return "", errHost // the cause quotes the name
		}
		s = name
	}
	name := strings.ToLower(s)
	if !strings.HasPrefix(name, "xn--") && !strings.Contains(name, ".xn--") {
		return name, nil
	}
	again, err := idna.Lookup.ToASCII(name)
	if err != nil || again != name {
		return "", errHost
	}
	return name, nil
}

// validLabel accepts letters, digits, inner hyphens and underscores.
func validLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// endsInNumber is the WHATWG test for a last label that makes an IPv4 address.
func endsInNumber(label string) bool {
	digits, set := label, "0123456789"
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		digits, set = hex, "0123456789abcdef"
	}
	return strings.Trim(digits, set) == ""
}
