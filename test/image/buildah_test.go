package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	repository = "../.." // seen from here
	version    = "v0.0.0-test.1"
	revision   = "0123456789abcdef0123456789abcdef01234567"
)

// buildah is the program with a storage of its own.
type buildah struct {
	dir     string
	builder string // the image that builds
}

// newBuildah makes the image that builds: an empty one but for the certificates. Go, its caches, a shell and what they
// need are mounted in when it runs, because the storage copies every byte of every layer.
func newBuildah(t *testing.T) *buildah {
	t.Helper()
	b := &buildah{dir: t.TempDir(), builder: "localhost/builder"}
	t.Cleanup(func() {
		// Whoever is not root has files there that are another user's.
		if output, err := inside(context.Background(), "rm", "-rf", filepath.Join(b.dir, "storage")).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, output)
		}
	})
	container := b.run(t, "from", "scratch")
	const certificates = "/etc/ssl/certs/ca-certificates.crt"
	b.run(t, "copy", "-q", container, certificates, certificates)
	config := []string{"config"}
	for _, variable := range []string{
		"PATH=" + filepath.Join(goEnv(t, "GOROOT"), "bin") + ":/usr/bin:/bin", "HOME=/tmp", "GOPATH=/tmp/go", "GOMODCACHE=/modules", "GOCACHE=/cache",
		"GOPROXY=off", "GOTOOLCHAIN=local", "GOFLAGS=-mod=readonly",
	} {
		config = append(config, "--env", variable)
	}
	b.run(t, append(config, container)...)
	b.run(t, "commit", "-q", "--rm", container, b.builder)
	return b
}

// run returns the output of one command.
func (b *buildah) run(t *testing.T, args ...string) string {
	t.Helper()
	storage := filepath.Join(b.dir, "storage")
	cmd := exec.CommandContext(t.Context(), "buildah", append([]string{"--root", filepath.Join(storage, "root"), "--runroot", filepath.Join(storage, "run")}, args...)...)
	cmd.Env = append(os.Environ(), "BUILDAH_ISOLATION=chroot", "STORAGE_DRIVER=vfs", "TMPDIR="+b.dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("buildah is not installed: `make test` installs it")
	}
	if err != nil {
		t.Fatalf("buildah %s: %v\n%s%s", args[0], err, output, stderr.Bytes())
	}
	return strings.TrimSpace(string(output))
}

// build builds the image for a machine (GOARCH) and returns what is in it.
func (b *buildah) build(t *testing.T, machine string) *image {
	t.Helper()
	name, scratch := "localhost/easyauth:"+machine, filepath.Join(b.dir, "tmp-"+machine)
	if err := os.Mkdir(scratch, 0o777); err != nil {
		t.Fatal(err)
	}
	args := []string{
		// Only Docker's format has a health check.
		"build", "--format", "docker", "--pull=never", "--layers=false", "--quiet", "--platform", "linux/" + machine,
		"--build-arg", "BUILDPLATFORM=linux/" + goEnv(t, "GOHOSTARCH"), "--build-arg", "BUILDER=" + b.builder,
		"--build-arg", "VERSION=" + version, "--build-arg", "REVISION=" + revision,
		"--volume", goEnv(t, "GOMODCACHE") + ":/modules:ro", "--volume", goEnv(t, "GOCACHE") + ":/cache:rw", "--volume", scratch + ":/tmp:rw",
	}
	for _, folder := range []string{"/bin", "/lib", "/lib64", "/usr", goEnv(t, "GOROOT")} {
		if _, err := os.Stat(folder); err == nil {
			args = append(args, "--volume", folder+":"+folder+":ro")
		}
	}
	start := time.Now()
	b.run(t, append(args, "--tag", name, repository)...)
	t.Logf("built for %s in %.0f s", machine, time.Since(start).Seconds())
	pushed := filepath.Join(b.dir, "pushed-"+machine)
	b.run(t, "push", "--quiet", "--format", "v2s2", name, "dir:"+pushed)
	return readImage(t, pushed)
}

// image is what somebody who pulls it gets.
type image struct {
	Architecture, OS string
	Config           struct {
		User            string
		Env             []string
		Entrypoint, Cmd []string
		ExposedPorts    map[string]struct{}
		Labels          map[string]string
		Volumes         map[string]struct{}
		Healthcheck     *struct {
			Test                           []string
			Interval, Timeout, StartPeriod time.Duration
		}
	} `json:"config"`
	files map[string]content
	bytes int64 // of all layers, unpacked
}

type content struct {
	tar.Header

	data []byte
}

func readImage(t *testing.T, dir string) *image {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	type blob struct{ Digest string }
	var manifest struct {
		Config blob
		Layers []blob
	}
	img := &image{files: map[string]content{}}
	if err := json.Unmarshal(read("manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(read(strings.TrimPrefix(manifest.Config.Digest, "sha256:")), img); err != nil {
		t.Fatal(err)
	}
	for _, layer := range manifest.Layers {
		for name, f := range unpacked(t, read(strings.TrimPrefix(layer.Digest, "sha256:"))) {
			img.files[name] = f
			img.bytes += int64(len(f.data))
		}
	}
	return img
}

// unzipped reads a layer, which may be compressed or not.
func unzipped(t *testing.T, data []byte) io.Reader {
	t.Helper()
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return bytes.NewReader(data)
	}
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// unpack lays the files where a container would have its root.
func (img *image) unpack(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, f := range img.files {
		if f.Typeflag == tar.TypeDir {
			continue
		}
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.data, f.FileInfo().Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

// inside is a command with the rights of root: where we are not root, in a user namespace, as Buildah has it.
func inside(ctx context.Context, args ...string) *exec.Cmd {
	if os.Geteuid() != 0 {
		args = append([]string{"buildah", "unshare"}, args...)
	}
	return exec.CommandContext(ctx, args[0], args[1:]...)
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(output))
}

// unpacked are the files of an archive, by name.
func unpacked(t *testing.T, data []byte) map[string]content {
	t.Helper()
	files := map[string]content{}
	for archive := tar.NewReader(unzipped(t, data)); ; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.Trim(head.Name, "/")] = content{*head, data}
	}
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/1e6) }
