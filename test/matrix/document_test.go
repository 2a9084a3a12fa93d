package matrix

import (
	"slices"
	"strings"
	"testing"
)

// A document with two rows, one of which has a note.
const twoRows = "# A\n\n" + tableBegin + "\n| old | table |\n|---|---|\n| nginx | was |\n| Caddy 2.6 | stays |\n" + tableEnd + "\n\n" +
	notesBegin + "\n- *nginx*, refused: the old note\n- *Caddy 2.6*, XHR: stays too\n" + notesEnd + "\n\nThe end.\n"

func fullRow(name string) Row {
	row := Row{Name: name, Cells: map[Column]string{}, Notes: map[Column]string{}}
	for _, c := range Columns() {
		row.Cells[c] = "200"
	}
	return row
}

func TestMerged(t *testing.T) {
	row := fullRow(Nginx)
	row.Notes[Spoofing] = "the new note"
	text, err := merged(twoRows, []Row{row})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# A\n\n" + tableBegin + "\n| | refused |", "| nginx | 200 | 200 |", "| 200 \\* | 200 |\n| Caddy 2.6 | stays |\n" + tableEnd,
		notesBegin + "\n- *nginx*, header spoofing: the new note\n- *Caddy 2.6*, XHR: stays too\n" + notesEnd + "\n\nThe end.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "was") || strings.Contains(text, "old note") {
		t.Errorf("what was replaced is still there:\n%s", text)
	}
	if again, err := merged(text, []Row{row}); err != nil || again != text {
		t.Errorf("written again it differs: %v\n%s", err, again)
	}
	row.Cells[XHR] = "500"
	if other, err := merged(text, []Row{row}); err != nil || other == text {
		t.Errorf("a cell that differs is not seen: %v", err)
	}
}

func TestMergedRefuses(t *testing.T) {
	incomplete := fullRow(Nginx)
	delete(incomplete.Cells, StepUp)
	for name, tt := range map[string]struct {
		text string
		row  Row
	}{
		"no table":        {"# A\n", fullRow(Nginx)},
		"two tables":      {twoRows + tableBegin + "\n" + tableEnd, fullRow(Nginx)},
		"no end":          {strings.Replace(twoRows, tableEnd, "", 1), fullRow(Nginx)},
		"no notes":        {strings.Replace(twoRows, notesBegin, "", 1), fullRow(Nginx)},
		"unknown proxy":   {twoRows, fullRow("Squid")},
		"an empty cell":   {twoRows, incomplete},
		"a row of no-one": {twoRows, Row{}},
	} {
		if text, err := merged(tt.text, []Row{tt.row}); err == nil {
			t.Errorf("%s: no error:\n%s", name, text)
		}
	}
}

func TestWhole(t *testing.T) {
	var rows []Row
	for _, name := range Proxies() {
		rows = append(rows, fullRow(name))
	}
	complete, err := merged(tableBegin+"\n"+tableEnd+"\n"+notesBegin+"\n"+notesEnd+"\n", rows)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ old, by, want string }{
		"complete":         {"", "", ""},
		"a row is missing": {"| HAProxy |", "| Pound |", "HAProxy, refused: empty"},
		"an empty cell":    {"| HAProxy | 200 |", "| HAProxy | |", "HAProxy, refused: empty"},
		"no without why":   {"| HAProxy | 200 |", "| HAProxy | no \\* |", "HAProxy, refused: "},
		"a star without":   {"| HAProxy | 200 |", "| HAProxy | 200 \\* |", "HAProxy, refused: "},
		"a note without":   {notesEnd, "- *HAProxy*, refused: x\n" + notesEnd, "HAProxy, refused: "},
	} {
		complaints, err := Whole(strings.Replace(complete, tt.old, tt.by, 1))
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(complaints, func(c string) bool { return strings.HasPrefix(c, tt.want) })
		if tt.want == "" && len(complaints) > 0 || tt.want != "" && !found {
			t.Errorf("%s: %q, want %q", name, complaints, tt.want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, spell := range spellings() {
		if got := Fold(spell("X-Injected-Preferred-Username")); got != "x-injected-preferred-username" {
			t.Errorf("%q becomes %q", spell("X-Injected-Preferred-Username"), got)
		}
	}
	if n := len(spellings()); n != 20 {
		t.Errorf("%d spellings: docs/proxies/matrix.md says how many", n)
	}
	if Fold("XInjected-Oid") == Fold("X-Injected-Oid") {
		t.Error("a sign less is the same")
	}
}

func TestReadings(t *testing.T) {
	for target, misread := range map[string]bool{
		"/public/../admin/x": true, "/public/..%2fadmin": true, "/public/..;a=b/admin/x": true, "/public/%252e%252e/admin": true, "/ADMIN": true,
		"//x/admin/y": true, "/public\\..\\admin": true, "/%61dmin/x": true, "/admin;x/y": true,
		"/public/x": false, "/public/admin/x": false, "/public/a..b": false, "/public/x?y=/../admin/": false,
	} {
		if got := slices.ContainsFunc(readings(target, false), func(p string) bool { return strings.HasPrefix(p+"/", "/admin/") }); got != misread {
			t.Errorf("%s: %v, want %v: %q", target, got, misread, readings(target, false))
		}
	}
}

func TestReadingsOfOneCase(t *testing.T) {
	if misread("/ADMIN/x", "somebody", true) || !misread("/ADMIN/x", "somebody", false) || !misread("/public/../%61dmin/x", "somebody", true) {
		t.Error("case is not told apart from the rest")
	}
}

// The application tells what came, to the letter.
func TestEcho(t *testing.T) {
	e := Echo{Lines: []Line{{"x-injected-oid", "ours"}, {"X_Injected_Roles", "theirs"}, {"X-Injected-Tid", "a"}, {"x.injected.tid", "b"}}}
	if value, ok := e.Value("X-Injected-Oid"); value != "ours" || !ok {
		t.Errorf("oid: %q, %v", value, ok)
	}
	for _, name := range []string{"X-Injected-Roles", "X-Injected-Tid", "X-Injected-Sub"} {
		if value, ok := e.Value(name); ok {
			t.Errorf("%s is %q", name, value)
		}
	}
	if n := len(e.Values("X-Injected-Tid")); n != 2 {
		t.Errorf("%d values", n)
	}
}
