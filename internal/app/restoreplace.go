package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"homing"
)

// The directory that a backup is restored into: it is taken only while it holds
// nothing, and given back empty.

// mayBegin looks at where the backup is to go, and at the clock.
//
// A clock that is behind the backup is told, and no more: it may be the backup's
// that was wrong, by a year perhaps, and nobody can wait for so long. No click id is
// made twice by it. The restored ledger lends node numbers that the lost house had
// no reason to touch, and gives up the others until long after the later of both
// clocks, see moment.
func (p *putting) mayBegin() error {
	now, made := homing.MillisOf(p.Clock()), p.backup.Manifest.MadeAt()
	if now < homing.Epoch {
		return fmt.Errorf("this machine's clock says %s: set it first, for no click id can be made at such a time", now)
	}
	if now < made {
		p.done.Notes = append(p.done.Notes, fmt.Sprintf("The backup was made at %s, which is later than this machine's clock says (%s). "+
			"If this clock is the wrong one, set it before homing is started. If the backup's was, all is well: click ids are made under node numbers "+
			"that were not used under it. What it dated keeps its times, and stands in reports where they say.", made, now))
	}
	if err := p.isApart(); err != nil {
		return err
	}
	above := filepath.Dir(filepath.Clean(p.DataDir))
	if _, err := os.Stat(above); err != nil {
		return fmt.Errorf("--data-dir %s: couldn't make it: %w", p.DataDir, err)
	}
	return p.isFree()
}

// moment is when the ledger is told that it was restored: of the two clocks, that
// of the backup and this machine's, what the later one says.
func (p *putting) moment() homing.Millis {
	return max(homing.MillisOf(p.Clock()), p.backup.Manifest.MadeAt())
}

// isApart refuses a place inside the backup, which would not be whole with it.
func (p *putting) isApart() error {
	from, err := os.Stat(p.backup.Dir)
	if err != nil {
		return fmt.Errorf("couldn't read the backup: %w", err)
	}
	at, err := filepath.Abs(p.DataDir)
	if err != nil {
		return fmt.Errorf("couldn't tell where %s is: %w", p.DataDir, err)
	}
	// Of a path that is not there yet the links are not known; what it lies in is there.
	if real, err := filepath.EvalSymlinks(filepath.Dir(at)); err == nil {
		at = filepath.Join(real, filepath.Base(at))
	}
	for above := filepath.Dir(at); ; above = filepath.Dir(above) {
		if dir, err := os.Stat(above); err == nil && os.SameFile(dir, from) {
			return fmt.Errorf("%w --data-dir %s: it lies in the backup; name a directory elsewhere", homing.ErrInvalid, p.DataDir)
		}
		if above == filepath.Dir(above) {
			return nil
		}
	}
}

// isFree wants a directory that is not there, or that holds nothing but what is
// named.
func (p *putting) isFree(but ...string) error {
	entries, err := os.ReadDir(p.DataDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("--data-dir %s: couldn't read it: %w", p.DataDir, err)
	}
	for _, e := range entries {
		switch {
		case e.Name() == "lost+found", slices.Contains(but, e.Name()):
		case e.Name() == restoringFile:
			return fmt.Errorf("--data-dir %s: an earlier restore into it was cut short; remove the directory, or name another one", p.DataDir)
		default:
			return fmt.Errorf("--data-dir %s: it is not empty (it holds %q), and nothing is written over; move it away, or name another directory",
				p.DataDir, e.Name())
		}
	}
	return nil
}

// begin makes the directory and marks it as not whole.
func (p *putting) begin() (isOurs bool, err error) {
	err = os.Mkdir(p.DataDir, 0o700)
	isOurs = err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return false, fmt.Errorf("--data-dir %s: couldn't make it: %w", p.DataDir, err)
	}
	file, err := os.OpenFile(p.file(restoringFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return isOurs, fmt.Errorf("--data-dir %s: couldn't write to it: %w", p.DataDir, err)
	}
	_, err = file.WriteString(restoringText)
	err = errors.Join(err, file.Sync(), file.Close(), syncDir(p.DataDir), syncDir(filepath.Dir(filepath.Clean(p.DataDir))))
	if err != nil {
		err = errors.Join(fmt.Errorf("--data-dir %s: couldn't write to it: %w", p.DataDir, err), p.unmark(isOurs))
	}
	return isOurs, err
}

// lock keeps others out.
func (p *putting) lock() (*os.File, error) {
	lock, err := os.OpenFile(p.file(lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--data-dir %s: couldn't write to it: %w", p.DataDir, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("--data-dir %s: couldn't lock it: %w", p.DataDir, err), lock.Close())
	}
	return lock, nil
}

// unmark takes the mark away from a directory in which nothing was done.
func (p *putting) unmark(isOurs bool) error {
	err := os.Remove(p.file(restoringFile))
	if isOurs {
		_ = os.Remove(p.DataDir) // stays if somebody has come
	}
	return err
}

// undo removes what was written into a directory that was empty. VERSION goes
// first and the mark last: should this be cut short, too, what is left is refused.
func (p *putting) undo(isOurs bool) error {
	err := os.Remove(p.file(versionFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	entries, listed := os.ReadDir(p.DataDir)
	err = errors.Join(err, listed)
	for _, e := range entries {
		if e.Name() != "lost+found" && e.Name() != restoringFile {
			err = errors.Join(err, os.RemoveAll(p.file(e.Name())))
		}
	}
	if err = errors.Join(err, syncDir(p.DataDir)); err != nil {
		return err // the mark stays
	}
	if err := os.Remove(p.file(restoringFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if isOurs {
		return os.Remove(p.DataDir)
	}
	return nil
}
