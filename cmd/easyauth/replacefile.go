package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile gives a file other content in one step: whoever reads it sees the
// old one or the new one, also after a crash. Mode and owner stay. Errors do not
// name the file.
func replaceFile(path string, was fs.FileInfo, content []byte) (err error) {
	folder := filepath.Dir(path)
	temp, err := os.CreateTemp(folder, ".easyauth-keys-*") // with mode 0600
	if err != nil {
		return pathless(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name()) // what went wrong before says more
			err = pathless(err)
		}
	}()
	_, err = temp.Write(content)
	err = errors.Join(err, sameOwner(temp, was), temp.Chmod(was.Mode().Perm()), temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes a rename outlast a crash.
func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // where the operator's file is
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// pathless takes the path out of an error of the file system.
func pathless(err error) error {
	var pathError *fs.PathError
	var linkError *os.LinkError
	switch {
	case errors.As(err, &pathError):
		return pathError.Err
	case errors.As(err, &linkError):
		return linkError.Err
	}
	return err
}
