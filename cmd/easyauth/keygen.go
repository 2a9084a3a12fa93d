package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// keygen prints a key. How to change keys: docs/operations.md, Keys.
func keygen(_ context.Context, _ []string, env environment) int {
	key := make([]byte, seal.KeySize)
	_, _ = rand.Read(key) // never fails: crypto/rand
	say(env.stdout, "%s\n", base64.StdEncoding.EncodeToString(key))
	return exitOK
}
