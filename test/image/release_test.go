package image

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// checkRelease makes a release for this machine alone, twice, and holds it against the image of the same version, whose
// program was built in another folder.
func checkRelease(t *testing.T, img *image) {
	folders := [2]string{filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "another")}
	for i, folder := range folders {
		cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "release", "VERSION="+version, "TARGETS=linux/"+img.Architecture, "RELEASE="+folder)
		cmd.Dir = repository
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("make release: %v\n%s", err, output)
		}
		if i == 0 && len(read(t, folder)) == 0 {
			t.Fatal("the release holds nothing")
		}
	}
	files := read(t, folders[0])
	if again := read(t, folders[1]); !maps.EqualFunc(files, again, bytes.Equal) {
		t.Errorf("made again, these differ: %q", differ(files, again))
	}
	name := "easyauth-" + version + "-linux-" + img.Architecture
	chart := "easyauth-" + strings.TrimPrefix(version, "v") + ".tgz"
	if names, want := slices.Sorted(maps.Keys(files)), []string{"SHA256SUMS", chart, name, name + ".cdx.json", name + ".tar.gz"}; !slices.Equal(names, want) {
		t.Fatalf("the release holds %q, want %q", names, want)
	}
	if !bytes.Equal(files[name], img.files["easyauth"].data) {
		t.Error("the program is not that of the image")
	}
	checkSums(t, files)
	checkArchive(t, files, name)
	checkBill(t, files, name)
	checkChart(t, filepath.Join(folders[0], chart))
	for file, data := range files {
		noPaths(t, file, data)
		if file == chart || strings.HasSuffix(file, ".tar.gz") {
			for inner, f := range unpacked(t, data) {
				noPaths(t, file+": "+inner, f.data)
			}
		}
	}
}

func read(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		if files[entry.Name()], err = os.ReadFile(filepath.Join(folder, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func differ(a, b map[string][]byte) []string {
	var names []string
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			names = append(names, name)
		}
	}
	return names
}

func checkSums(t *testing.T, files map[string][]byte) {
	t.Helper()
	var want strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != "SHA256SUMS" {
			fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(files[name]), name)
		}
	}
	if got := string(files["SHA256SUMS"]); got != want.String() {
		t.Errorf("sums\n%s, want\n%s", got, want.String())
	}
}

func checkArchive(t *testing.T, files map[string][]byte, name string) {
	t.Helper()
	inside := unpacked(t, files[name+".tar.gz"])
	var names []string
	for _, file := range []string{"LICENSE", "README.md", "THIRD-PARTY-LICENSES", "easyauth"} {
		names = append(names, name+"/"+file)
		if f := inside[name+"/"+file]; f.ModTime.Unix() != 1700000000 || f.Uid != 0 || f.Gid != 0 || f.Uname != "" || len(f.data) == 0 {
			t.Errorf("%s: %+v", file, f.Header)
		}
	}
	if got := slices.Sorted(maps.Keys(inside)); !slices.Equal(got, names) {
		t.Errorf("the archive holds %q, want %q", got, names)
	}
	if f := inside[name+"/easyauth"]; !bytes.Equal(f.data, files[name]) || f.Mode != 0o755 {
		t.Errorf("the archive's program is another one, or has not the mode 755 but %o", f.Mode)
	}
}

// checkBill wants every module of the program in its bill of materials, with a licence, and none else but the standard
// library.
func checkBill(t *testing.T, files map[string][]byte, name string) {
	t.Helper()
	type component struct {
		Name, Version, Purl string
		Hashes              []struct{ Alg, Content string }
		Licenses            []struct{ License struct{ ID string } }
		Properties          []struct{ Name, Value string }
	}
	var bill struct {
		BomFormat, SpecVersion, SerialNumber string
		Metadata                             struct {
			Timestamp string
			Component component
		}
		Components []component
	}
	if err := json.Unmarshal(files[name+".cdx.json"], &bill); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(files[name])
	about := bill.Metadata.Component
	if bill.BomFormat != "CycloneDX" || bill.SpecVersion != "1.6" || bill.SerialNumber == "" || bill.Metadata.Timestamp != "2023-11-14T22:13:20Z" ||
		about.Version != version || len(about.Hashes) != 1 || about.Hashes[0].Content != hex.EncodeToString(sum[:]) {
		t.Errorf("the bill begins with %+v", bill.Metadata)
	}
	info, err := buildinfo.Read(bytes.NewReader(files[name]))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"std " + strings.TrimPrefix(info.GoVersion, "go"): ""}
	for _, dep := range info.Deps {
		want[dep.Path+" "+dep.Version] = dep.Sum
	}
	got := map[string]string{}
	for _, c := range bill.Components {
		if len(c.Licenses) == 0 || c.Licenses[0].License.ID == "" || c.Purl != "pkg:golang/"+c.Name+"@"+c.Version {
			t.Errorf("the bill has %+v", c)
		}
		got[c.Name+" "+c.Version] = ""
		for _, p := range c.Properties {
			got[c.Name+" "+c.Version] += p.Value
		}
	}
	if len(got) != len(bill.Components) || !maps.Equal(got, want) {
		t.Errorf("the bill has %d components\n%v\nthe program is made of\n%v", len(bill.Components), got, want)
	}
}

// checkChart wants Helm to take the packed chart, with the versions of the release.
func checkChart(t *testing.T, file string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), filepath.Join(cache, "easyauth", "helm-v3.22.0"), "show", "chart", file).CombinedOutput()
	if err != nil {
		t.Fatalf("helm show chart: %v\n%s", err, output)
	}
	plain := strings.TrimPrefix(version, "v")
	for _, line := range []string{"\nname: easyauth\n", "\nversion: " + plain + "\n", "appVersion: " + plain + "\n"} {
		if !strings.Contains("\n"+string(output), line) {
			t.Errorf("the chart is\n%s", output)
		}
	}
}
