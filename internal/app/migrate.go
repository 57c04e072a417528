package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
	"homing/internal/flow/cluster"
	"homing/internal/flow/migrate"
)

// Migration asks for a house to be moved: from a data directory to the servers of
// a cluster, or back. One of FromData and ToData is given.
type Migration struct {
	FromData string // the directory of a machine of its own; nothing in it is changed
	ToData   string // a new one, or one that an earlier move was cut short in
	// Ledger, Warehouse and ClusterKeyFile are as in Config.
	Ledger, Warehouse, ClusterKeyFile string
	Clock                             homing.Clock
	Progress                          func(what string, done, total int64)
}

// Moved tells what was moved, and that it was compared.
type Moved struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Rows counts what the ledger holds, by kind.
	Rows  map[string]int64 `json:"rows"`
	Money []MovedMoney     `json:"money"`
	// Clicks and Calls count rows of the warehouse; -1 = it was not moved.
	Clicks int64    `json:"clicks"`
	Calls  int64    `json:"calls"`
	Notes  []string `json:"notes,omitempty"`
}

// MovedMoney is what conversions of a status and currency come to, on both sides.
type MovedMoney struct {
	Status   string `json:"status"`
	Currency string `json:"currency"` // empty = the account's own
	Count    int64  `json:"count"`
	Value    string `json:"value"`
	Price    string `json:"price"`
}

// migratingName is the shared value that stands while a house is moved to or from
// a cluster's ledger: nodes refuse it. It holds how far the move has come.
const migratingName = "migrating"

// Migrate moves a house. What was cut short goes on when the same is asked again.
func Migrate(ctx context.Context, m Migration) (done Moved, err error) {
	cfg := Config{Ledger: m.Ledger, Warehouse: m.Warehouse, ClusterKeyFile: m.ClusterKeyFile}
	switch {
	case (m.FromData == "") == (m.ToData == ""):
		return done, fmt.Errorf("%w: give one of --from-data, to move to a cluster, and --to-data, to move back", homing.ErrInvalid)
	case cfg.Ledger == "" || cfg.ClusterKeyFile == "":
		return done, fmt.Errorf("%w: give --ledger and --cluster-key-file, as to the nodes of the cluster", homing.ErrInvalid)
	}
	if err := openURLs(&cfg); err != nil {
		return done, err
	}
	move := &move{Migration: m, cfg: cfg, log: slog.New(slog.DiscardHandler), done: &done}
	if move.key, err = cluster.ReadKeyFile(cfg.ClusterKeyFile); err != nil {
		return done, fmt.Errorf("--cluster-key-file: %w", err)
	}
	if err := move.openFar(ctx); err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, move.far.Close()) }()
	if m.FromData != "" {
		err = move.toCluster(ctx)
	} else {
		err = move.toData(ctx)
	}
	return done, err
}

// move is one Migrate.
type move struct {
	Migration
	cfg  Config
	log  *slog.Logger
	key  cluster.Key
	far  ledger.Ledger // the cluster's
	keys *homing.Keyring
	done *Moved
}

func (m *move) now() homing.Millis { return homing.MillisOf(m.Clock()) }

// openFar opens the cluster's ledger.
func (m *move) openFar(ctx context.Context) (err error) {
	m.far, err = openLedger(ctx, &m.cfg, ledgerOptions{
		Logger: m.log, Clock: m.Clock, LeadHashes: func(lead string) []string { return m.keys.HashLeads(lead) },
	})
	return err
}

// commons is the part of the cluster's ledger that nodes share.
func (m *move) commons() (ledger.Commons, error) {
	if commons, ok := m.far.(ledger.Commons); ok {
		return commons, nil
	}
	return nil, errNoCommons
}

// transferOf is the part of a ledger that is moved.
func transferOf(l ledger.Ledger) (ledger.Transfer, error) {
	if transfer, ok := l.(ledger.Transfer); ok {
		return transfer, nil
	}
	return nil, fmt.Errorf("%w: this ledger cannot be moved", homing.ErrInvalid)
}

// toCluster moves a data directory to the servers.
func (m *move) toCluster(ctx context.Context) (err error) {
	m.done.From, m.done.To = m.FromData, "the cluster"
	near, err := m.openNear(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, near.Close()) }()
	m.keys = near.keyring()
	commons, err := m.commons()
	if err != nil {
		return err
	}
	book := &sharedNotebook{commons: commons}
	if err := m.mayBeginFar(ctx, book); err != nil {
		return err
	}
	// A file of keys that stands alone becomes the cluster's.
	if _, err := m.sharedKeys(ctx, commons, near.dir); err != nil {
		return err
	}
	if err := m.moveLedger(ctx, near.ledger, m.far, book); err != nil {
		return err
	}
	if err := m.rowsToCluster(ctx, near); err != nil {
		return err
	}
	detail := fmt.Sprintf("from the data directory %s", m.FromData)
	if err := m.note(ctx, m.far, detail); err != nil {
		return err
	}
	return book.clear(ctx)
}

