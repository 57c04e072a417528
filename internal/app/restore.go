package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/flow/backup"
)

// Restoration asks for a data directory that is made of a backup.
type Restoration struct {
	Backup  string // directory of the backup
	DataDir string // must be new or empty
	// Verify: only read the backup through; DataDir is not looked at.
	Verify bool
	// Erasures, if given, are lines of homing erase list: what was erased after the
	// backup was made is erased again.
	Erasures io.Reader
	Clock    homing.Clock
	Progress func(what string, done, total int64)
}

// Restored tells of a backup that was put back, or verified.
type Restored struct {
	Backup      string `json:"backup"`
	DataDir     string `json:"data_dir,omitempty"`
	Begun       string `json:"begun"` // what was acknowledged before is there
	Made        string `json:"made"`  // what came after is not
	Homing      string `json:"homing"`
	Files       int    `json:"files"`
	Bytes       int64  `json:"bytes"`
	Conversions int64  `json:"conversions"`
	Records     int64  `json:"records"`
	Days        int    `json:"days"`
	// Erased counts what was erased again; Unknown what there was nothing of.
	Erased  int      `json:"erased"`
	Unknown int      `json:"unknown_erasures"`
	Notes   []string `json:"notes,omitempty"`
}

// restoringFile is in a data directory that is being restored, until it is whole.
// With it and without VERSION a directory is refused: half a backup must never be
// taken for a first start that was cut short, which would make new keys.
const restoringFile = "RESTORING"

const restoringText = `A backup is being restored into this directory, or that was cut short. It is not whole. Remove the directory and restore the backup again.
`

// Restore puts a backup back. Nothing is written before every byte of the backup
// has been verified. VERSION is written last: from then on, and not before, the
// directory is one that homing serves. If it fails, what was written is removed.
func Restore(ctx context.Context, r Restoration) (done Restored, err error) {
	b, err := backup.Open(r.Backup, backupLayout)
	if err != nil {
		return done, err
	}
	m := b.Manifest
	done = Restored{
		Backup: b.Dir, Begun: m.Begun, Made: m.Made, Homing: m.Homing, Files: len(m.Files), Bytes: m.Bytes(),
		Conversions: m.Ledger.Conversions, Records: int64(m.Spool.Next - m.Spool.First), Days: m.Archive.Days, Notes: slices.Clone(m.Notes),
	}
	p := &putting{Restoration: r, backup: b, done: &done}
	if !r.Verify {
		// What is refused anyway is refused before a long reading.
		if err := p.mayBegin(); err != nil {
			return done, err
		}
	}
	if err := b.Verify(ctx, r.Progress); err != nil {
		return done, err
	}
	if err := p.readIn(ctx); err != nil {
		return done, err
	}
	if r.Verify {
		return done, nil
	}
	done.DataDir = r.DataDir
	return done, p.put(ctx)
}

// putting is one Restore.
type putting struct {
	Restoration
	backup *backup.Backup
	done   *Restored
	ring   *homing.Keyring
	erase  []ledger.Edit
}

// readIn reads what must be understood before anything is written: the keys, the
// ledger's version, and the erasures.
func (p *putting) readIn(ctx context.Context) error {
	keys, err := readMasterKeys(p.backup.Path(masterKeyFile))
	if err != nil {
		return err
	}
	if p.ring, err = homing.NewKeyring(keys...); err != nil {
		return fmt.Errorf("master keys of the backup: %w", err)
	}
	if err := sqlite.Inspect(ctx, p.backup.Path(ledgerFile), true); err != nil {
		return fmt.Errorf("the ledger of the backup: %w", err)
	}
	if p.Erasures == nil {
		return nil
	}
	p.erase, err = p.readErasures()
	return err
}

