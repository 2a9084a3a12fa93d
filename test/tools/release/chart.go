package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const chartFolder = "charts/easyauth"

// chart packs the chart with the version of the release, and the image of that version as its default. Helm writes the
// time of the packing into the archive; it is packed once more with the commit's.
func (r *releaser) chart(ctx context.Context) error {
	version := strings.TrimPrefix(r.version, "v")
	work, err := os.MkdirTemp("", "easyauth-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // a temporary folder
	cmd := exec.CommandContext(ctx, r.helm, "package", chartFolder, "--version", version, "--app-version", version, "--destination", work)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("helm package (test/tools/install-dependencies release builds Helm): %w\n%s", err, output)
	}
	name := "easyauth-" + version + ".tgz"
	packed, err := os.ReadFile(filepath.Join(work, name))
	if err != nil {
		return err
	}
	files, err := unpack(packed)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	again, err := tarball("", files, r.modified)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, name), again, 0o644)
}

func unpack(packed []byte) ([]file, error) {
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var files []file
	for archive := tar.NewReader(plain); ; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		files = append(files, file{head.Name, 0o644, content})
	}
}
