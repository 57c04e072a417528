package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// Erase implements warehouse.Keeper.
//
// First the erasure is written down, so that whatever is loaded from here on is
// blanked on its way in; a batch that was on its way already looks at the notes
// before it ends. Clicks are blanked where they lie. Of postbacks and
// conversions, which have columns that only this program reads, blanked rows are
// written, of a higher rank, and the others deleted. ClickHouse writes all parts
// anew for that; it is waited for. Last the erasure is marked done. After a crash
// before that the caller erases again, which does what was left.
func (w *Warehouse) Erase(ctx context.Context, what warehouse.Erasure) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	e := &erasing{w: w, what: what, level: erasedClick}
	if what.Account != 0 {
		e.level = erasedAccount
	}
	if err := e.run(ctx); err != nil {
		return fmt.Errorf("couldn't erase: %w", err)
	}
	return nil
}

// erasing is one erasure.
type erasing struct {
	w      *Warehouse
	server *server
	what   warehouse.Erasure
	level  int
}

func (e *erasing) run(ctx context.Context) (err error) {
	e.server, err = e.w.ready(ctx)
	if err != nil {
		return err
	}
	if err := e.note(ctx, false); err != nil {
		return err
	}
	if err := e.clicks(ctx); err != nil {
		return err
	}
	if err := e.postbacks(ctx); err != nil {
		return err
	}
	if err := e.conversions(ctx); err != nil {
		return err
	}
	if e.what.Account != 0 {
		where := fmt.Sprintf("account = %d AND cost <> 0", e.what.Account)
		if err := e.alter(ctx, totals, "UPDATE cost = 0", where); err != nil {
			return err
		}
	}
	return e.note(ctx, true)
}

// note writes the erasure down, and later that it is done.
func (e *erasing) note(ctx context.Context, done bool) error {
	if err := e.w.writing.take(ctx); err != nil { // a load of ours sees it or is over
		return err
	}
	defer e.w.writing.give()
	st, err := e.w.state(ctx, e.server)
	if err != nil {
		return err
	}
	one := erasureOf(e.what)
	one.Done = done
	return e.w.insertNotes(ctx, e.server, st.next("erased", one.name(), one))
}

// where are the rows of a table that are concerned.
func (e *erasing) where(t table) string {
	if e.what.Account != 0 {
		return fmt.Sprintf("account = %d", e.what.Account)
	}
	time := map[string]string{clicks.name: "at", postbacks.name: "base_at", conversions.name: "click_at"}[t.name]
	o := e.what.Click
	return fmt.Sprintf("%s = %d AND node = %d AND seq = %d AND campaign = %d", time, o.Time, o.Node, o.Seq, o.Campaign)
}

// alter changes rows of a table, if there are any.
func (e *erasing) alter(ctx context.Context, t table, what, where string) error {
	var count int64
	err := e.w.each(ctx, e.server, func(r *wire.Rows) { count = r.Int(0) }, "SELECT count() FROM "+t.name+" WHERE "+where)
	if err != nil || count == 0 {
		return err
	}
	return e.w.alter(ctx, e.server, t, what+" WHERE "+where)
}

func (e *erasing) clicks(ctx context.Context) error {
	var set, isLeft []string
	blank := func(column, value string) {
		set = append(set, column+" = "+value)
		isLeft = append(isLeft, column+" <> "+value)
	}
	for f := range warehouse.Facet(warehouse.FacetCount) {
		if !keptFacets[f] {
			blank(f.String(), "''")
		}
	}
	blank("addr", "''")
	blank("more", "''")
	if e.what.Account != 0 {
		blank("cost", "0")
	}
	return e.alter(ctx, clicks, "UPDATE "+strings.Join(set, ", "), e.where(clicks)+" AND ("+strings.Join(isLeft, " OR ")+")")
}

// isLess is the condition of rows of which less is erased than shall be.
func (e *erasing) isLess() string { return fmt.Sprintf("intDiv(rank %% 8, 2) < %d", e.level) }

func (e *erasing) postbacks(ctx context.Context) error {
	return e.replace(ctx, postbacks, postbackColumns, func(to *wire.Block, r *cells, b birth) error {
		p, err := r.postback()
		blankPostback(&p, e.level)
		writePostback(to, b, &p, e.level)
		return err
	})
}

func (e *erasing) conversions(ctx context.Context) error {
	return e.replace(ctx, conversions, conversionColumns, func(to *wire.Block, r *cells, b birth) error {
		c, err := r.conversion()
		blankConversion(&c, e.level, e.what.Lead)
		writeConversion(to, b, &c, e.level)
		return err
	})
}

// replace writes blanked rows, a day after the other, and deletes the others.
func (e *erasing) replace(ctx context.Context, t table, columns []string, write func(*wire.Block, *cells, birth) error) error {
	where := e.where(t) + " AND " + e.isLess()
	days, err := e.w.days(ctx, e.server, t.name, where)
	if err != nil {
		return err
	}
	for _, day := range days {
		ofDay := fmt.Sprintf("%s AND at >= %d AND at < %d", where, day.Start(), (day + 1).Start())
		if err := e.replaceDay(ctx, t, columns, ofDay, write); err != nil {
			return err
		}
	}
	return e.alter(ctx, t, "DELETE", where)
}

// replaceDay reads all rows in one statement: the server may merge what is
// written away while it is read.
func (e *erasing) replaceDay(ctx context.Context, t table, columns []string, where string, write func(*wire.Block, *cells, birth) error) error {
	rows, err := e.w.client.Query(ctx, fmt.Sprintf(`SELECT "epoch", "src", "first", %s FROM %s WHERE %s`, quoted(columns), t.name, where), e.server.reading())
	if err != nil {
		return err
	}
	defer rows.Close()
	sheet := t.block()
	for rows.Next() {
		c := &cells{rows: rows}
		b := c.birth()
		if err := write(sheet, c, b); err != nil {
			return err
		}
		if sheet.Rows() == insertRows {
			if err := e.w.insert(ctx, e.server, t, sheet); err != nil {
				return err
			}
			sheet.Clear()
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return e.w.insert(ctx, e.server, t, sheet)
}
