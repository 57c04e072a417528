package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/flow/disk"
)

const (
	// pieceSize is how much is copied at once.
	pieceSize = 1 << 20
	// syncEvery is how much is written before it is brought to the disk: a large
	// heap of dirty pages would hold up the fsyncs of the doors.
	syncEvery = 8 << 20
	// mostRest bounds a rest, so that a disk that hung for a moment does not stop
	// everything for another.
	mostRest = time.Second / 2
	// leaveRoom is what is left free of the target's disk, of a small one a part in
	// leaveShare: more than the spool leaves, so that a backup on the server's own
	// disk ends before the server has none.
	leaveRoom  = 1 << 30
	leaveShare = 10
)

// writer writes the files of a backup, or of a data directory that is restored. It
// is for one goroutine.
type writer struct {
	dir      string
	isOurs   bool // the directory itself was made by us
	gentle   bool
	clock    homing.Clock
	space    func(dir string) (free, total int64, err error)
	files    []File
	dirs     []string // below dir, as they were made
	written  int64
	total    int64  // foretold
	told     func() // after each piece
	unsynced int64
}

// begin makes the directory of a backup, or takes an empty one.
func begin(s *Source, dir string) (*writer, error) {
	dir = filepath.Clean(dir)
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("%w backup directory %q: it must be absolute", homing.ErrInvalid, dir)
	}
	if err := apart(dir, s.Dir); err != nil {
		return nil, err
	}
	w := &writer{dir: dir, gentle: s.Gentle, clock: s.Clock, space: s.Space, told: func() {}}
	if err := w.open(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(w.path(unfinishedName), []byte(unfinishedText), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("couldn't write to the backup directory: %w", err), w.undo())
	}
	return w, nil
}

// apart refuses a backup inside what it is of.
func apart(dir, data string) error {
	inside, err := filepath.Rel(unlinked(data), unlinked(dir))
	if err == nil && inside != ".." && !strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return fmt.Errorf("%w backup directory %s: it lies in the data directory; name one elsewhere, best on another disk", homing.ErrInvalid, dir)
	}
	return nil
}

// unlinked is a path without links, as far as it is there.
func unlinked(path string) string {
	for rest := ""; ; path, rest = filepath.Dir(path), filepath.Join(filepath.Base(path), rest) {
		if found, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(found, rest)
		}
		if path == filepath.Dir(path) {
			return filepath.Join(path, rest)
		}
	}
}

// open makes the directory, durably, or takes an empty one.
func (w *writer) open() error {
	err := os.Mkdir(w.dir, 0o700)
	switch {
	case err == nil:
		w.isOurs = true
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &said{fmt.Sprintf("couldn't make the directory %s: there is no %s", w.dir, filepath.Dir(w.dir)), homing.ErrNotFound}
	case !errors.Is(err, fs.ErrExist):
		return fmt.Errorf("couldn't make the directory %s; where a server runs, its user makes it: %w", w.dir, err)
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return fmt.Errorf("couldn't read the directory %s: %w", w.dir, err)
	}
	for _, e := range entries {
		switch e.Name() {
		case "lost+found":
		case ManifestName:
			return &said{w.dir + " holds a backup already; every backup needs a new or an empty directory", homing.ErrConflict}
		case unfinishedName:
			return &said{w.dir + " holds a backup that was not finished; remove it, or name another directory", homing.ErrConflict}
		default:
			return &said{fmt.Sprintf("%s holds %q; a backup needs a new or an empty directory", w.dir, e.Name()), homing.ErrConflict}
		}
	}
	_ = os.Chmod(w.dir, 0o700) // it may be somebody else's; nobody else may read the files in it
	return nil
}

func (w *writer) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