// readErasures reads lines of homing erase list. A click id that the backup's keys
// do not open is of a click after it.
func (p *putting) readErasures() (edits []ledger.Edit, err error) {
	in := bufio.NewScanner(p.Erasures)
	for n := 1; in.Scan(); n++ {
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		var line control.Erased
		if err := json.Unmarshal(text, &line); err != nil || (line.ClickID == "") == (line.Account == 0) {
			return nil, fmt.Errorf("%w erasures, line %d: it is no line of homing erase list --format jsonl", homing.ErrInvalid, n)
		}
		if line.Account != 0 {
			edits = append(edits, ledger.EraseAccount{Account: line.Account, Lead: p.ring.HashLead})
			continue
		}
		id, ok := homing.ParseClickID([]byte(line.ClickID))
		if !ok {
			return nil, fmt.Errorf("%w erasures, line %d: %q is no click id", homing.ErrInvalid, n, line.ClickID)
		}
		if click, genuine := p.ring.Open(id); genuine {
			edits = append(edits, ledger.EraseClick{Click: click, Lead: p.ring.HashLead})
		} else {
			p.done.Unknown++
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("couldn't read the erasures: %w", err)
	}
	return edits, nil
}

// put makes the data directory. Reading the backup took its time, in which somebody
// else may have taken the directory, such as a server that was started too early:
// what is theirs is not touched, let alone removed.
func (p *putting) put(ctx context.Context) error {
	if err := p.isFree(); err != nil {
		return err
	}
	isOurs, err := p.begin()
	if err != nil {
		return err
	}
	lock, err := p.lock()
	if err == nil {
		if err = p.isFree(restoringFile, lockFile); err != nil {
			err = errors.Join(err, lock.Close())
		}
	}
	if err != nil {
		return errors.Join(err, p.unmark(isOurs))
	}
	if err := errors.Join(p.fill(ctx), lock.Close()); err != nil {
		return errors.Join(err, p.undo(isOurs))
	}
	return nil
}

func (p *putting) file(name string) string { return filepath.Join(p.DataDir, name) }

func (p *putting) fill(ctx context.Context) error {
	if err := p.backup.CopyTo(ctx, p.DataDir, backup.CopyOptions{Clock: p.Clock, Space: spaceOf, Progress: p.Progress}); err != nil {
		return fmt.Errorf("--data-dir %s: %w", p.DataDir, err)
	}
	if err := p.readyLedger(ctx); err != nil {
		return fmt.Errorf("--data-dir %s: %w", p.DataDir, err)
	}
	if err := syncDir(p.DataDir); err != nil { // the ledger's other files have gone
		return fmt.Errorf("--data-dir %s: %w", p.DataDir, err)
	}
	// All is durable. From the next line on the directory is whole.
	version := strconv.Itoa(p.backup.Manifest.Layout) + "\n"
	if err := writeDurably(p.file(versionFile), []byte(version), 0o600); err != nil {
		return fmt.Errorf("--data-dir %s: couldn't write to it: %w", p.DataDir, err)
	}
	_ = os.Remove(p.file(restoringFile)) // beside VERSION it means nothing
	return nil
}

// readyLedger opens the ledger, tells it that it was restored, and erases again.
func (p *putting) readyLedger(ctx context.Context) error {
	p.Progress("readying the ledger", 0, 0)
	books, err := sqlite.Open(sqlite.Options{
		Path: p.file(ledgerFile), Logger: slog.New(slog.DiscardHandler), LeadHashes: p.ring.HashLeads,
	})
	if err != nil {
		return fmt.Errorf("couldn't open the ledger: %w", err)
	}
	by := ledger.Actor{Name: "restore", At: p.moment()}
	err = books.Restored(ctx, by, fmt.Sprintf("from the backup %s, made at %s", p.backup.Dir, p.backup.Manifest.Made))
	by.At = homing.MillisOf(p.Clock())
	for i, edit := range p.erase {
		if err != nil {
			break
		}
		p.Progress("erasing again", int64(i), int64(len(p.erase)))
		err = p.eraseAgain(ctx, books, by, edit)
	}
	return errors.Join(err, books.Close())
}

// eraseAgain carries out an erasure. An account that the backup does not know came
// after it.
func (p *putting) eraseAgain(ctx context.Context, books ledger.Ledger, by ledger.Actor, edit ledger.Edit) error {
	err := books.Apply(ctx, by, edit)
	if errors.Is(err, homing.ErrNotFound) {
		p.done.Unknown++
		return nil
	}
	if err == nil {
		p.done.Erased++
	}
	return err
}
