package examples

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// login runs a command that signs in, while do plays the person: it is given the address that the program prints.
func (u *user) login(command string, do func(link string)) ended {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", "umask 000\nexec "+command)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // so that it ends what it has started
	cmd.Dir, cmd.Env = filepath.Join(repository(u.t), "examples", "scripts"), append(inherited(), u.env...)
	cmd.WaitDelay = time.Second
	var out, errs bytes.Buffer
	cmd.Stdout = &out
	printed, err := cmd.StderrPipe()
	if err != nil {
		u.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	lines := bufio.NewReader(io.TeeReader(printed, &errs))
	link := ""
	for err == nil && !strings.HasPrefix(link, "http") {
		link, err = lines.ReadString('\n')
		link = strings.TrimSpace(link)
	}
	if err == nil {
		do(link)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		u.t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	if ctx.Err() != nil {
		u.t.Fatalf("%s: login does not end\n%s%s", u.tongue.name, &out, &errs)
	}
	return ended{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// decide opens the link, signs in as Adele, and answers the page that names the program.
func decide(t *testing.T, s *behind, link, decision string) (back string) {
	t.Helper()
	v := visit(t, s.Port)
	page, where := v.open(link, entra.Adele)
	if page.status != http.StatusOK || !strings.Contains(page.body, "Adele Vance") || !strings.Contains(page.body, "127.0.0.1:") {
		t.Fatalf("%s: %d\n%s", where, page.status, page.body)
	}
	form := url.Values{"decision": {decision}}
	for _, name := range []string{"request", "token"} {
		found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page.body)
		if found == nil {
			t.Fatalf("the page has no %s\n%s", name, page.body)
		}
		form.Set(name, found[1])
	}
	at, _, _ := strings.Cut(link, "?")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"},
	}
	resp, err := v.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // only where it leads matters
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: %d", decision, resp.StatusCode)
	}
	return resp.Header.Get("Location")
}

// arrive is the browser that goes back to the program, and is answered like this.
func (u *user) arrive(back string, status int) {
	u.t.Helper()
	r := visit(u.t, 0).do(back, page())
	if r.status != status || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") || len(r.body) < 10 {
		u.t.Errorf("%s: the browser is answered %d %v %q", u.tongue.name, r.status, r.header, r.body)
	}
	if status == http.StatusOK && (r.header.Get("Cache-Control") != "no-store" || r.header.Get("Referrer-Policy") != "no-referrer") {
		u.t.Errorf("%s: the browser keeps the code: %v", u.tongue.name, r.header)
	}
}
