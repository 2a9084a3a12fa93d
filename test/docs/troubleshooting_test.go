package docs

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const troubleshooting = "docs/troubleshooting.md"

// literals are all texts in the program's own Go files, tests left out, and the names of members of JSON.
func literals(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	name := func(tag string) string {
		member, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		return member
	}
	repository := os.DirFS(root)
	for _, top := range []string{"authserver", "cmd", "ingress"} {
		err := fs.WalkDir(repository, top, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(repository, file)
			if err != nil {
				return err
			}
			source, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(source, func(n ast.Node) bool {
				if lit, is := n.(*ast.BasicLit); is && lit.Kind == token.STRING {
					if value, err := strconv.Unquote(lit.Value); err == nil {
						found[value] = true
						if tag := name(value); tag != "" {
							found[tag] = true
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !found["easyauth_decisions_total"] {
		t.Fatalf("%d texts: this test looks at the wrong files", len(found))
	}
	return found
}

// composed reports whether a text is one of the program's, or several of four bytes or more in a row.
func composed(text string, known map[string]bool) bool {
	if known[text] {
		return true
	}
	reached := make([]bool, len(text)+1) // by whole texts
	reached[0] = true
	for end := range len(text) + 1 {
		for start := 0; start+4 <= end; start++ {
			reached[end] = reached[end] || reached[start] && known[text[start:end]]
		}
	}
	return reached[len(text)]
}

// lineHolds says what is wrong with a quoted line of the log; "" if nothing is. … stands for any text.
func lineHolds(line string, known map[string]bool) string {
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		return "it is no JSON: " + err.Error()
	}
	for name, value := range fields {
		text, is := value.(string)
		switch {
		case name == "level":
			if !slices.Contains([]string{"DEBUG", "INFO", "WARN", "ERROR"}, text) {
				return "there is no level " + text
			}
		case !known[name] && name != "msg":
			return "no line has " + name
		case is && slices.Contains([]string{"msg", "outcome", "reason", "result", "hint"}, name) && text != "…" && !composed(text, known):
			return fmt.Sprintf("no line says %q in %s", text, name)
		}
	}
	if fields["level"] == nil || fields["msg"] == nil {
		return "it has no level or no msg"
	}
	return ""
}

// linesHold wants the quoted lines of a document to be such as the program writes.
func linesHold(d document, known map[string]bool) []string {
	var complaints []string
	for _, b := range d.fence {
		for i, line := range strings.Split(strings.TrimSpace(b.text), "\n") {
			if b.language != "json" {
				continue
			}
			if why := lineHolds(line, known); why != "" {
				complaints = append(complaints, fmt.Sprintf("%s:%d: %s", d.name, b.line+i, why))
			}
		}
	}
	return complaints
}

// wordsExist wants every reason, result and field that a document names to be a word of the program: inline
// code of small letters with bars. Those of nginx are others'.
func wordsExist(d document, known map[string]bool, others []string) []string {
	word := regexp.MustCompile(`^[a-z]+(_[a-z]+)+$`)
	var complaints []string
	for _, s := range d.spans {
		if word.MatchString(s.text) && !strings.HasPrefix(s.text, "easyauth_") && !known[s.text] && !slices.Contains(others, s.text) {
			complaints = append(complaints, fmt.Sprintf("%s:%d: the program does not know %s", d.name, s.line, s.text))
		}
	}
	return complaints
}

// page is a document of this repository.
func page(t *testing.T, name string) document {
	t.Helper()
	found := read(t)
	i := slices.IndexFunc(found, func(d document) bool { return d.name == name })
	if i < 0 {
		t.Fatalf("there is no %s", name)
	}
	return found[i]
}

func TestTroubleshootingQuotesTheProgram(t *testing.T) {
	known, d := literals(t), page(t, troubleshooting)
	report(t, linesHold(d, known))
	report(t, wordsExist(d, known, []string{"set_escape_uri", "proxy_set_header", "proxy_buffer_size", "error_page", "add_header", "client_max_body_size"}))
	// A metric is named as it is asked for; each of its label values is a text of the program, too.
	label := regexp.MustCompile(`easyauth_[a-z_]+\{([^}]*)\}`)
	pair := regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
	checked := 0
	for _, match := range label.FindAllStringSubmatch(d.text, -1) {
		for _, p := range pair.FindAllStringSubmatch(match[1], -1) {
			checked++
			if !known[p[1]] || !known[p[2]] {
				t.Errorf("%s: the program has no label %s", match[0], p[0])
			}
		}
	}
	if checked < 5 || len(d.fence) < 15 {
		t.Errorf("%d labels and %d blocks: too few", checked, len(d.fence))
	}
}

func TestLinesHold(t *testing.T) {
	known := map[string]bool{"auth": true, "outcome": true, "deny": true, "hint": true, "identity provider: ": true, "discovery": true, " read": true, " ": true, "keys": true, "k": true}
	tests := []struct{ name, line, want string }{
		{"a line", `{"level":"ERROR","msg":"auth","outcome":"deny"}`, ""},
		{"of several texts", `{"level":"INFO","msg":"identity provider: discovery read"}`, ""},
		{"of a text too many", `{"level":"INFO","msg":"identity provider: discovery no read"}`, `no line says "identity provider: discovery no read" in msg`},
		{"of short texts", `{"level":"INFO","msg":"keys k read"}`, `no line says "keys k read" in msg`},
		{"any text", `{"level":"ERROR","msg":"auth","hint":"…"}`, ""},
		{"another text", `{"level":"ERROR","msg":"auth","hint":"do it"}`, `no line says "do it" in hint`},
		{"no such field", `{"level":"ERROR","msg":"auth","why":"…"}`, "no line has why"},
		{"no such level", `{"level":"FATAL","msg":"auth"}`, "there is no level FATAL"},
		{"no level", `{"msg":"auth"}`, "it has no level"},
		{"no JSON", `{"msg":"auth"`, "it is no JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantSome(t, linesHold(parse("docs/a.md", "```json\n"+tt.line+"\n```\n"), known), tt.want)
		})
	}
	wantSome(t, wordsExist(parse("docs/a.md", "`no_word`"), known, nil), "the program does not know no_word")
	wantSome(t, wordsExist(parse("docs/a.md", "`a_word`"), known, []string{"a_word"}), "")
}

// Every number of Entra ID that the program knows has a row, and none has two.
func TestTroubleshootingKnowsTheNumbers(t *testing.T) {
	d := page(t, troubleshooting)
	rows := map[string]int{}
	number := regexp.MustCompile(`AAD(STS|B2C)[0-9]{4,10}`)
	for line := range strings.Lines(d.prose) {
		if !strings.HasPrefix(line, "| AAD") {
			continue
		}
		cell, _, _ := strings.Cut(line[2:], "|")
		for _, n := range number.FindAllString(cell, -1) {
			rows[n]++
		}
	}
	for text := range literals(t) {
		if n := number.FindString(text); n == text && n != "" && rows[n] == 0 {
			t.Errorf("%s has no row", n)
		}
	}
	for n, times := range rows {
		if times != 1 {
			t.Errorf("%s has %d rows", n, times)
		}
	}
	for _, n := range []string{"AADSTS50011", "AADSTS7000215", "AADSTS700016", "AADSTS65001", "AADSTS50105", "AADSTS70011", "AADSTS90015", "AADSTS54005", "AADSTS50020"} {
		if rows[n] == 0 {
			t.Errorf("%s, a common one, has no row", n)
		}
	}
}
