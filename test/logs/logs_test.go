package logs

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
)

const root = "../../"

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + "docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func program(t *testing.T) []Line {
	t.Helper()
	var all []Line
	for _, folder := range []string{"authserver", "cmd", "ingress"} {
		lines, err := Scan(root + folder)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, lines...)
	}
	if len(all) < 50 {
		t.Fatalf("%d lines: this test looks at the wrong folder", len(all))
	}
	return all
}

// unscanned are rows of the table whose messages the program does not write as a text of
// its own: steps of a sign-in, warnings of config, lines of net/http.
func unscanned() []string {
	return []string{
		"login", "callback", "logout", "signed_out", "me", "frontchannel_logout", "backchannel_logout",
		"token", "revoke", "session", "program_login", "program_authorize",
		"the keys have changed…", "EASYAUTH_…", "http: …",
	}
}

func TestEveryLineIsDescribed(t *testing.T) {
	entries := Entries(document(t, "logs.md"))
	for _, l := range program(t) {
		if why := Complaint(entries, l.Message, l.Level, l.Keys); why != "" {
			t.Errorf("%s: %q: %s", l.At, l.Message, why)
		}
	}
}

func TestEveryDescribedLineExists(t *testing.T) {
	lines, seen := program(t), map[string]bool{}
	for _, e := range Entries(document(t, "logs.md")) {
		if seen[e.Message] {
			t.Errorf("%q is described twice", e.Message)
		}
		seen[e.Message] = true
		if !slices.Contains(unscanned(), e.Message) && !slices.ContainsFunc(lines, func(l Line) bool { return e.Describes(l.Message) }) {
			t.Errorf("nobody logs %q", e.Message)
		}
	}
}

func TestComplaint(t *testing.T) {
	entries := Entries("| Message | Level | Keys | When |\n|---|---|---|---|\n| `it is …` | INFO, WARN | `a` `b` | x |\n")
	for _, row := range []struct {
		message, level string
		keys           []string
		want           string
	}{
		{"it is so", "INFO", []string{"a"}, ""},
		{"it is so", "WARN", []string{"b", "a"}, ""},
		{"it is so", "", nil, ""},
		{"it was so", "INFO", nil, "no row"},
		{"it is so", "ERROR", nil, "level ERROR"},
		{"it is so", "INFO", []string{"a", "c"}, "key c"},
	} {
		if got := Complaint(entries, row.message, row.level, row.keys); !strings.Contains(got, row.want) || (got == "") != (row.want == "") {
			t.Errorf("%+v: %q", row, got)
		}
	}
}

func TestScan(t *testing.T) {
	folder := t.TempDir()
	source := `package x
func f() {
	log.Info("one", "a", 1, "b", g("c"))
	s.cfg.Log.WarnContext(ctx, "the "+what+" two", slog.Any("d", x))
	h.Log.LogAttrs(ctx, level, "three", attrs...)
	h.Log.LogAttrs(ctx, level, name, slog.Int("e", 1))
	fmt.Println("four", "f")
	p.log.Enabled(ctx, level)
}`
	if err := os.WriteFile(folder+"/x.go", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := Scan(folder)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		lines[i].At = ""
	}
	want := []Line{{"one", "INFO", []string{"a", "b"}, ""}, {"the … two", "WARN", []string{"d"}, ""}, {"three", "", nil, ""}}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("%+v, want %+v", lines, want)
	}
}

// eventKeys are the keys of an event, by reflection.
func eventKeys() []string {
	var keys []string
	for field := range reflect.TypeFor[audit.Event]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		keys = append(keys, name)
	}
	return keys
}

func TestEveryKeyOfAnEventIsDescribed(t *testing.T) {
	var described []string
	for _, row := range Tables(document(t, "logs.md"), "Key") {
		if len(row) == 3 { // the other table of keys is the log's
			described = append(described, row.Code(0)...)
		}
	}
	if want := eventKeys(); !slices.Equal(described, want) {
		t.Errorf("described %v\nwritten   %v", described, want)
	}
}

// Of each kind there is an example, with keys that its kind has by the table.
func TestExamplesOfEvents(t *testing.T) {
	text := document(t, "logs.md")
	in := map[string]string{}
	for _, row := range Tables(text, "Key") {
		if len(row) == 3 {
			in[row.Code(0)[0]] = row[1]
		}
	}
	seen := map[audit.Kind]bool{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, `{"time"`) || !strings.Contains(line, `"audit":`) {
			continue
		}
		var e audit.Event
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil || e.Audit != audit.Schema {
			t.Errorf("%v: %s", err, line)
			continue
		}
		if again, err := json.Marshal(e); err != nil || string(again) != strings.TrimSpace(line) {
			t.Errorf("written it is %s, %v\nnot           %s", again, err, line)
		}
		seen[e.Event] = true
		var members map[string]any
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			t.Error(err)
		}
		for key := range members {
			where, named := in[key], strings.Contains(in[key], "`"+string(e.Event)+"`")
			general := !strings.Contains(where, "`") || strings.HasPrefix(where, "with ") || strings.HasPrefix(where, "where ")
			if !named && !general {
				t.Errorf("%s: the table has %q in %s", e.Event, key, where)
			}
		}
	}
	for _, kind := range audit.Kinds() {
		if !seen[kind] {
			t.Errorf("no example of %s", kind)
		}
		if !strings.Contains(in["event"], string(kind)) && !strings.Contains(text, "`"+string(kind)+"`") {
			t.Errorf("%s is not in the table", kind)
		}
	}
	if len(seen) != len(audit.Kinds()) {
		t.Errorf("kinds %v", slices.Sorted(maps.Keys(seen)))
	}
}

// Names and attributes of spans.
func TestSpansAreDescribed(t *testing.T) {
	text := document(t, "tracing.md")
	for _, table := range []struct {
		heading string
		want    []string
	}{
		{"Name", slices.Concat(constants(t, "authserver/metrics/requests.go", "Endpoint"), constants(t, "cmd/easyauth/wire_observe.go", "called"))},
		{"Attribute", constants(t, "authserver/tracing/spans.go", "key")},
	} {
		var got []string
		for _, row := range Tables(text, table.heading) {
			got = append(got, row.Code(0)...)
		}
		slices.Sort(got)
		slices.Sort(table.want)
		if !slices.Equal(got, table.want) || len(got) < 2 {
			t.Errorf("%s: described %v, written %v", table.heading, got, table.want)
		}
	}
}

func constants(t *testing.T, file, prefix string) []string {
	t.Helper()
	values, err := Constants(root+file, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
