//go:build unix

package client

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock reports whether nobody else has the lock of this open file. It ends when the
// file is closed.
func tryLock(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, err
		}
	}
}
