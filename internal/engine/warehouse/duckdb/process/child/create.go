//go:build cgo

package child

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// making ends the name of a database file that is not whole yet.
const making = ".making"

// create makes the file if there is none, under another name first: DuckDB
// writes a new file's headers one after the other, and one that a kill left
// half made would be taken for a damaged one ever after.
func create(s wire.Settings) *wire.Fault {
	if _, err := os.Stat(s.Path); !errors.Is(err, fs.ErrNotExist) {
		return nil // or opening it tells what is wrong
	}
	path := s.Path
	s.Path += making
	if err := os.Remove(s.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &wire.Fault{Kind: wire.Unavailable, Text: err.Error()}
	}
	db, fault := open(s)
	if fault != nil {
		return fault
	}
	db.close()
	if err := os.Rename(s.Path, path); err != nil {
		return &wire.Fault{Kind: wire.Unavailable, Text: err.Error()}
	}
	return syncDirectory(filepath.Dir(path))
}

func syncDirectory(name string) *wire.Fault {
	dir, err := os.Open(name)
	if err != nil {
		return &wire.Fault{Kind: wire.Unavailable, Text: err.Error()}
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return &wire.Fault{Kind: wire.Unavailable, Text: err.Error()}
	}
	return nil
}