// sharedKeys opens the master keys that nodes share, with a directory's file: of a
// cluster that has none the file's become the cluster's, and a directory that has
// none gets the cluster's.
func (m *move) sharedKeys(ctx context.Context, commons ledger.Commons, dir *dataDir) (*homing.Keyring, error) {
	keys, err := cluster.OpenMasterKeys(ctx, cluster.MasterKeysOptions{
		Commons: commons, Key: m.key, File: dir.file(masterKeyFile), Clock: m.Clock, Log: m.log,
	})
	if err != nil {
		return nil, fmt.Errorf("couldn't move the master keys: %w", err)
	}
	return keys.Keyring(), nil
}

// openNear opens the old house, which nobody may be using. Beside what every
// opening does nothing in it is changed.
func (m *move) openNear(ctx context.Context) (*house, error) {
	if _, err := os.Stat(m.FromData); err != nil {
		return nil, fmt.Errorf("--from-data %s: %w", m.FromData, err)
	}
	if control.Running(ctx, m.FromData) {
		return nil, fmt.Errorf("--from-data %s: a server runs on it; end it first: what came in meanwhile would be missed", m.FromData)
	}
	if !isThere(m.FromData + "/" + versionFile) {
		return nil, fmt.Errorf("--from-data %s: %w: it is no data directory of homing", m.FromData, homing.ErrInvalid)
	}
	return openHouse(ctx, &Config{DataDir: m.FromData}, m.Clock, m.log, func(error) {})
}

// mayBeginFar wants a ledger that is empty, or one that this move was cut short in.
func (m *move) mayBeginFar(ctx context.Context, book *sharedNotebook) error {
	if text, err := book.Read(ctx); err != nil || text != nil {
		return err
	}
	empty, err := isEmpty(ctx, m.far)
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w --ledger: it holds a house already, and nothing is written over; name another database, or another schema (?search_path=…)", homing.ErrConflict)
	}
	return book.Note(ctx, []byte(`{}`))
}

func isEmpty(ctx context.Context, l ledger.Ledger) (bool, error) {
	settings, err := l.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	users, err := l.Users(ctx)
	if err != nil {
		return false, err
	}
	changes, err := l.Changes(ctx, 0, 1)
	return len(settings.Accounts) == 0 && len(users) == 0 && len(changes) == 0, err
}

// moveLedger moves a ledger and compares every row.
func (m *move) moveLedger(ctx context.Context, from, to ledger.Ledger, book migrate.Notebook) error {
	source, err := transferOf(from)
	if err != nil {
		return err
	}
	target, err := transferOf(to)
	if err != nil {
		return err
	}
	if err := migrate.Ledger(ctx, source, target, book, m.Progress); err != nil {
		return fmt.Errorf("couldn't move the ledger; ask again, and it goes on where it was: %w", err)
	}
	here, err := migrate.Count(ctx, source, m.Progress)
	if err != nil {
		return err
	}
	there, err := migrate.Count(ctx, target, m.Progress)
	if err != nil {
		return err
	}
	if differ := here.Differences(there); len(differ) > 0 {
		return fmt.Errorf("%w: the ledgers differ after the move: %s", homing.ErrConflict, joined(differ))
	}
	m.done.Rows = here.Rows
	for _, s := range here.Money {
		m.done.Money = append(m.done.Money, MovedMoney{
			Status: s.Status.String(), Currency: s.Currency, Count: s.Count, Value: s.Value.String(), Price: s.Price.String(),
		})
	}
	return nil
}

func (m *move) note(ctx context.Context, l ledger.Ledger, detail string) error {
	note := ledger.Note{Action: "house.move", Object: "installation", Detail: detail}
	if err := l.Apply(ctx, ledger.Actor{Name: "migrate", At: m.now()}, note); err != nil {
		return fmt.Errorf("all is moved, but couldn't be noted in the audit log: %w", err)
	}
	return nil
}

// sharedNotebook notes the move's place in the cluster's ledger. Of two moves at
// once one loses, with homing.ErrConflict.
type sharedNotebook struct {
	commons ledger.Commons
	stands  []byte // what was read or noted last
}

// Read implements migrate.Notebook.
func (b *sharedNotebook) Read(ctx context.Context) (text []byte, err error) {
	b.stands, err = b.commons.Common(ctx, migratingName)
	if err != nil {
		return nil, fmt.Errorf("couldn't ask whether a move is under way: %w", err)
	}
	return b.stands, nil
}

// Note implements migrate.Notebook.
func (b *sharedNotebook) Note(ctx context.Context, text []byte) error {
	if err := b.commons.PutCommon(ctx, migratingName, b.stands, text); err != nil {
		return err
	}
	b.stands = text
	return nil
}

// clear lets nodes in.
func (b *sharedNotebook) clear(ctx context.Context) error { return b.Note(ctx, nil) }

// refuseMoving refuses a ledger that is being moved to or from.
func refuseMoving(ctx context.Context, commons ledger.Commons) error {
	text, err := commons.Common(ctx, migratingName)
	if err != nil || text == nil {
		return err
	}
	return fmt.Errorf("%w --ledger: a house is being moved to it or from it, or that was cut short; run the same homing migrate again, to its end", homing.ErrConflict)
}
