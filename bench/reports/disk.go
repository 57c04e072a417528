package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// bytesOf is what lies in a directory, without the directories named.
func bytesOf(dir string, without ...string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			for _, name := range without {
				if err == nil && path == filepath.Join(dir, name) {
					return filepath.SkipDir
				}
			}
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// cleanUp removes what runs have left. It only removes what it knows.
func cleanUp(dir string) error {
	failed := errors.Join(removeRival(filepath.Join(dir, sqliteFile)), removeRival(filepath.Join(dir, tryFile)))
	for _, name := range []string{warehouseDir, stateFile, sqliteState} {
		failed = errors.Join(failed, os.RemoveAll(filepath.Join(dir, name)))
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		failed = errors.Join(failed, fmt.Errorf("couldn't clean up, something else is there: %w", err))
	}
	return failed
}
