package clickhouse

import (
	"context"
	"fmt"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// Verify implements warehouse.Keeper. It has the server compare its files with
// their checksums, counts the rows of sealed days, and looks whether a click
// stands twice. In a cluster the files are those of all servers that the address names.
func (w *Warehouse) Verify(ctx context.Context, progress warehouse.Progress) (flaws []warehouse.Flaw, err error) {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	if err := w.keeping.take(ctx); err != nil {
		return nil, err
	}
	defer w.keeping.give()
	s, st, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	for i, t := range tables {
		progress("tables", int64(i), int64(len(tables)))
		for _, host := range w.client.Address().Hosts {
			sound, err := w.checkTable(ctx, s, host, t)
			if err != nil {
				return flaws, fmt.Errorf("couldn't check %s on %s: %w", t.name, host, err)
			}
			if !sound {
				flaws = append(flaws, warehouse.Flaw{Kind: warehouse.RowsDamaged,
					What: fmt.Sprintf("files of the table %s on %s do not match their checksums", t.name, host)})
			}
		}
	}
	for _, host := range w.client.Address().Hosts {
		told, _, err := w.damageOf(ctx, s, host)
		if err != nil {
			return flaws, fmt.Errorf("couldn't ask %s what is damaged: %w", host, err)
		}
		for _, text := range told {
			flaws = append(flaws, warehouse.Flaw{Kind: warehouse.RowsDamaged, What: text})
		}
	}
	days := st.sealed()
	for i, day := range days {
		progress("sealed days", int64(i), int64(len(days)))
		found, err := w.checkDay(ctx, s, st, day)
		if err != nil {
			return flaws, fmt.Errorf("couldn't check %s: %w", day, err)
		}
		flaws = append(flaws, found...)
	}
	return flaws, nil
}

func (w *Warehouse) checkTable(ctx context.Context, s *server, host string, t table) (sound bool, err error) {
	if !s.isModern() {
		return true, nil // 18.16 cannot
	}
	settings := wire.Settings{"check_query_single_value_result": "1"}
	err = each(ctx, w.client.Only(host), settings, func(r *wire.Rows) { sound = r.Int(0) == 1 }, "CHECK TABLE "+s.here(t))
	return sound, err
}

// checkDay compares a sealed day with its seal.
func (w *Warehouse) checkDay(ctx context.Context, s *server, st *state, day warehouse.Day) (flaws []warehouse.Flaw, err error) {
	rows, err := w.countDay(ctx, s, st, day)
	if err != nil {
		return nil, err
	}
	for i, t := range dayTables {
		if st.kept(t, day.Start()) && rows[i] != st.seals[day].Rows[i] {
			flaws = append(flaws, warehouse.Flaw{Kind: warehouse.RowsDiffer, Table: t, Day: day,
				What: fmt.Sprintf("there are %d %s, and %d when it was sealed", rows[i], t, st.seals[day].Rows[i])})
		}
	}
	return flaws, nil
}
