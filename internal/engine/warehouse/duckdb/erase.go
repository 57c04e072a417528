package duckdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// Erase implements warehouse.Keeper.
//
// First the erasure is written down, so that whatever is loaded from here on is
// blanked on its way in. Then what is stored is blanked, a day at a time, and
// sealed days that have any of it are sealed again; last the erasure is marked
// done. After a crash before that the caller erases again, which does what was
// left, and seals all days concerned.
func (w *Warehouse) Erase(ctx context.Context, what warehouse.Erasure) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	e := &erasing{w: w, what: what, days: map[warehouse.Day]bool{}}
	if err := e.run(ctx); err != nil {
		return fmt.Errorf("couldn't erase: %w", err)
	}
	return nil
}

// erasing is one erasure.
type erasing struct {
	w     *Warehouse
	what  warehouse.Erasure
	fresh bool                   // it was not done before, so every day with its rows is sealed again
	days  map[warehouse.Day]bool // to be sealed again, if they are sealed
}

func (e *erasing) run(ctx context.Context) error {
	if err := e.note(ctx); err != nil {
		return err
	}
	for _, t := range []table{clicks, postbacks, conversions} {
		if err := e.table(ctx, t); err != nil {
			return err
		}
	}
	if err := e.totals(ctx); err != nil {
		return err
	}
	for day := range e.days {
		if w := e.w; w.archive.find(day) != nil {
			if err := w.seal(ctx, day); err != nil {
				return err
			}
		}
	}
	return e.done(ctx)
}

// note writes the erasure down, and has loads heed it.
func (e *erasing) note(ctx context.Context) error {
	w := e.w
	if err := w.writing.take(ctx); err != nil {
		return err
	}
	defer w.writing.give()
	if _, err := w.rememberNow(ctx); err != nil {
		return err
	}
	known, err := number(ctx, w.child, `SELECT count(*) FROM erasures WHERE `+sameErasure, e.args()...)
	if err != nil {
		return err
	}
	done, err := number(ctx, w.child, `SELECT count(*) FROM erasures WHERE done = 1 AND `+sameErasure, e.args()...)
	if err != nil {
		return err
	}
	if e.fresh = done == 0; known > 0 {
		return nil
	}
	w.forget()
	_, err = w.child.Write(ctx, process.Step{
		SQL: `INSERT INTO erasures SELECT ?::BIGINT, ?::BIGINT, ?::BIGINT, ?::BIGINT, ?::BIGINT, 0`, Args: e.args()})
	return err
}

// sameErasure is the condition that args belong to.
const sameErasure = `account = ? AND "at" = ? AND node = ? AND seq = ? AND campaign = ?`

func (e *erasing) args() []any {
	o := e.what.Click
	if e.what.Account != 0 {
		o = homing.Origin{}
	}
	return []any{int64(e.what.Account), int64(o.Time), int64(o.Node), int64(o.Seq), int64(o.Campaign)}
}

// where are the rows of a table that are concerned.
func (e *erasing) where(t table) string {
	if e.what.Account != 0 {
		return fmt.Sprintf(`account = %d`, e.what.Account)
	}
	time := map[string]string{clicks.name: `"at"`, postbacks.name: "base_at", conversions.name: "click_at"}[t.name]
	o := e.what.Click
	return fmt.Sprintf(`%s = %d AND node = %d AND seq = %d AND campaign = %d`, time, o.Time, o.Node, o.Seq, o.Campaign)
}

// table blanks a table's rows.
func (e *erasing) table(ctx context.Context, t table) error {
	var days []warehouse.Day
	err := each(ctx, e.w.child, func(r *process.Rows) { days = append(days, warehouse.Day(r.Int(0))) },
		fmt.Sprintf(`SELECT DISTINCT "at" // %d FROM %s WHERE %s ORDER BY 1`, dayMillis, t.name, e.where(t)))
	if err != nil {
		return err
	}
	for _, day := range days {
		where := fmt.Sprintf(`%s AND "at" >= %d AND "at" < %d`, e.where(t), day.Start(), (day + 1).Start())
		changed := int64(0)
		if t.name == postbacks.name {
			if changed, err = e.records(ctx, where); err != nil {
				return err
			}
		}
		if t.name == conversions.name && e.what.Lead != nil {
			if err := e.leads(ctx, where); err != nil {
				return err
			}
		}
		counts, err := e.w.child.Write(ctx, process.Step{SQL: e.blank(t, where)})
		if err != nil {
			return err
		}
		if t.name != conversions.name && (e.fresh || changed+counts[0] > 0) {
			e.days[day] = true
		}
	}
	return nil
}

