package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"homing"
	"homing/bench/reports/traffic"
)

// What lies in the directory.
const (
	warehouseDir = "warehouse"
	stateFile    = "warehouse.json" // written when the warehouse is complete
	sqliteFile   = "sqlite.db"
	sqliteState  = "sqlite.json"
	tryFile      = "try.db" // a small SQLite file, for an estimate
)

// generation grows whenever the same seed makes other rows, or the warehouse's
// file becomes another: data of before is not used again.
const generation = 3

// state is what is known of a warehouse that was filled.
type state struct {
	Generation int            `json:"generation"`
	Seed       uint64         `json:"seed"`
	Clicks     int64          `json:"clicks"`
	Loaded     filled         `json:"loaded"`
	Samples    []sample       `json:"samples"`
	Books      *traffic.Books `json:"books"`
}

// filled tells how a store was filled.
type filled struct {
	At         time.Time     `json:"at"`
	Clicks     int64         `json:"clicks"`
	Rows       int64         `json:"rows"`
	Took       time.Duration `json:"took"`            // in Load, and closing; not making rows
	Index      time.Duration `json:"index,omitempty"` // of it, after the last row
	ParentTime time.Duration `json:"parent_time"`     // processor, without making rows
	ChildTime  time.Duration `json:"child_time"`
	ParentPeak int64         `json:"parent_peak"` // bytes, with the generator's
	ChildPeak  int64         `json:"child_peak"`
	Bytes      int64         `json:"bytes"` // on disk
}

// sample is a click that is looked for.
type sample struct {
	Origin homing.Origin `json:"origin"`
	Cost   homing.Money  `json:"cost"`
}

// read reads JSON; a missing file is no error and leaves v alone.
func read(dir, name string, v any) error {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("couldn't read what was made before (begin anew with --clean): %w", err)
	}
	return nil
}

func write(dir, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), text, 0o600)
}
