// Package sqlite is the rival: the same clicks in SQLite, as somebody would keep
// them who has no columnar store.
//
//	round ──► Add ──► clicks, one transaction a round ──► Finish ──► index, conversions
//	question ──► Ask ──► a GROUP BY of each table, put together
//
// The tables have only the columns that are asked about, which favours SQLite,
// and the index that such questions call for. Nothing is prepared beforehand:
// there are no totals by the hour or the day.
package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"homing"
	"homing/bench/reports/traffic"
	"homing/internal/engine/warehouse"
)

// Store is a SQLite file. It is for one goroutine.
type Store struct {
	conn   *sqlite.Conn
	insert *sqlite.Stmt
	// latest are the conversions, each as it came to stand. They wait for the
	// index, by which they find their click.
	latest map[homing.ConversionID]homing.Conversion
}

// It is filled without fsync, and reads with 512 MB of memory of its own beside
// the page cache.
var opening = []string{
	`PRAGMA journal_mode = WAL`,
	`PRAGMA synchronous = OFF`,
	`PRAGMA cache_size = -524288`,
	`PRAGMA temp_store = MEMORY`,
	`CREATE TABLE IF NOT EXISTS clicks (
		at INTEGER NOT NULL, node INTEGER NOT NULL, seq INTEGER NOT NULL, campaign INTEGER NOT NULL, account INTEGER NOT NULL,
		class INTEGER NOT NULL, uniq INTEGER NOT NULL, cost INTEGER NOT NULL,
		sub1 TEXT NOT NULL, country TEXT NOT NULL, device TEXT NOT NULL, os TEXT NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS conversions (
		at INTEGER NOT NULL, campaign INTEGER NOT NULL, account INTEGER NOT NULL,
		status INTEGER NOT NULL, value INTEGER NOT NULL, price INTEGER NOT NULL,
		sub1 TEXT NOT NULL, country TEXT NOT NULL, device TEXT NOT NULL, os TEXT NOT NULL)`,
}

// Open opens the file, or makes it.
func Open(path string) (*Store, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	s := &Store{conn: conn, latest: map[homing.ConversionID]homing.Conversion{}}
	if err := s.execute(opening...); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s.insert, err = conn.Prepare(`INSERT INTO clicks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

func (s *Store) execute(statements ...string) error {
	for _, sql := range statements {
		if err := sqlitex.ExecuteTransient(s.conn, sql, nil); err != nil {
			return fmt.Errorf("couldn't execute %q: %w", sql, err)
		}
	}
	return nil
}

// Version is SQLite's.
func (s *Store) Version() string {
	version, err := sqlitex.ResultText(s.conn.Prep(`SELECT sqlite_version()`))
	if err != nil {
		return "of unknown version"
	}
	return version
}

// Close closes the file.
func (s *Store) Close() error { return s.conn.Close() }

// Add stores those rows of a round whose click keep wants, and tells how many
// clicks that were.
func (s *Store) Add(r *traffic.Round, keep func(homing.Origin) bool) (clicks int64, err error) {
	end, err := sqlitex.ImmediateTransaction(s.conn)
	if err != nil {
		return 0, err
	}
	defer end(&err)
	for i := range r.Spool.Clicks {
		row := &r.Spool.Clicks[i]
		if !keep(row.Origin) {
			continue
		}
		clicks++
		if err := s.add(row); err != nil {
			return clicks, fmt.Errorf("couldn't insert a click: %w", err)
		}
	}
	for i := range r.Ledger.Conversions {
		if row := &r.Ledger.Conversions[i]; keep(row.Click) {
			s.latest[row.ID] = row.Conversion
		}
	}
	return clicks, nil
}

func (s *Store) add(row *warehouse.Click) error {
	for i, n := range [...]int64{
		int64(row.Time), int64(row.Node), int64(row.Seq), int64(row.Campaign), int64(row.Account),
		int64(row.Class), number(row.Unique), int64(row.Cost),
	} {
		s.insert.BindInt64(i+1, n)
	}
	for i, f := range [...]warehouse.Facet{warehouse.FacetSub1, warehouse.FacetCountry, warehouse.FacetDevice, warehouse.FacetOS} {
		s.insert.BindText(9+i, row.Facets[f])
	}
	return run(s.insert)
}

func run(stmt *sqlite.Stmt) error {
	_, err := stmt.Step()
	return errors.Join(err, stmt.Reset())
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Finish makes the indexes and gives conversions what is known of their clicks.
func (s *Store) Finish(ctx context.Context) error {
	s.conn.SetInterrupt(ctx.Done())
	// Sorting a hundred million rows in memory is more than the library can have.
	if err := s.execute(`PRAGMA temp_store = FILE`, `CREATE INDEX clicks_by_campaign ON clicks (campaign, at)`, `PRAGMA temp_store = MEMORY`); err != nil {
		return err
	}
	if err := s.convert(); err != nil {
		return fmt.Errorf("couldn't insert the conversions: %w", err)
	}
	return s.execute(`CREATE INDEX conversions_by_campaign ON conversions (campaign, at)`, `PRAGMA wal_checkpoint(TRUNCATE)`)
}

func (s *Store) convert() (err error) {
	end, err := sqlitex.ImmediateTransaction(s.conn)
	if err != nil {
		return err
	}
	defer end(&err)
	stmt, err := s.conn.Prepare(`INSERT INTO conversions SELECT ?, campaign, account, ?, ?, ?, sub1, country, device, os
		FROM clicks WHERE campaign = ? AND at = ? AND node = ? AND seq = ?`)
	if err != nil {
		return err
	}
	for _, row := range s.latest {
		for i, n := range [...]int64{
			int64(row.At), int64(row.Status), int64(row.Value.Money), int64(row.Price),
			int64(row.Campaign), int64(row.Click.Time), int64(row.Click.Node), int64(row.Click.Seq),
		} {
			stmt.BindInt64(i+1, n)
		}
		if err := run(stmt); err != nil {
			return err
		}
	}
	clear(s.latest)
	return nil
}
