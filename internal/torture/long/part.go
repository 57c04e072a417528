package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"homing/internal/torture"
	"homing/internal/torture/done"
)

// part is a row that was ended before it was done: the next run goes on behind its
// last whole chapter, with the same seed.
type part struct {
	Past torture.Past  `json:"past"`
	Seed uint64        `json:"seed"`
	Took time.Duration `json:"took"`
}

func partFile(dir, row string) string { return filepath.Join(dir, "part of "+row+".json") }

// readPart reads what is done of a row; nothing is no error.
func readPart(dir, row string) (p part, err error) {
	if err := done.Read(partFile(dir, row), &p); err != nil {
		return p, fmt.Errorf("%w; remove %s to begin that row anew", err, partFile(dir, row))
	}
	return p, nil
}

// write keeps what is done of a row.
func (p *part) write(dir, row string) error { return done.Write(partFile(dir, row), p) }

// forgetPart removes what is kept of a row that is done, or begun anew.
func forgetPart(dir, row string) error {
	if err := os.Remove(partFile(dir, row)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
