package hosts

import (
	"bufio"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
)

// openRedirectLines is the number of lines of the list: a test that reads half
// of it must not pass.
const openRedirectLines = 297

func readOpenRedirects(t testing.TB) []string {
	t.Helper()
	f, err := os.Open("testdata/open-redirects.txt")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		lines = append(lines, scan.Text())
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if len(lines) != openRedirectLines {
		t.Fatalf("the list has %d lines, want %d", len(lines), openRedirectLines)
	}
	return lines
}

// unescape undoes each well-formed escape once and leaves the others, so that
// no line of the list drops out.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.WriteByte(c[0])
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Attack row 7. Each line is tried as it stands, unescaped once, unescaped as
// a form value (plus is a space), and behind a host of ours. The few that are
// accepted are listed, so that a change of the rules shows here.
func TestOpenRedirects(t *testing.T) {
	lines := readOpenRedirects(t)
	for _, tt := range []struct {
		name     string
		hosts    []string
		accepted []string
	}{
		{"our host alone", []string{"app.example.com"}, harmlessPaths},
		// The list is written against sites that trust these names.
		{
			"the hosts of the list",
			[]string{"app.example.com", "*.example.com", "example.com", "www.whitelisteddomain.tld"},
			append([]string{
				"http://example.com/dest?url=HTTPS://someplaceelse.com",
				"http://example.com/dest?url=https%3a%2f%2fsomeplaceelse.com",
				"http://example.com/dest?url=https://someplaceelse.com",
				"http://example.com/dest?url=javascript:alert(1)",
			}, harmlessPaths...),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := mustNew(t, Config{Hosts: tt.hosts, OwnPaths: []string{"/easyauth"}})
			self, _ := s.Host("app.example.com")
			served := func(o string) bool {
				h, ok := s.Host(strings.TrimPrefix(o, "https://"))
				return ok && h.Origin() == o
			}
			var accepted []string
			for _, line := range lines {
				once := unescape(line)
				for _, raw := range []string{line, once, unescape(strings.ReplaceAll(line, "+", " "))} {
					location, ok := s.ReturnURL(raw, self)
					checkStays(t, "https://app.example.com/", location, served, "/easyauth")
					if ok {
						checkSameReading(t, self.Origin(), raw, location)
						accepted = append(accepted, raw)
					}
					behind, _ := s.ReturnURL("https://app.example.com"+raw, self)
					checkStays(t, "https://app.example.com/", behind, served, "/easyauth")
				}
			}
			slices.Sort(accepted)
			accepted = slices.Compact(accepted)
			want := slices.Sorted(slices.Values(tt.accepted))
			if !slices.Equal(accepted, want) {
				t.Errorf("accepted:\n%s\nwant:\n%s", strings.Join(accepted, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// harmlessPaths are the lines that stay on our host as a browser reads them.
var harmlessPaths = []string{"/ReceiveAutoRedirect/false?desiredLocationUrl=http://xssposed.org"}
