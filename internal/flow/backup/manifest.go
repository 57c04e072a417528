package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
)

// formatVersion is the version of backups. A program refuses those of a later one.
const formatVersion = 1

// chunkSize is how finely damage is placed, in bytes.
const chunkSize = 256 << 10

// Manifest says what a backup holds. It is JSON, whose last field is the SHA-256 of
// all bytes before it.
type Manifest struct {
	Format int    `json:"format"`
	Homing string `json:"homing"` // version of the program
	Layout int    `json:"layout"` // version of the data directory
	From   string `json:"from"`   // the data directory
	// Begun and Made are RFC 3339 in UTC. What was acknowledged before Begun is in
	// the backup; what after Made is not.
	Begun string `json:"begun"`
	Made  string `json:"made"`

	Ledger  LedgerState `json:"ledger"`
	Spool   SpoolState  `json:"spool"`
	Archive ArchiveDays `json:"archive"`
	// Notes tell in words what was known to be damaged in what was backed up.
	Notes []string `json:"notes,omitempty"`
	Files []File   `json:"files"`
}

// LedgerState tells how far the ledger goes.
type LedgerState struct {
	Change      int64 `json:"change"`
	Conversions int64 `json:"conversions"`
	Erasure     int64 `json:"erasure"`
}

// SpoolState tells which records the spool has: from First up to Next.
type SpoolState struct {
	First spool.Position `json:"first"`
	Next  spool.Position `json:"next"`
}

// ArchiveDays tells how many sealed days there are.
type ArchiveDays struct {
	Days int `json:"days"`
}

// File is one file of a backup.
type File struct {
	Name   string `json:"name"` // with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Chunks chunks `json:"chunks"`
}

// chunks are the CRC-32Cs of a file's pieces; as JSON their bytes in base64.
type chunks []uint32

// MarshalText writes the sums.
func (c chunks) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 4*len(c))
	for _, sum := range c {
		raw = binary.LittleEndian.AppendUint32(raw, sum)
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads the sums.
func (c *chunks) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%4 != 0 {
		return errors.New("chunks cannot be read")
	}
	*c = make(chunks, 0, len(raw)/4)
	for ; len(raw) > 0; raw = raw[4:] {
		*c = append(*c, binary.LittleEndian.Uint32(raw))
	}
	return nil
}

// Bytes is how large all files are together.
func (m *Manifest) Bytes() (total int64) {
	for _, f := range m.Files {
		total += f.Size
	}
	return total
}

// MadeAt is when the backup was made.
func (m *Manifest) MadeAt() homing.Millis { return parseTime(m.Made) }

// BegunAt is when the backup was begun.
func (m *Manifest) BegunAt() homing.Millis { return parseTime(m.Begun) }

func ledgerState(c ledger.Copied) LedgerState { return LedgerState(c) }

// sumField stands between what the checksum covers and the checksum.
const sumField = ",\n  \"sum\": \""

const sumEnd = "\"\n}\n"

// encode writes a manifest with its checksum.
func (m *Manifest) encode() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	text = bytes.TrimSuffix(text, []byte("\n}"))
	sum := sha256.Sum256(text)
	return append(text, sumField+hex.EncodeToString(sum[:])+sumEnd...), nil
}

// decode is encode's inverse. Only what is exactly as it was written passes.
func decode(text []byte) (*Manifest, error) {
	wrong := func(why string) error { return fmt.Errorf("%s is %w: %s", ManifestName, homing.ErrDamaged, why) }
	at := len(text) - len(sumField) - 2*sha256.Size - len(sumEnd)
	if at < 0 {
		return nil, wrong("it is too short")
	}
	sum := sha256.Sum256(text[:at])
	if string(text[at:]) != sumField+hex.EncodeToString(sum[:])+sumEnd {
		return nil, wrong("it does not match its checksum")
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return nil, wrong(err.Error())
	}
	if version.Format > formatVersion {
		return nil, fmt.Errorf("the backup was %w (format %d, this one knows %d); use that program to restore it", homing.ErrNewer, version.Format, formatVersion)
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, wrong(err.Error())
	}
	return m, nil
}

// readManifest reads a backup's manifest.
func readManifest(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, whyNone(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("couldn't read the backup: %w", err)
	}
	m, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return m, nil
}

// whyNone tells what a directory without a manifest is.
func whyNone(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &said{"there is no directory " + dir, homing.ErrNotFound}
	case err != nil:
		return fmt.Errorf("couldn't read the backup: %w", err)
	case len(entries) == 0:
		return incomplete(dir, "it is empty")
	}
	for _, e := range entries {
		if e.Name() == unfinishedName {
			return incomplete(dir, "it was not finished; take another one")
		}
	}
	return incomplete(dir, ManifestName+" is not there: it was not finished, or is something else")
}
