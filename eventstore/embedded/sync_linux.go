package embedded

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// datasync puts a file's data, and what of its metadata is needed to read
// them, on the medium.
func datasync(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
