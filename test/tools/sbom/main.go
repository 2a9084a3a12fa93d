// Command sbom writes a software bill of materials in CycloneDX's JSON: of one binary of EasyAuth, described on standard
// input as test/tools/release does. It is a module of its own, so that its library is in no list of the server's.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// binary is what is described.
type binary struct {
	Version, SHA256 string
	Time            time.Time // of the commit
	Modules         []struct {
		Path, Version string
		Sum           string // as in go.sum; empty for the standard library
		Licences      []string
	}
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var b binary
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		return err
	}
	encoder := cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON)
	encoder.SetPretty(true)
	return encoder.EncodeVersion(b.bill(), cdx.SpecVersion1_6)
}

func (b binary) bill() *cdx.BOM {
	const itself = "github.com/easyauth-sidecar/easyauth"
	var components []cdx.Component
	for _, m := range b.Modules {
		c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: purl(m.Path, m.Version), Licenses: licences(m.Licences)}
		c.BOMRef = c.PackageURL
		if m.Sum != "" {
			c.Properties = &[]cdx.Property{{Name: "go.sum", Value: m.Sum}}
		}
		components = append(components, c)
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + b.uuid()
	bom.Metadata = &cdx.Metadata{
		Timestamp: b.Time.UTC().Format(time.RFC3339),
		Component: &cdx.Component{
			BOMRef: purl(itself, b.Version), Type: cdx.ComponentTypeApplication, Name: itself, Version: b.Version, PackageURL: purl(itself, b.Version),
			Licenses: licences([]string{"Apache-2.0"}), Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: b.SHA256}},
		},
	}
	bom.Components = &components
	return bom
}

func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }

func licences(ids []string) *cdx.Licenses {
	var all cdx.Licenses
	for _, id := range ids {
		all = append(all, cdx.LicenseChoice{License: &cdx.License{ID: id}})
	}
	return &all
}

// uuid is the same for the same binary: a version 8 UUID out of its sum.
func (b binary) uuid() string {
	sum := sha256.Sum256([]byte("easyauth sbom " + b.SHA256))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
