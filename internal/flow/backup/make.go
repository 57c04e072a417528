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
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// Source is what is backed up.
type Source struct {
	Dir     string // the data directory
	Layout  Layout
	Homing  string // version of the program
	Archive warehouse.Archive
	Ledger  ledger.Copier
	// LedgerBytes is about how large the ledger is.
	LedgerBytes func() (int64, error)
	Spool       spool.Spool
	// Keys reads the master keys' file as it stands, and keeps it from being
	// replaced meanwhile.
	Keys func() ([]byte, error)
	// Damage tells in words what is known to be damaged.
	Damage func() []string
	Clock  homing.Clock
	// Gentle rests as long as it works, because others need the disk.
	Gentle bool
	// Space asks for the space of the file system that a directory is on; nil
	// asks nobody.
	Space func(dir string) (free, total int64, err error)
}

// Made tells of a backup that was made.
type Made struct {
	Dir      string
	Manifest *Manifest
	Bytes    int64
	Took     time.Duration
}

// Make makes a backup in a directory, which must be new or empty, and returns when
// it is durable. If it fails or ctx ends, what was made is removed; what cannot be
// removed is left without a manifest. progress may be nil.
func Make(ctx context.Context, s Source, dir string, progress Progress) (made Made, err error) {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	if s.Dir, err = filepath.Abs(s.Dir); err != nil {
		return made, fmt.Errorf("couldn't tell where the data directory is: %w", err)
	}
	w, err := begin(&s, dir)
	if err != nil {
		return made, err
	}
	run := &making{source: &s, writer: w, progress: progress, began: s.Clock()}
	if err := behindTheDoors(func() error { return run.all(ctx) }); err != nil {
		return made, errors.Join(fmt.Errorf("couldn't make the backup: %w", err), w.undo())
	}
	return Made{Dir: w.dir, Manifest: run.manifest, Bytes: run.manifest.Bytes(), Took: s.Clock().Sub(run.began)}, nil
}

// making is one Make.
type making struct {
	source   *Source
	writer   *writer
	progress Progress
	began    time.Time
	manifest *Manifest
}

// all copies everything; the package comment says why in this order.
func (m *making) all(ctx context.Context) error {
	held, err := m.source.Spool.Hold()
	if err != nil {
		return err
	}
	defer held.Release()
	at := func() string { return homing.MillisOf(m.source.Clock()).String() }
	m.manifest = &Manifest{
		Format: formatVersion, Homing: m.source.Homing, Layout: m.source.Layout.Version, From: m.source.Dir, Begun: at(),
		Spool: SpoolState{First: held.First()}, Notes: m.source.Damage(),
	}
	if err := m.measure(held); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		m.archive,
		m.ledger,
		func(ctx context.Context) error { return m.spool(ctx, held) },
		m.keys,
		m.certificates,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	m.manifest.Made, m.manifest.Files = at(), m.writer.files
	m.progress("making it durable", m.writer.written, m.writer.total)
	return m.writer.finish(ctx, m.manifest)
}

// measure finds out before anything is written that there is too little room.
func (m *making) measure(held spool.Hold) error {
	archive, err := m.source.Archive.Bytes()
	if err != nil {
		return err
	}
	books, err := m.source.LedgerBytes()
	if err != nil {
		return err
	}
	log, err := held.Bytes()
	if err != nil {
		return err
	}
	m.writer.total = archive + 2*books + log // the ledger is read back
	return m.writer.mayTake(archive + books + log)
}

func (m *making) archive(ctx context.Context) (err error) {
	m.manifest.Archive.Days, err = m.source.Archive.Copy(ctx, m.put("sealed days", m.source.Layout.Archive))
	return err
}

// put copies files of a part into its directory.
func (m *making) put(what, dir string) func(string, int64, io.Reader) error {
	m.tell(what)
	m.writer.told = func() { m.tell(what) }
	return func(name string, size int64, from io.Reader) error {
		return m.writer.copy(path.Join(dir, name), size, from)
	}
}

func (m *making) tell(what string) {
	m.progress(what, m.writer.written, max(m.writer.total, m.writer.written))
}

func (m *making) ledger(ctx context.Context) error {
	m.tell("ledger")
	name := m.source.Layout.Ledger
	var done ledger.Copied
	err := m.writer.watched(ctx, name, func(ctx context.Context, path string) (err error) {
		done, err = m.source.Ledger.Copy(ctx, path)
		return err
	}, func(size int64) { m.progress("ledger", m.writer.written+size, m.writer.total) })
	if err != nil {
		return err
	}
	m.manifest.Ledger = ledgerState(done)
	m.writer.told = func() { m.tell("ledger") }
	return m.writer.take(ctx, name)
}

func (m *making) spool(ctx context.Context, held spool.Hold) (err error) {
	m.manifest.Spool.Next, err = held.Copy(ctx, m.put("clicks", m.source.Layout.Spool))
	return err
}

func (m *making) keys(context.Context) error {
	m.tell("master keys")
	m.writer.told = func() {}
	text, err := m.source.Keys()
	if err != nil {
		return fmt.Errorf("couldn't read the master keys: %w", err)
	}
	return m.writer.copyText(m.source.Layout.Keys, text)
}

// certificates copies the self-signed certificate, if there is one. It can be made
// again; with it browsers that trust it go on doing so.
func (m *making) certificates(context.Context) error {
	dir := m.source.Layout.Certificates
	entries, err := os.ReadDir(filepath.Join(m.source.Dir, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("couldn't read the certificate: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || e.Name()[0] == '.' {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.source.Dir, dir, e.Name()))
		if err != nil {
			return fmt.Errorf("couldn't read the certificate: %w", err)
		}
		if err := m.writer.copyText(path.Join(dir, e.Name()), text); err != nil {
			return err
		}
	}
	return nil
}
