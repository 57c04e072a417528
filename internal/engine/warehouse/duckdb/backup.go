package duckdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// ArchiveIn is the archive in a directory, for a backup. Whether a warehouse has
// it open, or can be opened at all, does not matter.
func ArchiveIn(dir string) warehouse.Archive { return sealedFiles{dir} }

// sealedFiles copies seals from beside.
//
// A seal's files are never changed: a day that is sealed again, erased in or given
// up gets other files and another manifest in the place of the old one, and the
// old files go. So no lock is needed. All files of a day are opened first, after
// which they may go; if one has gone before, its manifest was replaced, and is
// read again.
type sealedFiles struct{ dir string }

// Bytes implements warehouse.Archive.
func (a sealedFiles) Bytes() (total int64, err error) {
	entries, err := a.list()
	for _, e := range entries {
		if info, err := e.Info(); err == nil && a.isPart(e.Name()) { // else it has just gone
			total += info.Size()
		}
	}
	return total, err
}

func (a sealedFiles) list() ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(a.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("couldn't list the archive: %w", err)
	}
	return entries, nil
}

// isPart tells manifests and sealed files from what is being made, was put aside,
// or is not ours.
func (a sealedFiles) isPart(name string) bool {
	return isManifest(name) || strings.HasSuffix(name, ".parquet")
}

// Copy implements warehouse.Archive.
func (a sealedFiles) Copy(ctx context.Context, put warehouse.Put) (days int, err error) {
	entries, err := a.list()
	if err != nil {
		return 0, err
	}
	found := map[string]bool{}
	for _, e := range entries {
		if day, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			found[day] = true
		} else if _, day, _, ok := orphanName(e.Name()); ok {
			found[day.String()] = true // its manifest may have been lost, see adopt
		}
	}
	for _, day := range slices.Sorted(maps.Keys(found)) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := a.copyDay(ctx, day, put); err != nil {
			return 0, fmt.Errorf("couldn't copy the sealed day %s: %w", day, err)
		}
	}
	return len(found), nil
}

// sealedDay is a day's files, open.
type sealedDay struct {
	manifest []byte // nil if there is none
	files    []*os.File
}

func (d *sealedDay) close() {
	for _, f := range d.files {
		_ = f.Close() // they were only read
	}
}

func (a sealedFiles) copyDay(ctx context.Context, day string, put warehouse.Put) error {
	d, err := a.openDay(day)
	if err != nil {
		return err
	}
	defer d.close()
	for _, f := range d.files {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		from := &patient{ctx, io.LimitReader(f, info.Size())}
		if err := put(filepath.Base(f.Name()), info.Size(), from); err != nil {
			return err
		}
	}
	if d.manifest == nil {
		return nil
	}
	return put(day+".json", int64(len(d.manifest)), bytes.NewReader(d.manifest))
}

// openTries is how often a day may be sealed anew while it is opened.
const openTries = 10

// openDay opens what a day's manifest names. Should a file be gone although the
// manifest stays the same, the seal is damaged, and is copied without it.
func (a sealedFiles) openDay(day string) (*sealedDay, error) {
	for try := 1; ; try++ {
		before, err := a.read(day)
		if err != nil {
			return nil, err
		}
		names, err := a.namesOf(day, before)
		if err != nil {
			return nil, err
		}
		d := &sealedDay{manifest: before}
		missing, err := d.open(a.dir, names)
		if err != nil {
			d.close()
			return nil, err
		}
		after, err := a.read(day)
		if err == nil && (!missing || bytes.Equal(before, after) || try == openTries) {
			return d, nil
		}
		d.close()
		if err != nil {
			return nil, err
		}
	}
}

// read reads a day's manifest as it stands; nil if there is none.
func (a sealedFiles) read(day string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(a.dir, day+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// namesOf are the files that a manifest names; of one that cannot be read, or is
// not there, all files of the day, from which it may be made again.
func (a sealedFiles) namesOf(day string, manifest []byte) (names []string, err error) {
	if manifest != nil {
		m, err := parseManifest(day+".json", manifest)
		if err == nil {
			for _, f := range m.Files {
				names = append(names, f.Name)
			}
			slices.Sort(names)
			return names, nil
		}
		if !errors.Is(err, homing.ErrDamaged) {
			return nil, err
		}
	}
	paths, err := filepath.Glob(filepath.Join(a.dir, "*-"+day+".*.parquet"))
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names, err
}

func (d *sealedDay) open(dir string, names []string) (missing bool, err error) {
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			missing = true
			continue
		}
		if err != nil {
			return missing, err
		}
		d.files = append(d.files, f)
	}
	return missing, nil
}

// patient reads until ctx is done.
type patient struct {
	ctx  context.Context
	from io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.from.Read(b)
}
