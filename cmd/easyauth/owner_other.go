//go:build !unix

package main

import (
	"io/fs"
	"os"
)

// sameOwner does nothing: here a folder says who owns the files in it.
func sameOwner(*os.File, fs.FileInfo) error { return nil }
