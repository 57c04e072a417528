package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"homing"
)

// A data directory holds
//
//	VERSION           the version of its layout, "1"
//	LOCK              locked by whoever has the directory open
//	master-keys.json  see loadMasterKeys
//	ledger.db         the ledger
//	spool/            the spool
//	tls/              the self-signed certificate
//	control.sock      while a server runs, see control.Listen
const (
	layoutVersion = 1
	versionFile   = "VERSION"
	lockFile      = "LOCK"
	ledgerFile    = "ledger.db"
	spoolDir      = "spool"
	tlsDir        = "tls"
)

// dataDir is a data directory that is ours alone.
type dataDir struct {
	path string
	lock *os.File
}

// errInUse tells that another process has the data directory.
var errInUse = errors.New("it is in use by another homing")

// openDataDir makes or opens a data directory and locks it. Nothing in it is
// touched before it is certain that it is ours and not of a newer version.
func openDataDir(path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("--data-dir %s: couldn't make it: %w", path, err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("--data-dir %s: couldn't read it: %w", path, err)
	}
	if err := checkLayout(path, entries); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--data-dir %s: couldn't write to it: %w", path, err)
	}
	// flock, not fcntl: it belongs to the open file, so that no library that
	// opens and closes files of the directory can drop it.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("--data-dir %s: %w; end that one or name another directory", path, errInUse)
	}
	d := &dataDir{path: path, lock: lock}
	if err := d.stamp(); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// checkLayout refuses a directory that is somebody else's, or newer.
func checkLayout(path string, entries []fs.DirEntry) error {
	text, err := os.ReadFile(filepath.Join(path, versionFile))
	if errors.Is(err, fs.ErrNotExist) {
		for _, e := range entries {
			if name := e.Name(); name != lockFile && !strings.HasPrefix(name, ".") && name != "lost+found" {
				return fmt.Errorf("--data-dir %s: it holds %q and is no data directory of homing; name an empty or a new one", path, name)
			}
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("--data-dir %s: couldn't read it: %w", path, err)
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(text)))
	switch {
	case err != nil:
		return fmt.Errorf("--data-dir %s: its file %s is %w", path, versionFile, homing.ErrDamaged)
	case version > layoutVersion:
		return fmt.Errorf("--data-dir %s: it was %w (layout %d, this one knows %d); run the newer program", path, homing.ErrNewer, version, layoutVersion)
	}
	return nil
}

// stamp writes the layout's version into a new directory.
func (d *dataDir) stamp() error {
	path := d.file(versionFile)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := writeDurably(path, []byte(strconv.Itoa(layoutVersion)+"\n"), 0o600); err != nil {
		return fmt.Errorf("--data-dir %s: couldn't write to it: %w", d.path, err)
	}
	return nil
}

func (d *dataDir) file(name string) string { return filepath.Join(d.path, name) }

// Close lets the directory go.
func (d *dataDir) Close() error { return d.lock.Close() }

// writeDurably writes a whole file so that after any crash either the old one
// or the new one is there: a new file, fsynced, renamed, its directory fsynced.
func writeDurably(path string, data []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it was renamed
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
