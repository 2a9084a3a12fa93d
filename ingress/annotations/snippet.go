package annotations

import "strings"

// directives takes lines of nginx's configuration apart, as nginx does: at ; { } outside of quotes, and
// without comments. What is left open at the end is a directive too.
func directives(text string) []string {
	var out []string
	var now strings.Builder
	end := func() {
		if words := strings.Fields(now.String()); len(words) > 0 {
			out = append(out, strings.Join(words, " "))
		}
		now.Reset()
	}
	var quote rune
	word, comment, escaped := false, false, false
	for _, r := range text {
		switch {
		case comment:
			comment = r != '\n'
			continue
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case !word && (r == '"' || r == '\''):
			quote = r
		case !word && r == '#':
			comment = true
			continue
		case r == ';' || r == '{' || r == '}':
			end()
			word = false
			continue
		}
		word = quote == 0 && !strings.ContainsRune(" \t\r\n", r)
		now.WriteRune(r)
	}
	end()
	return out
}
