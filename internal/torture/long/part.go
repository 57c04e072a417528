package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"homing/internal/torture"
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
	text, err := os.ReadFile(partFile(dir, row))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, fmt.Errorf("%s: %w; remove it to begin that row anew", partFile(dir, row), err)
	}
	return p, nil
}

// write keeps what is done of a row. It is written aside first, since whoever runs
// this may end it at any time.
func (p *part) write(dir, row string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	aside := partFile(dir, row) + ".tmp"
	return errors.Join(os.WriteFile(aside, text, 0o600), os.Rename(aside, partFile(dir, row)))
}

// forgetPart removes what is kept of a row that is done, or begun anew.
func forgetPart(dir, row string) error {
	if err := os.Remove(partFile(dir, row)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
