package policy

import (
	"encoding/json"
	"strings"
)

// maxJSONDepth bounds how deep the value of a claim is gone through.
const maxJSONDepth = 32

// lookJSON goes down into an object or list and allocates nothing, unless a text on
// the way has escapes. Members that are not on the way are skipped.
func lookJSON(text string, steps []string, m match) eachResult {
	r := reader{text: text}
	found := r.value(steps, m, 0)
	if r.blanks(); r.broken || r.at != len(text) {
		return broken
	}
	return found
}

// reader reads JSON from the left to the right. Once broken it stays so.
type reader struct {
	text   string
	at     int
	broken bool
}

func (r *reader) fail() eachResult {
	r.broken = true
	return broken
}

func (r *reader) blanks() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

// next is the next byte that is no blank, 0 at the end.
func (r *reader) next() byte {
	r.blanks()
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

// take reads one byte if it is next.
func (r *reader) take(c byte) bool {
	if r.next() != c {
		return false
	}
	r.at++
	return true
}

// value reads one value and judges what is at steps below it; with a nil match it is
// only read.
func (r *reader) value(steps []string, m match, depth int) eachResult {
	c := r.next()
	start := r.at
	switch {
	case r.broken, depth > maxJSONDepth:
		return r.fail()
	case c == '[':
		return r.list(steps, m, depth)
	case c == '{' && len(steps) > 0:
		return r.object(steps, m, depth)
	case c == '{':
		r.object(nil, nil, depth)
		return r.judge(r.text[start:r.at], m)
	case c == '"':
		text, ok := r.string()
		if !ok || len(steps) > 0 {
			return notFound
		}
		return r.judge(text, m)
	}
	for r.at < len(r.text) && strings.IndexByte("+-.0123456789Eaeflnrstu", r.text[r.at]) >= 0 {
		r.at++
	}
	switch word := r.text[start:r.at]; {
	case word == "":
		return r.fail()
	case word == "null" || len(steps) > 0:
		return notFound
	default:
		return r.judge(word, m)
	}
}

func (r *reader) judge(text string, m match) eachResult {
	switch {
	case r.broken:
		return broken
	case m == nil:
		return notFound
	case m(text):
		return met
	}
	return unmet
}

func (r *reader) list(steps []string, m match, depth int) eachResult {
	r.at++
	if r.take(']') {
		return notFound
	}
	found := notFound
	for {
		found = max(found, r.value(steps, m, depth+1))
		switch {
		case r.broken:
			return broken
		case r.take(']'):
			return found
		case !r.take(','):
			return r.fail()
		}
	}
}

// object reads an object; what is at steps[0] counts, if there are steps and a match.
func (r *reader) object(steps []string, m match, depth int) eachResult {
	r.at++
	if r.take('}') {
		return notFound
	}
	found, seen := notFound, false
	for {
		if r.next() != '"' {
			return r.fail()
		}
		name, ok := r.string()
		if !ok || !r.take(':') {
			return r.fail()
		}
		switch {
		case len(steps) == 0 || name != steps[0]:
			r.value(nil, nil, depth+1)
		case seen: // one of two values would be a guess
			return r.fail()
		default:
			seen = true
			found = r.value(steps[1:], m, depth+1)
		}
		switch {
		case r.broken:
			return broken
		case r.take('}'):
			return found
		case !r.take(','):
			return r.fail()
		}
	}
}

// string reads a text in quotes.
func (r *reader) string() (string, bool) {
	start := r.at
	escaped := false
	for r.at++; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '\\':
			escaped = true
			r.at++
		case c < ' ':
			r.fail()
			return "", false
		case c == '"':
			r.at++
			if !escaped {
				return r.text[start+1 : r.at-1], true
			}
			var text string
			if json.Unmarshal([]byte(r.text[start:r.at]), &text) != nil {
				r.fail()
				return "", false
			}
			return text, true
		}
	}
	r.at = len(r.text)
	r.fail()
	return "", false
}
