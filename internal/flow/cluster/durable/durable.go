// Package durable replaces small files as a whole, so that after any crash either
// the old one or the new one is there: a new file, fsynced, renamed, its directory
// fsynced.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces a file that only its owner may read. From a return without error
// on the new one is there after any crash; after an error either of them is.
func Write(path string, data []byte) error {
	return Make(path, func(uint64) ([]byte, error) { return data, nil })
}

// Make is Write for a file that tells its own number: content is asked with the
// number that the file is going to have, see Number.
func Make(path string, content func(number uint64) ([]byte, error)) error {
	const ownerOnly fs.FileMode = 0o600
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it was renamed
	err = fill(tmp, content)
	if err = errors.Join(err, tmp.Chmod(ownerOnly), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func fill(file *os.File, content func(number uint64) ([]byte, error)) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	data, err := content(numberOf(info))
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return err
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Number is what the file system tells a file from all its others by: a copy has
// another one, a file that was moved within its file system keeps it. 0 if the
// system has no such thing.
func Number(path string) (uint64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return numberOf(info), nil
}
