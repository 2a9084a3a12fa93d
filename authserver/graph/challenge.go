package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Bounds of a claims challenge.
const (
	maxClaims     = 4 << 10  // bytes of the JSON object
	maxChallenge  = 16 << 10 // bytes of one WWW-Authenticate header
	maxChallenges = 8        // such headers looked at
)

// claims is the JSON object of the claims challenge (error="insufficient_claims",
// claims="<base64>") that came with a 401 or 403, compact; "" if there is none
// that can be used. An empty object asks for nothing, so it is none.
func (h heard) claims() string {
	if h.status != http.StatusUnauthorized && h.status != http.StatusForbidden {
		return ""
	}
	return claimsOf(h.challenges)
}

func claimsOf(values []string) string {
	for _, value := range values[:min(len(values), maxChallenges)] {
		if len(value) > maxChallenge {
			continue
		}
		for _, c := range readChallenges(value) {
			if !strings.EqualFold(c.scheme, "Bearer") || c.params["error"] != "insufficient_claims" {
				continue
			}
			if claims := decodeClaims(c.params["claims"]); claims != "" {
				return claims
			}
		}
	}
	return ""
}

// decodeClaims reads base64 of either alphabet, padded or not.
func decodeClaims(text string) string {
	if len(text) > base64.StdEncoding.EncodedLen(maxClaims) || strings.ContainsAny(text, "\r\n") {
		return ""
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		decoded, err := encoding.DecodeString(text)
		if err != nil {
			continue
		}
		var members map[string]json.RawMessage
		if len(decoded) > maxClaims || !utf8.Valid(decoded) || json.Unmarshal(decoded, &members) != nil || len(members) == 0 {
			return ""
		}
		var out bytes.Buffer
		if err := json.Compact(&out, decoded); err != nil {
			return ""
		}
		return out.String()
	}
	return ""
}

// challenge is one of those in a WWW-Authenticate header.
type challenge struct {
	scheme string
	params map[string]string // names in lower case
}

// readChallenges reads a WWW-Authenticate header as RFC 9110 (11.3, 11.6.1)
// writes it: challenges and their parameters in one comma-separated list. A
// header that is written otherwise, or that says a thing twice, holds none.
func readChallenges(header string) []challenge {
	var all []challenge
	rest, comma, opened := header, true, false
	for {
		trimmed := strings.TrimLeft(rest, " \t,")
		comma = comma || strings.Contains(rest[:len(rest)-len(trimmed)], ",")
		if trimmed == "" {
			return all
		}
		name, after := cutToken(trimmed)
		if name == "" {
			return nil
		}
		after = strings.TrimLeft(after, " \t")
		value, isParam := strings.CutPrefix(after, "=")
		if !isParam {
			if !comma {
				return nil
			}
			all = append(all, challenge{name, map[string]string{}})
			rest, comma, opened = cutToken68(after), false, true
			continue
		}
		if len(all) == 0 || !comma && !opened {
			return nil
		}
		params := all[len(all)-1].params
		text, left, ok := cutValue(strings.TrimLeft(value, " \t"))
		if _, twice := params[strings.ToLower(name)]; !ok || twice {
			return nil
		}
		params[strings.ToLower(name)] = text
		rest, comma, opened = left, false, false
	}
}

func isTokenChar(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func cutToken(s string) (token, rest string) {
	rest = strings.TrimLeftFunc(s, isTokenChar)
	return s[:len(s)-len(rest)], rest
}

// cutToken68 cuts off the opaque text that may follow a scheme in place of
// parameters, if there is one.
func cutToken68(s string) (rest string) {
	text, _, _ := strings.Cut(s, ",")
	plain := strings.TrimRight(strings.TrimRight(text, " \t"), "=")
	if plain == "" || strings.TrimLeftFunc(plain, func(r rune) bool { return isTokenChar(r) || r == '/' }) != "" {
		return s
	}
	return s[len(text):]
}

// cutValue cuts off a parameter's value: a token or a quoted text.
func cutValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest = cutToken(s)
		return value, rest, value != ""
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return out.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		out.WriteByte(s[i])
	}
	return "", "", false
}