const dayMillis = 24 * 60 * 60 * 1000

// blank is the statement that blanks those columns of rows that are not blank.
func (e *erasing) blank(t table, where string) string {
	empty := map[string]string{}
	for f := range warehouse.Facet(warehouse.FacetCount) {
		if !keptFacets[f] {
			empty[f.String()] = "''"
		}
	}
	switch t.name {
	case clicks.name:
		empty["addr"], empty["more"] = "''", "''::BLOB"
	case conversions.name:
		if e.what.Lead == nil {
			empty["lead"] = "''::BLOB"
		}
	}
	if e.what.Account != 0 && t.name == conversions.name {
		empty["request"], empty["currency"] = "''", "''"
	}
	if e.what.Account != 0 {
		for _, f := range t.fields {
			switch f.name {
			case "cost", "value", "has_value", "price":
				empty[f.name] = "0"
			}
		}
	}
	var set, any []string
	for name, value := range empty {
		set = append(set, fmt.Sprintf(`"%s" = %s`, name, value))
		any = append(any, fmt.Sprintf(`"%s" <> %s`, name, value))
	}
	return `UPDATE ` + t.name + ` SET ` + strings.Join(set, ", ") + ` WHERE ` + where + ` AND (` + strings.Join(any, " OR ") + `)`
}

// totals takes an account's costs out of the totals, and has its sealed totals
// made anew, also those of days whose rows were given up.
func (e *erasing) totals(ctx context.Context) error {
	if e.what.Account == 0 {
		return nil
	}
	_, err := e.w.child.Write(ctx, process.Step{SQL: fmt.Sprintf(`UPDATE totals SET cost = 0 WHERE account = %d AND cost <> 0`, e.what.Account)})
	if err != nil || !e.fresh {
		return err
	}
	for _, day := range e.w.archive.days() {
		f, ok := e.w.archive.find(day).Files[totals.name]
		if !ok || e.days[day] {
			continue
		}
		costs, err := number(ctx, e.w.child, fmt.Sprintf(`SELECT count(*) FROM read_parquet(%s) WHERE account = %d AND cost <> 0`,
			literal(e.w.archive.path(f.Name)), e.what.Account))
		if err != nil {
			return err
		}
		if costs > 0 {
			e.days[day] = true
		}
	}
	return nil
}

// erasedTotals is a query of totals without the costs of erased accounts.
func erasedTotals(from string, e *erased) string {
	accounts := []int64{-1}
	for account := range e.accounts {
		accounts = append(accounts, int64(account))
	}
	return typed(totals, `(SELECT * REPLACE (CASE WHEN account IN `+inList(accounts)+` THEN 0 ELSE cost END AS cost) FROM (`+from+`))`) +
		` ORDER BY kind, quarter, campaign, account, country, device, reason`
}

// done marks the erasure as done. What was erased must not wait in DuckDB's log
// nor in a file that a Reset put aside.
func (e *erasing) done(ctx context.Context) error {
	if err := removeOld(e.w.options.Dir); err != nil {
		return err
	}
	if _, err := e.w.child.Write(ctx, process.Step{SQL: `UPDATE erasures SET done = 1 WHERE ` + sameErasure, Args: e.args()}); err != nil {
		return err
	}
	_, err := e.w.child.Write(ctx, process.Step{SQL: `CHECKPOINT`, Alone: true})
	return err
}

// removeOld removes what Resets put aside.
func removeOld(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, fileName+".old-*"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.RemoveAll(name); err != nil { // it may have been a directory
			return err
		}
	}
	return nil
}
