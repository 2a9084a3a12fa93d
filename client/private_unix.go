//go:build unix

package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// noFollow opens no link, and does not wait for a pipe.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// isPrivate refuses what another user owns, or may read or write.
func isPrivate(path string, info fs.FileInfo) error {
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int64(stat.Uid) != int64(os.Geteuid()) {
		return inFile(path, errors.New("it belongs to another user, so it is not used; XDG_STATE_HOME can name a folder of your own"))
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		want := "600"
		if info.IsDir() {
			want = "700"
		}
		return inFile(path, fmt.Errorf("others may read or write it (%#o), so it is not used: chmod %s, and sign in again if somebody may have read a token in it", mode, want))
	}
	return nil
}

// syncFolder makes a rename outlast a crash.
func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the own folder
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
