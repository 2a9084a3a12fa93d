package pages

import (
	"strings"
	"unicode"
)

// initials are at most two letters of a name, "" if it has none: the first of
// its first and of its last word. What follows a bracket is a department or a
// company more often than a name. Of a user name it takes what is before the @.
// A script without capital letters gives one letter: joined to another it would be
// read as a word.
func initials(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if i := strings.IndexAny(name, "([{"); i > 0 && firstLetter(name[:i]) != 0 {
		name = name[:i]
	}
	var first, last rune
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("._-,", r) }) {
		l := firstLetter(word)
		switch {
		case l == 0:
		case first == 0:
			first = l
		default:
			last = l
		}
	}
	switch {
	case first == 0:
		return ""
	case last == 0 || !unicode.IsUpper(first) || !unicode.IsUpper(last):
		return string(first)
	}
	return string(first) + string(last)
}

// firstLetter is the first letter or digit of s, a letter as a capital, or 0.
func firstLetter(s string) rune {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
	}
	return 0
}
