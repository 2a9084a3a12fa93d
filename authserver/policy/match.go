package policy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// match says whether one text meets an operator.
type match func(text string) bool

// mapFrom is how many values are looked up faster in a map than one by one.
const mapFrom = 9

// equalAny matches each of the values byte by byte.
func equalAny(values []string) match {
	switch {
	case len(values) == 1:
		value := values[0]
		return func(text string) bool { return text == value }
	case len(values) < mapFrom:
		return func(text string) bool { return slices.Contains(values, text) }
	}
	set := make(map[string]bool, len(values))
	for _, v := range values {
		set[v] = true
	}
	return func(text string) bool { return set[text] }
}

// equalID is equalAny for ids: GUIDs, here in lower case, may be written in any case.
func equalID(values []string) match {
	exact := equalAny(values)
	guids := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !access.IsGUID(v) })
	if len(guids) == 0 {
		return exact
	}
	return func(text string) bool {
		return exact(text) || len(text) == len(guids[0]) && slices.ContainsFunc(guids, func(v string) bool { return strings.EqualFold(v, text) })
	}
}

// hasAny says whether a list holds one of the values, byte by byte.
func hasAny(values []string) func(list []string) bool {
	switch {
	case len(values) == 1:
		value := values[0]
		return func(list []string) bool { return slices.Contains(list, value) }
	case len(values) < mapFrom:
		return func(list []string) bool {
			for _, text := range list {
				if slices.Contains(values, text) {
					return true
				}
			}
			return false
		}
	}
	one := equalAny(values)
	return func(list []string) bool { return slices.ContainsFunc(list, one) }
}

// lowerIDs writes GUIDs in lower case, as Entra ID does.
func lowerIDs(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		if out[i] = v; access.IsGUID(strings.ToLower(v)) {
			out[i] = strings.ToLower(v)
		}
	}
	return out
}

// textMatch is an operator over texts. fold: letters of either case are the same.
func textMatch(operator string, values []string, fold bool) match {
	var one func(text, value string) bool
	switch {
	case !fold && (operator == opIs || operator == opIn):
		return equalAny(values)
	case operator == opIs || operator == opIn:
		one = strings.EqualFold
	case operator == opStartsWith && fold:
		one = func(text, value string) bool { _, ok := cutFold(text, value); return ok }
	case operator == opStartsWith:
		one = strings.HasPrefix
	case operator == opEndsWith && fold:
		one = endsFold
	case operator == opEndsWith:
		one = strings.HasSuffix
	case fold:
		one = containsFold
	default:
		one = strings.Contains
	}
	return anyValue(values, one)
}

// pathMatch is an operator over clean paths. A path starts with another one on the
// border of a segment: /admin starts /admin and /admin/x, and not /administrator.
func pathMatch(operator string, values []string, fold bool) match {
	if operator != opStartsWith {
		return textMatch(operator, values, fold)
	}
	cut := strings.CutPrefix
	if fold {
		cut = cutFold
	}
	return anyValue(values, func(path, value string) bool {
		rest, ok := cut(path, value)
		return ok && (rest == "" || rest[0] == '/' || value == "/")
	})
}

func anyValue(values []string, one func(text, value string) bool) match {
	if len(values) == 1 {
		value := values[0]
		return func(text string) bool { return one(text, value) }
	}
	return func(text string) bool {
		for _, v := range values {
			if one(text, v) {
				return true
			}
		}
		return false
	}
}

// cutFold is strings.CutPrefix where letters of either case are the same.
func cutFold(text, prefix string) (string, bool) {
	for prefix != "" {
		want, n := utf8.DecodeRuneInString(prefix)
		have, m := utf8.DecodeRuneInString(text)
		if m == 0 || !sameLetter(want, have) {
			return "", false
		}
		prefix, text = prefix[n:], text[m:]
	}
	return text, true
}

func endsFold(text, suffix string) bool {
	for suffix != "" {
		want, n := utf8.DecodeLastRuneInString(suffix)
		have, m := utf8.DecodeLastRuneInString(text)
		if m == 0 || !sameLetter(want, have) {
			return false
		}
		suffix, text = suffix[:len(suffix)-n], text[:len(text)-m]
	}
	return true
}

func containsFold(text, part string) bool {
	for i := range text {
		if _, ok := cutFold(text[i:], part); ok {
			return true
		}
	}
	return false
}

// sameLetter goes through the forms of a letter, of which some have three: k, K and
// the sign for kelvin.
func sameLetter(a, b rune) bool {
	if a == b {
		return true
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}
