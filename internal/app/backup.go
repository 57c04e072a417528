package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse/duckdb"
	"homing/internal/flow/backup"
	"homing/internal/flow/disk"
)

// archiveDir is where sealed days are, see duckdb.Options.Archive.
const archiveDir = warehouseDir + "/archive"

// backupLayout is what of a data directory is backed up. The warehouse's own file
// is not: it is made again from the rest.
var backupLayout = backup.Layout{
	Version: layoutVersion, Keys: masterKeyFile, Ledger: ledgerFile, Spool: spoolDir, Archive: archiveDir, Certificates: tlsDir,
}

// backups makes the backups of a house, one at a time, and knows the last one.
type backups struct {
	making sync.Mutex
	last   atomic.Pointer[lastBackup]
}

type lastBackup struct {
	at   homing.Millis
	what string // where it is, and what is in it
}

// madeAction is what the audit log calls a backup that was made.
const madeAction = "backup.make"

// backupKeeper is the house for those who ask for backups.
type backupKeeper struct {
	*house
	gentle bool // a server runs, whose doors need the disk
}

var _ control.Backups = backupKeeper{}

// Make implements control.Backups. From the moment it is durable the backup is
// good, whatever becomes of the entry in the audit log.
func (h backupKeeper) Make(ctx context.Context, by, dir string, progress func(string, int64, int64)) (done control.BackupMade, err error) {
	if !h.backups.making.TryLock() {
		return done, fmt.Errorf("%w: a backup is being made already", homing.ErrConflict)
	}
	defer h.backups.making.Unlock()
	made, err := backup.Make(ctx, h.backupSource(h.gentle), dir, progress)
	if err != nil {
		return done, err
	}
	m := made.Manifest
	done = control.BackupMade{
		Dir: made.Dir, Begun: m.Begun, Made: m.Made, Files: len(m.Files), Bytes: made.Bytes, Seconds: made.Took.Seconds(),
		Conversions: m.Ledger.Conversions, Records: int64(m.Spool.Next - m.Spool.First), Days: m.Archive.Days, Notes: m.Notes,
	}
	what := fmt.Sprintf("%s: %s in %d files, with %d conversions", made.Dir, disk.Size(made.Bytes), len(m.Files), m.Ledger.Conversions)
	h.backups.last.Store(&lastBackup{m.MadeAt(), what})
	note := ledger.Note{Action: madeAction, Object: "installation", Detail: what}
	if err := h.ledger.Apply(context.WithoutCancel(ctx), ledger.Actor{Name: by, At: m.MadeAt()}, note); err != nil {
		done.Notes = append(done.Notes, fmt.Sprintf("The backup is whole, but couldn't be noted in the audit log: %v", err))
	}
	return done, nil
}

// backupSource is what a backup is made of.
func (h *house) backupSource(gentle bool) backup.Source {
	return backup.Source{
		Dir: h.dir.path, Layout: backupLayout, Homing: Version, Archive: duckdb.ArchiveIn(h.dir.file(archiveDir)),
		Ledger: h.ledger, LedgerBytes: h.ledgerBytes, Spool: h.spool, Keys: h.masterKeyText, Damage: h.damageNotes,
		Clock: h.clock, Gentle: gentle, Space: spaceOf,
	}
}

// ledgerBytes is about how large a copy of the ledger gets: its log and ballast are
// not in it.
func (h *house) ledgerBytes() (size int64, err error) {
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(h.dir.file(ledgerFile + suffix))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("couldn't measure the ledger: %w", err)
		}
		size += info.Size()
	}
	return size, nil
}

// masterKeyText is the master keys' file as it stands.
func (h *house) masterKeyText() ([]byte, error) {
	h.renewing.Lock()
	defer h.renewing.Unlock()
	return os.ReadFile(filepath.Join(h.dir.path, masterKeyFile))
}

// damageNotes tell what is copied as it stands.
func (h *house) damageNotes() (notes []string) {
	for _, d := range h.spool.Damage() {
		notes = append(notes, fmt.Sprintf("%s was damaged before: %s at byte %d (%s)", spoolDir, filepath.Base(d.File), d.Offset, d.Cause))
	}
	for _, text := range h.ledger.Damage() {
		notes = append(notes, "the ledger was damaged before: "+text)
	}
	return notes
}

func spaceOf(dir string) (free, total int64, err error) {
	space, err := spaceAt(dir)
	return space.Free, space.Total, err
}

// lastBackup is the newest backup of this house; nil if there was none, or nobody
// knows.
func (h *house) lastBackup(ctx context.Context) *lastBackup {
	if last := h.backups.last.Load(); last != nil {
		return last
	}
	found, err := h.ledger.Audit(ctx, ledger.AuditQuery{Action: madeAction, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil
	}
	h.backups.last.CompareAndSwap(nil, &lastBackup{found[0].At, found[0].Detail})
	return h.backups.last.Load()
}

func (h *house) backupMetrics(e *exposition) {
	var at homing.Millis
	if last := h.backups.last.Load(); last != nil {
		at = last.at
	}
	e.sample("homing_backup_last_seconds", "", seconds(at))
}
