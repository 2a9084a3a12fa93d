package main

import (
	"errors"
	"os"
	"path/filepath"
)

// mayAppend says why a file could not be appended to, or made, by who asks; nil if it
// could, as far as this can be told without opening it, and for no path. Errors need not
// name it.
func mayAppend(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.New("is a directory")
	case err == nil:
		return writable(path)
	case !os.IsNotExist(err):
		return err
	}
	folder := filepath.Dir(path)
	info, err = os.Stat(folder)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("not a directory")
	}
	return writable(folder)
}