// copy writes one file of that many bytes.
func (w *writer) copy(name string, size int64, from io.Reader) error {
	if err := w.makeDirOf(name); err != nil {
		return err
	}
	file, err := os.OpenFile(w.path(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("couldn't write %s: %w", name, err)
	}
	sums := newSums()
	err = w.pour(file, io.TeeReader(from, sums))
	if err == nil && sums.size != size {
		err = fmt.Errorf("%d bytes of it were there, not %d: %w", sums.size, size, homing.ErrUnavailable)
	}
	if err = errors.Join(err, file.Sync()); err == nil {
		forget(file)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("couldn't write %s: %w", name, err)
	}
	w.files = append(w.files, sums.file(name))
	return nil
}

func (w *writer) copyText(name string, text []byte) error {
	return w.copy(name, int64(len(text)), bytes.NewReader(text))
}

// pour copies piece by piece.
func (w *writer) pour(to *os.File, from io.Reader) error {
	buf := make([]byte, pieceSize)
	for {
		begun := w.clock()
		n, err := io.ReadFull(from, buf)
		over := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !over {
			return err
		}
		if err := w.piece(to, buf[:n]); err != nil || over {
			return err
		}
		w.rest(begun)
	}
}

// piece writes a piece, brings what has come together to the disk, and sees that
// there is room for the next.
func (w *writer) piece(to *os.File, p []byte) error {
	if _, err := to.Write(p); err != nil {
		return err
	}
	w.written += int64(len(p))
	w.told()
	if w.unsynced += int64(len(p)); w.unsynced < syncEvery {
		return nil
	}
	w.unsynced = 0
	if err := to.Sync(); err != nil {
		return err
	}
	return w.mayTake(syncEvery)
}

// rest leaves the disk to the others for as long as it was used.
func (w *writer) rest(begun time.Time) {
	if w.gentle {
		time.Sleep(min(max(w.clock().Sub(begun), 0), mostRest))
	}
}

// mayTake says no before the target's disk is full.
func (w *writer) mayTake(size int64) error {
	if w.space == nil {
		return nil
	}
	free, total, err := w.space(w.dir)
	if err != nil || total == 0 {
		return nil // not every file system tells; then the writes find it out
	}
	if left := min(leaveRoom, total/leaveShare); free-size < left {
		return fmt.Errorf("%w: the disk of %s has too little room: %s are needed, %s are free, of which %s are left alone",
			homing.ErrUnavailable, w.dir, disk.Size(size), disk.Size(free), disk.Size(left))
	}
	return nil
}

// watchEvery is how often a file is looked at that somebody else writes.
const watchEvery = time.Second / 4

// watched has somebody else write a file, and stops it when the disk gets full.
func (w *writer) watched(ctx context.Context, name string, write func(ctx context.Context, path string) error, grown func(size int64)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			if info, err := os.Stat(w.path(name)); err == nil {
				grown(info.Size())
			}
			if err := w.mayTake(0); err != nil {
				stop(err)
				return
			}
		}
	}()
	err := write(ctx, w.path(name))
	close(ended)
	<-watching
	if info, failed := os.Stat(w.path(name)); failed == nil {
		w.written += info.Size()
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// take adds a file that somebody else wrote, and makes it durable.
func (w *writer) take(ctx context.Context, name string) error {
	file, err := os.OpenFile(w.path(name), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("couldn't read %s: %w", name, err)
	}
	sums := newSums()
	err = file.Sync()
	for buf := make([]byte, pieceSize); err == nil; {
		var n int
		begun := w.clock()
		if n, err = file.Read(buf); n > 0 {
			_, _ = sums.Write(buf[:n])
			w.written += int64(n)
			w.told()
		}
		if err == nil {
			err = ctx.Err()
		}
		w.rest(begun)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	forget(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("couldn't read %s back: %w", name, err)
	}
	w.files = append(w.files, sums.file(name))
	return nil
}

func (w *writer) makeDirOf(name string) error {
	dir, _ := filepath.Split(filepath.FromSlash(name))
	for i := range dir {
		if !os.IsPathSeparator(dir[i]) {
			continue
		}
		part := dir[:i]
		if slices.Contains(w.dirs, part) {
			continue
		}
		if err := os.Mkdir(filepath.Join(w.dir, part), 0o700); err != nil {
			return fmt.Errorf("couldn't make %s: %w", part, err)
		}
		w.dirs = append(w.dirs, part)
	}
	return nil
}

// syncDirs makes all names durable, and that of the directory itself.
func (w *writer) syncDirs() error {
	for _, dir := range slices.Backward(w.dirs) {
		if err := syncDir(filepath.Join(w.dir, dir)); err != nil {
			return err
		}
	}
	if err := syncDir(w.dir); err != nil {
		return err
	}
	return syncDir(filepath.Dir(w.dir))
}

// finish writes the manifest. Every file is durable by now, and every name becomes
// so before the manifest has its own: from then on the backup is whole, whatever
// happens.
func (w *writer) finish(ctx context.Context, m *Manifest) error {
	if err := w.syncDirs(); err != nil {
		return err
	}
	text, err := m.encode()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	tmp := w.path(ManifestName + ".tmp")
	if err := writeSynced(tmp, text); err != nil {
		return err
	}
	if err := os.Remove(w.path(unfinishedName)); err != nil {
		return err
	}
	if err := os.Rename(tmp, w.path(ManifestName)); err != nil {
		return err
	}
	return syncDir(w.dir)
}

func writeSynced(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// undo removes what was made, the manifest first, should it be there.
func (w *writer) undo() error {
	err := os.Remove(w.path(ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if w.isOurs {
		return errors.Join(err, os.RemoveAll(w.dir))
	}
	entries, listed := os.ReadDir(w.dir)
	err = errors.Join(err, listed)
	for _, e := range entries {
		if e.Name() != "lost+found" { // the directory was empty
			err = errors.Join(err, os.RemoveAll(w.path(e.Name())))
		}
	}
	return err
}
