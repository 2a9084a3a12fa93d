package docs

import (
	"fmt"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// program is EasyAuth's own, as its help describes it: the flags of each command.
type program map[string][]string

// ask builds the program and asks it for its commands and their flags.
func ask(t *testing.T) program {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "easyauth")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/easyauth")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	help := func(args ...string) string {
		output, err := exec.CommandContext(t.Context(), binary, args...).Output()
		if err != nil {
			t.Fatalf("easyauth %s: %v", strings.Join(args, " "), err)
		}
		return string(output)
	}
	_, list, _ := strings.Cut(help("help"), "Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	p := program{"help": nil}
	flag := regexp.MustCompile(`(?m)^ +--([a-z-]+)`)
	for _, match := range regexp.MustCompile(`(?m)^  ([a-z-]+(?: [a-z-]+)?) {2,}`).FindAllStringSubmatch(list, -1) {
		p[match[1]] = []string{"help"}
		for _, f := range flag.FindAllStringSubmatch(help(append(strings.Fields(match[1]), "--help")...), -1) {
			p[match[1]] = append(p[match[1]], f[1])
		}
	}
	return p
}

// wrong says what is wrong with the arguments of a command line; "" if nothing is.
func (p program) wrong(args []string) string {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return ""
	}
	name := args[0]
	group := func(command string) bool { return strings.HasPrefix(command, name+" ") }
	if _, is := p[name]; !is && len(args) > 1 {
		name += " " + args[1]
	}
	flags, is := p[name]
	switch {
	case !is && len(args) == 1 && slices.ContainsFunc(slices.Collect(maps.Keys(p)), group):
		return "" // a group of commands, named as one
	case !is:
		return fmt.Sprintf("%q is no command", strings.Join(args[:min(2, len(args))], " "))
	}
	for _, arg := range args {
		flag, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "--") && flag != "" && !slices.Contains(flags, flag) {
			return fmt.Sprintf("%s has no flag --%s", name, flag)
		}
	}
	return ""
}

// commandLines are the arguments of each call of the program in a piece of shell.
func commandLines(shell string) [][]string {
	var lines [][]string
	shell = strings.ReplaceAll(shell, "\\\n", " ")
	for _, command := range regexp.MustCompile(`[\n;|&()]|\$\(`).Split(shell, -1) {
		command, _, _ = strings.Cut(command+" ", " #")
		words := strings.Fields(command)
		for i, word := range words {
			first := i == 0 || regexp.MustCompile(`^[A-Z_]+=`).MatchString(words[0]) && i == 1
			if path.Base(word) == "easyauth" && first || word == "/easyauth" && i > 0 {
				lines = append(lines, words[i+1:])
				break
			}
		}
	}
	return lines
}

// unknownCommands complains of every command line of the program that it does not know.
func unknownCommands(found []document, p program) []string {
	var complaints []string
	complain := func(d document, line int, shell string) {
		for _, args := range commandLines(shell) {
			if why := p.wrong(args); why != "" {
				complaints = append(complaints, fmt.Sprintf("%s:%d: easyauth %s: %s", d.name, line, strings.Join(args, " "), why))
			}
		}
	}
	for _, d := range found {
		for _, b := range d.fence {
			if b.language == "sh" {
				complain(d, b.line, b.text)
			}
		}
		for _, s := range d.spans {
			if strings.HasPrefix(s.text, "easyauth ") {
				complain(d, s.line, s.text)
			}
		}
	}
	return complaints
}

func TestCommandsExist(t *testing.T) {
	p := ask(t)
	if !slices.Contains(p["serve"], "roles") || !slices.Contains(p["sessions revoke"], "all") {
		t.Fatalf("the help was not understood: %v", p)
	}
	report(t, unknownCommands(read(t), p))
	tests := []struct{ name, text, want string }{
		{"a command", "`easyauth serve --roles=auth`", ""},
		{"none", "`easyauth server`", `docs/a.md:1: easyauth server: "server" is no command`},
		{"of a group", "`easyauth sessions revoke --all`", ""},
		{"none of a group", "`easyauth sessions end --all`", `"sessions end" is no command`},
		{"a group", "`easyauth sessions`", ""},
		{"no flag of it", "`easyauth serve --role=auth`", "serve has no flag --role"},
		{"a flag of another", "`easyauth version --roles=auth`", "version has no flag --roles"},
		{"in a block", "```sh\neasyauth keygen --rotate keys # a key\n```", ""},
		{"not in a block", "```sh\nA=b easyauth key | cat\n```", `easyauth key: "key" is no command`},
		{"inside of another", "```sh\nx=\"$(easyauth key)\"\n```", `"key" is no command`},
		{"in a pod", "```sh\nkubectl -n easyauth exec deploy/easyauth -- /easyauth session list --all\n```", `"session list" is no command`},
		{"on two lines", "```sh\neasyauth sessions \\\n  revoke --user a --every\n```", "sessions revoke has no flag --every"},
		{"only the name", "```sh\nhelm install easyauth charts/easyauth\nkubectl -n easyauth get pods\n```", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantSome(t, unknownCommands([]document{parse("docs/a.md", tt.text)}, p), tt.want)
		})
	}
}
