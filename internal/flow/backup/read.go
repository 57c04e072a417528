package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"homing"
)

// Backup is a whole backup, as far as its manifest says.
type Backup struct {
	Dir      string
	Manifest *Manifest
	layout   Layout
}

// Open reads the manifest of a backup. A directory without one, or that does not
// match its checksum, or is of a newer version, is refused.
func Open(dir string, layout Layout) (*Backup, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("couldn't tell where %s is: %w", dir, err)
	}
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	if m.Layout > layout.Version {
		return nil, fmt.Errorf("the backup %s was %w (layout %d, this one knows %d); use that program, %s, to restore it",
			dir, homing.ErrNewer, m.Layout, layout.Version, m.Homing)
	}
	b := &Backup{Dir: dir, Manifest: m, layout: layout}
	return b, b.checkNames()
}

// checkNames refuses a manifest that leads elsewhere, or leaves out what every
// backup has.
func (b *Backup) checkNames() error {
	seen := map[string]bool{}
	for _, f := range b.Manifest.Files {
		if !b.layout.holds(f.Name) || seen[f.Name] || int64(len(f.Chunks)) != (f.Size+chunkSize-1)/chunkSize {
			return damaged(b.Dir, []Place{{ManifestName, -1, fmt.Sprintf("it names %q, which is no file of a backup", f.Name)}})
		}
		seen[f.Name] = true
	}
	for _, name := range []string{b.layout.Keys, b.layout.Ledger} {
		if !seen[name] {
			return damaged(b.Dir, []Place{{ManifestName, -1, "it does not name " + name}})
		}
	}
	return nil
}

// Path is where a file of the backup lies.
func (b *Backup) Path(name string) string { return filepath.Join(b.Dir, filepath.FromSlash(name)) }

// Verify reads every byte and compares it with the manifest. What is damaged,
// missing or there in addition is told with its place; it is homing.ErrDamaged.
func (b *Backup) Verify(ctx context.Context, progress Progress) error {
	places, err := b.strangers()
	if err != nil {
		return err
	}
	total, done := b.Manifest.Bytes(), int64(0)
	for i := range b.Manifest.Files {
		f := &b.Manifest.Files[i]
		sums := newSums()
		err := b.read(ctx, f.Name, sums, func(n int64) { progress("verifying", done+n, total) })
		var place *unreadable
		switch {
		case errors.As(err, &place):
			places = append(places, place.Place)
		case err != nil:
			return err
		default:
			if p, differs := f.differs(sums.file(f.Name)); differs {
				places = append(places, p)
			}
		}
		done += f.Size
	}
	if len(places) > 0 {
		return damaged(b.Dir, places)
	}
	return nil
}

// unreadable is the error of a file that is not there or that the disk does not
// give back.
type unreadable struct{ Place }

func (u *unreadable) Error() string { return u.String() }
func (u *unreadable) Unwrap() error { return homing.ErrDamaged }

// read passes a file's bytes on.
func (b *Backup) read(ctx context.Context, name string, to io.Writer, progress func(n int64)) error {
	info, err := os.Lstat(b.Path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &unreadable{Place{name, -1, "it is missing"}}
	case err == nil && !info.Mode().IsRegular():
		return &unreadable{Place{name, -1, "it is no file"}}
	case err != nil:
		return fmt.Errorf("couldn't read the backup: %w", err)
	}
	file, err := os.Open(b.Path(name))
	if err != nil {
		return fmt.Errorf("couldn't read the backup: %w", err)
	}
	defer file.Close()
	defer forget(file)
	buf, read := make([]byte, pieceSize), int64(0)
	for {
		n, err := file.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
			read += int64(n)
			progress(read)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &unreadable{Place{name, read, "it cannot be read: " + err.Error()}}
		}
	}
}

// strangers are files that the manifest does not know. A backup with such was
// tampered with, or taken for a data directory. What begins with a dot is of the
// file system.
func (b *Backup) strangers() (places []Place, err error) {
	known := map[string]bool{ManifestName: true}
	for _, f := range b.Manifest.Files {
		known[f.Name] = true
	}
	dirs := []string{"."}
	for _, dir := range b.layout.dirs() {
		if above := path.Dir(dir); !slices.Contains(dirs, above) {
			dirs = append(dirs, above)
		}
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(b.Path(dir))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("couldn't read the backup: %w", err)
		}
		for _, e := range entries {
			name := filepath.ToSlash(filepath.Join(dir, e.Name()))
			if known[name] || strings.HasPrefix(e.Name(), ".") || e.Name() == "lost+found" || e.IsDir() && b.isDir(name) {
				continue
			}
			places = append(places, Place{name, -1, "it is not of this backup; move it elsewhere"})
		}
	}
	return places, nil
}

// isDir tells directories of a backup, and those above them.
func (b *Backup) isDir(name string) bool {
	return slices.ContainsFunc(b.layout.dirs(), func(dir string) bool { return dir == name || strings.HasPrefix(dir, name+"/") })
}

// CopyTo copies every file into a directory, which must be there and have none of
// them, and makes them and their names durable. What is written is compared with
// the manifest once more: the disk may have given something else the second time.
func (b *Backup) CopyTo(ctx context.Context, dir string, o CopyOptions) error {
	w := &writer{dir: dir, clock: o.Clock, space: o.Space, told: func() {}}
	total := b.Manifest.Bytes()
	if err := w.mayTake(total); err != nil {
		return err
	}
	for _, part := range []string{b.layout.Spool} { // which a data directory has, however empty
		if err := w.makeDirOf(part + "/"); err != nil {
			return err
		}
	}
	for i := range b.Manifest.Files {
		f := &b.Manifest.Files[i]
		from, to := io.Pipe()
		go func() { to.CloseWithError(b.read(ctx, f.Name, to, func(int64) {})) }()
		w.told = func() { o.Progress("copying", w.written, total) }
		err := w.copy(f.Name, f.Size, from)
		_ = from.Close() // ends the reading, should the writing have failed
		if err != nil {
			return err
		}
		if p, differs := f.differs(w.files[i]); differs {
			return damaged(b.Dir, []Place{p})
		}
	}
	return w.syncDirs()
}

// CopyOptions are what CopyTo needs besides.
type CopyOptions struct {
	Clock    homing.Clock
	Space    func(dir string) (free, total int64, err error) // nil asks nobody
	Progress Progress
}
