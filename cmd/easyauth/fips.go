package main

import "crypto/fips140"

// fipsMode tells whether the Go Cryptographic Module runs in FIPS 140-3 mode, which
// GODEBUG=fips140=on asks for at the start and GOFIPS140 at the build, and which
// version of the module is built in: "latest" is that of the Go release.
func fipsMode() string {
	mode := "off"
	switch {
	case fips140.Enforced():
		mode = "only"
	case fips140.Enabled():
		mode = "on"
	}
	return mode + " (module " + fips140.Version() + ")"
}
