package sqlite

import (
	"errors"
	"syscall"
)

const syncsData = true

// datasync brings what a file holds to the disk, and of what is known about the
// file only what it takes to read that again.
func datasync(fd int) error {
	for {
		err := syscall.Fdatasync(fd)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
