package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

func setUpSettings(fs *flag.FlagSet) runner {
	asJSON := fs.Bool("json", false, "as JSON")
	asMarkdown := fs.Bool("markdown", false, "as the page docs/settings.md")
	return func(_ context.Context, _ []string, env environment) int {
		all := config.Settings()
		switch {
		case *asJSON && *asMarkdown:
			say(env.stderr, "easyauth settings: --json and --markdown exclude each other\n")
			return exitUsage
		case *asJSON:
			e := json.NewEncoder(env.stdout)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(all); err != nil {
				say(env.stderr, "easyauth settings: %v\n", err)
				return exitFailed
			}
		case *asMarkdown:
			say(env.stdout, "%s", settingsPage(all))
		default:
			say(env.stdout, "%s", settingsText(all))
		}
		return exitOK
	}
}

const settingsHead = `# Settings

Every setting, from the table in the program: ` + "`easyauth settings --markdown`" + ` prints this page, ` + "`--json`" + ` gives the same
to programs. How settings are given, and what hangs together, is in [configuration](configuration.md). [All documents](README.md)

*Change* says when a setting counts that was changed in the configuration file, or whose file was changed: at once,
without a request being dropped, or after a restart. What is set in the environment counts until the process ends.
`

// settingsPage is docs/settings.md.
func settingsPage(all []config.Setting) string {
	var b strings.Builder
	b.WriteString(settingsHead)
	section := ""
	for _, s := range all {
		if s.Section != section {
			section = s.Section
			fmt.Fprintf(&b, "\n## %s\n\n| Variable | Default | Meaning | Example | Change |\n|---|---|---|---|---|\n", section)
		}
		byDefault := "–"
		switch {
		case s.Required == "always":
			byDefault = "required"
		case s.Required != "":
			byDefault = "required " + s.Required
		case s.Default != "":
			byDefault = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` | %s |\n", s.Name, byDefault, s.Meaning, s.Example, changes(s))
	}
	return b.String()
}

func changes(s config.Setting) string {
	if s.Reloads {
		return "at once"
	}
	return "restart"
}

const settingsWidth = 100 // characters of a line

// settingsText is what a person reads in a terminal.
func settingsText(all []config.Setting) string {
	var b strings.Builder
	section := ""
	for _, s := range all {
		if s.Section != section {
			section = s.Section
			fmt.Fprintf(&b, "%s\n\n", section)
		}
		fmt.Fprintf(&b, "  %s\n", s.Name)
		for _, line := range wrapped(strings.ReplaceAll(s.Meaning, "`", ""), settingsWidth-6) {
			fmt.Fprintf(&b, "      %s\n", line)
		}
		switch {
		case s.Required == "always":
			b.WriteString("      Required.\n")
		case s.Required != "":
			fmt.Fprintf(&b, "      Required %s.\n", strings.ReplaceAll(s.Required, "`", ""))
		case s.Default != "":
			fmt.Fprintf(&b, "      Default: %s\n", s.Default)
		}
		fmt.Fprintf(&b, "      Example: %s\n", s.Example)
		fmt.Fprintf(&b, "      A change counts: %s\n\n", map[bool]string{true: "at once", false: "after a restart"}[s.Reloads])
	}
	return b.String()
}

// wrapped breaks a text at blanks into lines of at most width characters.
func wrapped(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
