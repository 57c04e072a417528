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
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// movingFile is in a data directory that a house is being moved into, until it is
// whole: it holds how far the move has come. With it a directory is refused.
const movingFile = "MOVING"

// toData moves a cluster's house into a data directory.
func (m *move) toData(ctx context.Context) (err error) {
	m.done.From, m.done.To = "the cluster", m.ToData
	commons, err := m.commons()
	if err != nil {
		return err
	}
	if err := m.restsFar(ctx, commons); err != nil {
		return err
	}
	dir, err := m.beginNear(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if m.keys, err = m.sharedKeys(ctx, commons, dir); err != nil {
		return err
	}
	near, err := openLedger(ctx, &Config{}, ledgerOptions{
		Path: dir.file(ledgerFile), Logger: m.log, Clock: m.Clock, LeadHashes: m.keys.HashLeads,
	})
	if err != nil {
		return err
	}
	err = m.moveLedger(ctx, m.far, near, fileNotebook{dir.file(movingFile)})
	if err == nil {
		err = m.rowsToData(ctx, dir)
	}
	if err == nil {
		err = m.note(ctx, near, "from a cluster")
	}
	if err := errors.Join(err, near.Close()); err != nil {
		return err
	}
	if err := os.MkdirAll(dir.file(spoolDir), 0o700); err != nil { // made by the first start, and wanted by it
		return fmt.Errorf("--to-data %s: couldn't write to it: %w", dir.path, err)
	}
	// All is durable. From the next line on the directory is whole.
	if err := writeDurably(dir.file(versionFile), []byte(strconv.Itoa(layoutVersion)+"\n"), 0o600); err != nil {
		return fmt.Errorf("--to-data %s: couldn't write to it: %w", dir.path, err)
	}
	return os.Remove(dir.file(movingFile)) // beside VERSION it means nothing
}

// restsFar wants no node at work on the cluster's ledger.
func (m *move) restsFar(ctx context.Context, commons ledger.Commons) error {
	nodes, err := listNodes(ctx, commons)
	if err != nil {
		return err
	}
	var there []string
	for _, n := range nodes {
		if n.alive(m.now()) {
			there = append(there, n.String())
		}
	}
	if len(there) > 0 {
		return fmt.Errorf("%w --ledger: nodes are at work on it (%s); end them all, wait %s and ask again: what came in meanwhile would be missed",
			homing.ErrConflict, joined(there), nodeGone)
	}
	return nil
}

// beginNear takes a new directory, or one that an earlier move was cut short in.
func (m *move) beginNear(ctx context.Context) (*dataDir, error) {
	if err := os.MkdirAll(m.ToData, 0o700); err != nil {
		return nil, fmt.Errorf("--to-data %s: couldn't make it: %w", m.ToData, err)
	}
	entries, err := os.ReadDir(m.ToData)
	if err != nil {
		return nil, fmt.Errorf("--to-data %s: couldn't read it: %w", m.ToData, err)
	}
	begun := isThere(filepath.Join(m.ToData, movingFile))
	for _, e := range entries {
		if name := e.Name(); !begun && name != "lost+found" && name != lockFile {
			return nil, fmt.Errorf("--to-data %s: it is not empty (it holds %q), and nothing is written over; name another directory", m.ToData, name)
		}
	}
	lock, err := os.OpenFile(filepath.Join(m.ToData, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--to-data %s: couldn't write to it: %w", m.ToData, err)
	}
	d := &dataDir{path: m.ToData, lock: lock}
	if err := d.wait(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if !begun {
		if err := (fileNotebook{d.file(movingFile)}).Note(ctx, []byte("{}")); err != nil {
			return nil, errors.Join(fmt.Errorf("--to-data %s: couldn't write to it: %w", m.ToData, err), d.Close())
		}
	}
	return d, nil
}

// fileNotebook notes the move's place in a file.
type fileNotebook struct{ path string }

// Read implements migrate.Notebook.
func (b fileNotebook) Read(context.Context) ([]byte, error) {
	text, err := os.ReadFile(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// Note implements migrate.Notebook.
func (b fileNotebook) Note(_ context.Context, text []byte) error {
	return writeDurably(b.path, text, 0o600)
}

func joined(list []string) string { return strings.Join(list, "; ") }

// nodeGone is how long after its last word a node counts as gone.
const nodeGone = 30 * time.Second
