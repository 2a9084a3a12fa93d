package image

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/buildinfo"
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// mostBytes is how large the image may be, unpacked.
const mostBytes = 45_000_000

// TestImage builds the image for both kinds of machines, looks at all that is in it, and runs that of this machine.
func TestImage(t *testing.T) {
	if output, err := exec.CommandContext(t.Context(), "go", "mod", "download").CombinedOutput(); err != nil { // nothing is fetched later
		t.Fatalf("%v: %s", err, output)
	}
	b := newBuildah(t)
	images := map[string]*image{}
	for _, machine := range []string{"amd64", "arm64"} {
		t.Run(machine, func(t *testing.T) {
			images[machine] = b.build(t, machine)
			checkConfig(t, images[machine], machine)
			checkFiles(t, images[machine])
			checkProgram(t, images[machine], machine)
		})
	}
	own, ok := images[goEnv(t, "GOHOSTARCH")]
	if !ok {
		t.Fatal("there is no image for this machine")
	}
	if t.Failed() {
		return
	}
	t.Run("release", func(t *testing.T) { checkRelease(t, own) })
	t.Run("run", func(t *testing.T) { checkRuns(t, own.unpack(t)) })
}

func checkConfig(t *testing.T, img *image, machine string) {
	t.Helper()
	if img.Architecture != machine || img.OS != "linux" {
		t.Errorf("the image is for %s/%s", img.OS, img.Architecture)
	}
	c := img.Config
	if c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/easyauth"}) || !slices.Equal(c.Cmd, []string{"serve"}) || len(c.Volumes) > 0 {
		t.Errorf("user %q, entry point %q, command %q, volumes %v", c.User, c.Entrypoint, c.Cmd, c.Volumes)
	}
	if ports := slices.Sorted(maps.Keys(c.ExposedPorts)); !slices.Equal(ports, []string{"8080/tcp", "9090/tcp"}) {
		t.Errorf("ports %q", ports)
	}
	for _, variable := range c.Env { // nothing of the image that builds
		if !strings.HasPrefix(variable, "PATH=") {
			t.Errorf("variable %q", variable)
		}
	}
	if h := c.Healthcheck; h == nil || !slices.Equal(h.Test, []string{"CMD", "/easyauth", "healthcheck"}) || h.Interval != 30*time.Second || h.Timeout != 6*time.Second || h.StartPeriod != 5*time.Second {
		t.Errorf("health check %+v", h)
	}
	for name, want := range map[string]string{"title": "EasyAuth", "version": version, "revision": revision, "licenses": "Apache-2.0", "source": "https://github.com/easyauth-sidecar/easyauth"} {
		if got := c.Labels["org.opencontainers.image."+name]; got != want {
			t.Errorf("label %s is %q, want %q", name, got, want)
		}
	}
}

func checkFiles(t *testing.T, img *image) {
	t.Helper()
	if img.bytes > mostBytes {
		t.Errorf("the image has %d bytes, more than %d", img.bytes, mostBytes)
	}
	t.Attr("image_mb_"+img.Architecture, megabytes(img.bytes))
	var files []string
	for name, f := range img.files {
		switch {
		case f.Typeflag == tar.TypeReg:
			files = append(files, name)
		case f.Typeflag != tar.TypeDir:
			t.Errorf("%s is neither a file nor a folder", name)
		}
		if f.Uid != 0 || f.Gid != 0 || f.Mode&0o7002 != 0 {
			t.Errorf("%s is of %d:%d and has the mode %o", name, f.Uid, f.Gid, f.Mode)
		}
	}
	slices.Sort(files)
	if want := []string{"LICENSE", "THIRD-PARTY-LICENSES", "easyauth", "etc/ssl/certs/ca-certificates.crt"}; !slices.Equal(files, want) {
		t.Errorf("files %q, want %q", files, want)
	}
	licence, err := os.ReadFile(filepath.Join(repository, "LICENSE"))
	if err != nil || !bytes.Equal(licence, img.files["LICENSE"].data) {
		t.Errorf("the licence is another one (%v)", err)
	}
	if pool := x509.NewCertPool(); !pool.AppendCertsFromPEM(img.files["etc/ssl/certs/ca-certificates.crt"].data) {
		t.Error("there are no certificates of authorities")
	}
}

// checkProgram wants a static program for the machine that says nothing of where it was built, and the licences of all
// that is in it.
func checkProgram(t *testing.T, img *image, machine string) {
	t.Helper()
	program := img.files["easyauth"]
	f, err := elf.NewFile(bytes.NewReader(program.data))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[machine]; f.Machine != want {
		t.Errorf("the program is for %v", f.Machine)
	}
	libraries, err := f.ImportedLibraries()
	if err != nil && f.Section(".dynamic") != nil || len(libraries) > 0 {
		t.Errorf("the program needs %q (%v)", libraries, err)
	}
	for _, part := range f.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a part of type %v", part.Type)
		}
	}
	if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
		t.Error("the program is not stripped")
	}
	if program.Mode&0o111 != 0o111 {
		t.Errorf("the program has the mode %o", program.Mode)
	}
	noPaths(t, "the program", program.data)
	info, err := buildinfo.Read(bytes.NewReader(program.data))
	if err != nil {
		t.Fatal(err)
	}
	notices := string(img.files["THIRD-PARTY-LICENSES"].data)
	if len(info.Deps) < 10 {
		t.Errorf("the program has %d modules", len(info.Deps))
	}
	for _, dep := range info.Deps {
		if !strings.Contains(notices, "\n"+dep.Path+" "+dep.Version+" (") || !strings.Contains(notices, "\n"+dep.Path+" "+dep.Version+": ") {
			t.Errorf("no licence of %s %s is in the image", dep.Path, dep.Version)
		}
	}
	if !strings.Contains(notices, "\nGo's standard library "+strings.TrimPrefix(info.GoVersion, "go")+": LICENSE") {
		t.Error("no licence of Go is in the image")
	}
}

// noPaths wants nothing of this machine's folders and user in a file.
func noPaths(t *testing.T, what string, data []byte) {
	t.Helper()
	here, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{here, home, goEnv(t, "GOMODCACHE"), goEnv(t, "GOCACHE"), goEnv(t, "GOROOT"), os.TempDir()} {
		if bytes.Contains(data, []byte(folder+"/")) {
			t.Errorf("%s holds a path in %s", what, folder)
		}
	}
}
