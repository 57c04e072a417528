package duckdb

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// A seal is up to three Parquet files and a manifest that names them:
//
//	2026-11-22.json                    manifest
//	clicks-2026-11-22.1.parquet        the day's clicks
//	postbacks-2026-11-22.1.parquet     the day's postbacks, by arrival
//	totals-2026-11-22.1.parquet        their quarter-hour totals
//
// The number tells one sealing of a day from the next. Files are made under
// another name, verified, fsynced and renamed; the manifest comes last. A
// crash before leaves files that nobody names, which the next Open removes;
// the old manifest with its old files stands until the new one does.
//
// When a table's rows of a day are given up, its file goes; totals stay.
type manifest struct {
	Version int               `json:"version"`
	Day     string            `json:"day"`
	Number  int               `json:"number"`
	Through map[string]uint64 `json:"through"`
	Files   map[string]file   `json:"files"` // by table
	// Lost are the tables of which the day's rows are not all here.
	Lost []string `json:"lost,omitempty"`
	// Sum is the SHA-256 of the manifest with Sum empty.
	Sum string `json:"sum"`

	day warehouse.Day
}

// file is one file of a seal.
type file struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

const manifestVersion = 1

// hasRows tells whether the seal still has rows, not only totals.
func (m *manifest) hasRows() bool {
	_, clicks := m.Files[clicks.name]
	_, postbacks := m.Files[postbacks.name]
	return clicks || postbacks
}

func (m *manifest) seal() warehouse.Seal {
	s := warehouse.Seal{Day: m.day, Through: m.Through}
	for name, f := range m.Files {
		if s.Bytes += f.Bytes; name != totals.name {
			s.Rows += f.Rows
		}
	}
	return s
}

func (m *manifest) sum() string {
	bare := *m
	bare.Sum = ""
	data, err := json.Marshal(&bare)
	if err != nil {
		panic("duckdb: a manifest cannot be written: " + err.Error()) // texts and numbers
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// readManifest reads a manifest. One that is damaged is homing.ErrDamaged, one
// of a later version homing.ErrNewer.
func readManifest(name string) (*manifest, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return parseManifest(name, data)
}

func parseManifest(name string, data []byte) (m *manifest, err error) {
	m = new(manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, homing.ErrDamaged, err)
	}
	if m.Version > manifestVersion {
		return nil, fmt.Errorf("%s has version %d: %w", name, m.Version, homing.ErrNewer)
	}
	if m.sum() != m.Sum {
		return nil, fmt.Errorf("%s: its checksum is wrong: %w", name, homing.ErrDamaged)
	}
	if m.day, err = parseDay(m.Day); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// write puts the manifest in force: after it, whatever happens, it stands.
func (m *manifest) write(dir string) error {
	m.Version, m.Day = manifestVersion, m.day.String()
	m.Sum = m.sum()
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, m.Day+".json")
	if err := os.WriteFile(name+temporary, append(data, '\n'), 0o600); err != nil {
		return err
	}
	if err := syncFile(name + temporary); err != nil {
		return err
	}
	if err := os.Rename(name+temporary, name); err != nil {
		return err
	}
	return syncFile(dir)
}

// temporary ends the names of files that are being made.
const temporary = ".tmp"

// syncFile makes a file, or the names in a directory, durable.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// digest reads a file through.
func digest(name string) (sum string, bytes int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	hash := sha256.New()
	if bytes, err = io.Copy(hash, f); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(hash.Sum(nil)), bytes, nil
}

func removeFile(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// isManifest tells manifests by their names.
func isManifest(name string) bool { return strings.HasSuffix(name, ".json") }
