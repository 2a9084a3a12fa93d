package celexpr

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"cel.dev/cel-go/cel"
)

const (
	maxProblem = 240 // bytes of what is wrong
	maxShown   = 40  // bytes of a name or value in it
)

// faultOf says the first thing that is wrong with an expression, and where.
func faultOf(expr string, issues *cel.Issues) error {
	list := issues.Errors()
	if len(list) == 0 {
		return errors.New(tidy(issues.Err().Error()))
	}
	first := list[0]
	problem := asWhole(first)
	if problem == "" {
		problem = strings.ReplaceAll(first.Message, " (in container '')", "")
	}
	if first.Location == nil || first.Location.Line() < 1 {
		return errors.New(tidy(problem))
	}
	where := fmt.Sprintf("character %d", max(first.Location.Column()+1, 1))
	if strings.Contains(strings.TrimSpace(expr), "\n") {
		where = fmt.Sprintf("line %d, %s", first.Location.Line(), where)
	}
	return errors.New(where + ": " + tidy(problem))
}

// asWhole says of identity and request alone what there is of them: for CEL there is
// neither. It is "" for other faults.
func asWhole(fault *cel.Error) string {
	for _, of := range []string{"identity", "request"} {
		if !strings.HasPrefix(fault.Message, "undeclared reference to '"+of+"'") {
			continue
		}
		var members []string
		for _, v := range variables() {
			if member, ok := strings.CutPrefix(v.name, of+"."); ok {
				members = append(members, member)
			}
		}
		return "only members of " + of + " can be read, without has(): " + strings.Join(members, ", ")
	}
	return ""
}

// tidy makes one line of a text, cuts every word and every quoted part of it at 40
// bytes, and the whole at 240.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	words := strings.Fields(cutQuoted(text))
	for i, w := range words {
		words[i] = cut(w)
	}
	text = strings.Join(words, " ")
	if len(text) > maxProblem {
		text = strings.ToValidUTF8(text[:maxProblem-len("…")], "") + "…"
	}
	return text
}

// cutQuoted cuts what stands in quotes.
func cutQuoted(text string) string {
	var b strings.Builder
	for text != "" {
		at := strings.IndexAny(text, "'\"`")
		if at < 0 {
			break
		}
		end := strings.IndexByte(text[at+1:], text[at])
		if end < 0 { // the rest is quoted, or there is a lone apostrophe
			b.WriteString(text[:at+1])
			text = text[at+1:]
			continue
		}
		b.WriteString(text[:at+1] + cut(text[at+1:at+1+end]) + text[at:at+1])
		text = text[at+1+end+1:]
	}
	return b.String() + text
}

func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown-len("…")], "") + "…"
}
