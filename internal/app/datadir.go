package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"homing"
	"homing/internal/desk/control"
)

// A data directory holds
//
//	LOCK              locked by whoever has the directory open
//	master-keys.json  see loadMasterKeys
//	ledger.db         the ledger, with files beside it
//	spool/            the spool
//	warehouse/        what answers reports; can be made again from the rest
//	tls/              the self-signed certificate
//	disk-history.json how the disk filled up; can be lost
//	control.sock      while a server runs, see control.Listen
//	node.json         of a node of a cluster only, see nodeFile; it has no ledger then
//	settings.cache    of such a node: the settings as they were last, sealed
//	loan.json         of such a node: the node number that click ids are made under
//	VERSION           the version of this layout, "1"; written last
//
// VERSION says that the directory is whole: from then on keys, ledger and spool
// must be there. One that is missing is never made anew in silence, because an
// empty ledger would give numbers out again, and new keys would disown every
// click id that is on its way home.
const (
	layoutVersion = 1
	versionFile   = "VERSION"
	lockFile      = "LOCK"
	ledgerFile    = "ledger.db"
	spoolDir      = "spool"
	warehouseDir  = "warehouse"
	tlsDir        = "tls"

	settingsCacheFile = "settings.cache"
	loanFile          = "loan.json"
)

// dataDir is a data directory that is ours alone.
type dataDir struct {
	path  string
	lock  *os.File
	whole bool // VERSION is there
	// node is the number of a node of a cluster; 0 = a machine of its own.
	node uint64
}

// errInUse tells that another process has the data directory.
var errInUse = errors.New("it is in use by another homing")

// lockPatience is how long to wait for a command that is just working on the
// data directory, or for a server that is ending.
const lockPatience = 12 * time.Second

// servesFor is for how long somebody must have listened who has the lock, before that
// is a server. One that was killed while it started the warehouse's process leaves
// behind the beginning of it, which has lock and socket until it is a program of its
// own: on a busy machine, for a moment.
const servesFor = time.Second

// openDataDir makes or opens a data directory and locks it. Nothing in it is
// touched before it is certain that it is ours and not of a newer version. Of
// an owner that serves, it does not wait for the end.
func openDataDir(ctx context.Context, path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("--data-dir %s: couldn't make it: %w", path, err)
	}
	if _, err := checkLayout(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--data-dir %s: couldn't write to it: %w", path, err)
	}
	d := &dataDir{path: path, lock: lock}
	if err := d.wait(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	// Whoever had it before us may have made it.
	if d.node, err = readNode(path); err != nil {
		return nil, errors.Join(fmt.Errorf("--data-dir %s: %w", path, err), d.Close())
	}
	if d.whole, err = checkLayout(path); err == nil && d.whole {
		err = d.checkWhole()
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// wait takes the lock. flock, not fcntl: it belongs to the open file, so that no
// library that opens and closes files of the directory can drop it.
func (d *dataDir) wait(ctx context.Context) error {
	serves := time.NewTimer(servesFor)
	defer serves.Stop()
	served := false // by whoever listens, for all of servesFor
	for deadline := time.After(lockPatience); ; {
		err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		inUse := fmt.Errorf("--data-dir %s: %w; end that one or name another directory", d.path, errInUse)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("--data-dir %s: couldn't lock it: %w", d.path, err)
		}
		switch running := control.Running(ctx, d.path); {
		case running && served:
			return inUse
		case !running:
			served = false
			serves.Reset(servesFor)
		}
		select {
		case <-deadline:
			return inUse
		case <-serves.C:
			served = true
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// checkLayout refuses a directory that is somebody else's, or newer, and tells
// whether it is whole.
func checkLayout(path string) (whole bool, err error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return false, fmt.Errorf("--data-dir %s: couldn't read it: %w", path, err)
	}
	text, err := os.ReadFile(filepath.Join(path, versionFile))
	if errors.Is(err, fs.ErrNotExist) {
		for _, e := range entries {
			if e.Name() == restoringFile {
				return false, fmt.Errorf("--data-dir %s: a restore into it is under way, or was cut short; it is not whole: remove the directory and restore the backup again", path)
			}
			if e.Name() == movingFile {
				return false, fmt.Errorf("--data-dir %s: a house is being moved into it, or that was cut short; it is not whole: run the same homing migrate again, to its end", path)
			}
			if !ours(e.Name()) {
				return false, fmt.Errorf("--data-dir %s: it holds %q and is no data directory of homing; name an empty or a new one", path, e.Name())
			}
		}
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("--data-dir %s: couldn't read it: %w", path, err)
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(text)))
	switch {
	case err != nil || version < 1:
		return false, fmt.Errorf("--data-dir %s: its file %s is %w", path, versionFile, homing.ErrDamaged)
	case version > layoutVersion:
		return false, fmt.Errorf("--data-dir %s: it was %w (layout %d, this one knows %d); run the newer program", path, homing.ErrNewer, version, layoutVersion)
	}
	return true, nil
}

// ours tells whether a first start that was cut short may have left the name.
func ours(name string) bool {
	switch name {
	case lockFile, masterKeyFile, spoolDir, warehouseDir, tlsDir, diskHistoryFile, nodeFile, settingsCacheFile, loanFile, control.SocketName, "lost+found":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, ledgerFile)
}

// checkWhole wants everything there that a whole directory has. A node of a cluster
// has its ledger elsewhere, and its master keys from there as well.
func (d *dataDir) checkWhole() error {
	for name, what := range map[string]string{
		masterKeyFile: "the master keys, without which no click id can be read",
		ledgerFile:    "the ledger, which knows what has been counted",
		spoolDir:      "the spool, which holds the clicks",
	} {
		if d.node != 0 && name != spoolDir {
			continue
		}
		_, err := os.Stat(d.file(name))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("--data-dir %s: %s is missing (%s); bring it back from a backup, nothing was changed: %w",
				d.path, name, what, homing.ErrDamaged)
		}
		if err != nil {
			return fmt.Errorf("--data-dir %s: couldn't look at %s: %w", d.path, name, err)
		}
	}
	return nil
}

// complete marks the directory as whole, once everything in it has been made.
func (d *dataDir) complete() error {
	if d.whole {
		return nil
	}
	if err := writeDurably(d.file(versionFile), []byte(strconv.Itoa(layoutVersion)+"\n"), 0o600); err != nil {
		return fmt.Errorf("--data-dir %s: couldn't write to it: %w", d.path, err)
	}
	d.whole = true
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
