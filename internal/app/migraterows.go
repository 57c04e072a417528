package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse"
	"homing/internal/engine/warehouse/duckdb"
	"homing/internal/flow/loader"
	"homing/internal/flow/migrate"
)

// withoutRows tells what a move of the ledger alone leaves behind.
const withoutRows = "single clicks and the log of refused and repeated calls were not moved, as --warehouse was not given; conversions are made again from the ledger"

// rowsToCluster moves the old house's rows, after all that lies in its spool has
// been loaded there.
func (m *move) rowsToCluster(ctx context.Context, near *house) (err error) {
	m.done.Clicks, m.done.Calls = -1, -1
	if m.cfg.Warehouse == "" {
		m.done.Notes = append(m.done.Notes, withoutRows)
		return nil
	}
	if err := near.openReporting(&Config{DataDir: m.FromData}); err != nil {
		return err
	}
	if err := awaitWarehouse(ctx, near.reporting.warehouse); err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	near.stop = stop
	near.runReporting(running)
	m.Progress("loading what is not loaded yet", 0, 0)
	if err := near.reporting.loader.CatchUp(ctx); err != nil {
		return fmt.Errorf("--from-data %s: couldn't bring its reports up to date: %w", m.FromData, err)
	}
	far, err := clickhouse.Open(clickhouse.Options{URL: m.cfg.Warehouse, Clock: m.Clock, Log: m.log})
	if err != nil {
		return fmt.Errorf("--warehouse: %w", err)
	}
	defer func() { err = errors.Join(err, far.Close()) }()
	if err := m.rows(ctx, near.reporting.warehouse, far); err != nil {
		return err
	}
	if err := m.loadBooks(ctx, near, m.far, far, true); err != nil {
		return err
	}
	return m.compare(ctx, near.reporting.warehouse, far)
}

// loadBooks has the new warehouse take in what the ledger holds, as the nodes would.
func (m *move) loadBooks(ctx context.Context, near *house, books ledger.Books, into warehouse.Warehouse, shared bool) error {
	m.Progress("loading conversions", 0, 0)
	feed := loader.Open(loader.Options{
		Books: books, Warehouse: into, View: near.catalog.View, Masker: near.catalog.Masker(), Keyring: near.keyring,
		Clock: m.Clock, Log: m.log, Shared: shared, NoArchive: true,
	})
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		feed.Run(running)
	}()
	err := feed.CatchUp(ctx)
	stop()
	<-ended
	if err != nil {
		return fmt.Errorf("couldn't bring the conversions into the new warehouse: %w", err)
	}
	return nil
}

// compare asks both warehouses for everything that is counted, by day and campaign.
func (m *move) compare(ctx context.Context, from, to warehouse.Warehouse) error {
	m.Progress("comparing reports", 0, 0)
	here, err := countsOf(ctx, from, everything)
	if err != nil {
		return err
	}
	there, err := countsOf(ctx, to, everything)
	if err != nil {
		return err
	}
	return sameCounts(here, there)
}

// everything is what adds up of a report.
var everything = func() (all []warehouse.Measure) {
	for m := range warehouse.Measure(warehouse.MeasureCount) {
		all = append(all, m)
	}
	return all
}()

// rowsToData moves the cluster's rows into the warehouse of a directory, and seals
// its days: no spool could give them again.
func (m *move) rowsToData(ctx context.Context, dir *dataDir) (err error) {
	m.done.Clicks, m.done.Calls = -1, -1
	if m.cfg.Warehouse == "" {
		m.done.Notes = append(m.done.Notes, withoutRows)
		return nil
	}
	far, err := clickhouse.Open(clickhouse.Options{URL: m.cfg.Warehouse, Clock: m.Clock, Log: m.log})
	if err != nil {
		return fmt.Errorf("--warehouse: %w", err)
	}
	defer func() { err = errors.Join(err, far.Close()) }()
	near, err := duckdb.Open(duckdb.Options{Dir: dir.file(warehouseDir), Clock: m.Clock, Log: m.log})
	if err != nil {
		return fmt.Errorf("--to-data %s: %w", dir.path, err)
	}
	defer func() { err = errors.Join(err, near.Close()) }()
	if err := m.rows(ctx, far, near); err != nil {
		return err
	}
	return m.sealAll(ctx, near)
}

// rows moves rows, and counts clicks on both sides by day and campaign.
func (m *move) rows(ctx context.Context, from, to warehouse.Warehouse) error {
	for _, w := range []warehouse.Warehouse{from, to} {
		if err := awaitWarehouse(ctx, w); err != nil {
			return err
		}
	}
	if err := migrate.Rows(ctx, from, to, m.Progress); err != nil {
		return fmt.Errorf("%w; ask again, and it goes on where it was", err)
	}
	m.Progress("comparing clicks", 0, 0)
	clicks := []warehouse.Measure{warehouse.Clicks, warehouse.UniqueClicks, warehouse.BotClicks}
	here, err := countsOf(ctx, from, clicks)
	if err != nil {
		return err
	}
	there, err := countsOf(ctx, to, clicks)
	if err != nil {
		return err
	}
	if err := sameCounts(here, there); err != nil {
		return err
	}
	m.done.Clicks, m.done.Calls = 0, 0
	for _, w := range []struct {
		source string
		into   *int64
	}{{migrate.ClickSource, &m.done.Clicks}, {migrate.PostbackSource, &m.done.Calls}} {
		mark, err := to.Mark(ctx, w.source)
		if err != nil {
			return err
		}
		*w.into = int64(mark.Next)
	}
	return nil
}

// countsOf asks for measures by day (UTC) and campaign. Groups in which all of them are
// 0 are left out.
func countsOf(ctx context.Context, w warehouse.Warehouse, measures []warehouse.Measure) (rows []warehouse.Row, err error) {
	q := &warehouse.Query{
		Until: math.MaxInt64 / 2, By: []warehouse.Dimension{warehouse.DayOf, warehouse.Campaign}, Measures: warehouse.SetOf(measures...),
		Order: []warehouse.Order{{ByKey: true, Dimension: warehouse.DayOf}, {ByKey: true, Dimension: warehouse.Campaign}},
	}
	for row, err := range w.Stream(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("couldn't ask for a report: %w", err)
		}
		if slices.ContainsFunc(measures, func(m warehouse.Measure) bool { return m.Adds() && row.Measures[m] != 0 }) {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func sameCounts(here, there []warehouse.Row) error {
	for i, a := range here {
		if i >= len(there) || !slices.Equal(a.Keys, there[i].Keys) || a.Measures != there[i].Measures {
			return fmt.Errorf("%w: the reports of day %s and campaign %d differ after the move", homing.ErrConflict, warehouse.Day(a.Keys[0].Number), a.Keys[1].Number)
		}
	}
	if len(there) > len(here) {
		return fmt.Errorf("%w: after the move there are reports of days and campaigns that were not there before", homing.ErrConflict)
	}
	return nil
}

// sealAll seals every day that is over.
func (m *move) sealAll(ctx context.Context, w warehouse.Warehouse) error {
	first, err := w.Oldest(ctx, warehouse.ClickTable)
	if err != nil || first == 0 {
		return err
	}
	today := warehouse.DayAt(m.now())
	for day := first; day < today; day++ {
		m.Progress("sealing days", int64(day-first), int64(today-first))
		if err := w.Seal(ctx, day); err != nil {
			return fmt.Errorf("couldn't seal %s: %w", day, err)
		}
	}
	return nil
}
