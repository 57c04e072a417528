package duckdb

import (
	"context"
	"strconv"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// keptDays is how many days before the newest one visitors are kept: a click
// that comes later than that is not unique unless it is the first again.
const keptDays = 2

// uniques finds the first clicks of their visitor, of all that are loaded.
//
// The naive way is a LEFT JOIN in the INSERT; then every click would be stored
// twice, once in a staging table. Here the hashes of a batch are asked for
// before its transaction, in one statement that looks through the visitors of
// the days concerned. Nothing comes between, because loads are carried out one
// after another.
type uniques struct {
	seen  map[visitorOf]bool // of this batch and of what is stored
	asked []byte             // "hash,hash,…", memory to use again
}

// visitorOf is a visitor of a day.
type visitorOf struct {
	day warehouse.Day
	key int64
}

// counts tells whether the click is one that may be unique.
func countsVisitor(c *warehouse.Click) bool {
	return c.Class == homing.Billable && c.Visitor != 0 && !c.Test()
}

// visitorKey is a visitor of a campaign in 64 bits. Mixing is reversible for
// one campaign; two campaigns' visitors meet as rarely as two hashes do.
func visitorKey(c *warehouse.Click) int64 {
	x := c.Visitor ^ uint64(c.Campaign)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int64(x ^ x>>31)
}

func keyOf(c *warehouse.Click) visitorOf {
	return visitorOf{warehouse.DayAt(c.Time), visitorKey(c)}
}

// prepare learns which visitors of the batch are stored.
func (u *uniques) prepare(ctx context.Context, p *process.Process, batch []warehouse.Click) error {
	if u.seen == nil {
		u.seen = make(map[visitorOf]bool)
	}
	clear(u.seen)
	u.asked = u.asked[:0]
	var first, last warehouse.Day
	for i := range batch {
		c := &batch[i]
		if !countsVisitor(c) {
			continue
		}
		day := warehouse.DayAt(c.Time)
		if len(u.asked) == 0 {
			first, last = day, day
		} else {
			u.asked = append(u.asked, ',')
		}
		first, last = min(first, day), max(last, day)
		u.asked = strconv.AppendInt(u.asked, visitorKey(c), 10)
	}
	if len(u.asked) == 0 {
		return nil
	}
	rows, err := p.Query(ctx, `SELECT day, visitor FROM visitors WHERE day BETWEEN ? AND ?
		AND visitor IN (SELECT unnest(string_split(?, ','))::BIGINT)`, int64(first), int64(last), string(u.asked))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		u.seen[visitorOf{warehouse.Day(rows.Int(0)), rows.Int(1)}] = true
	}
	return rows.Err()
}

// first tells whether the click is the first of its visitor, and remembers it.
func (u *uniques) first(c *warehouse.Click) bool {
	if !countsVisitor(c) {
		return false
	}
	key := keyOf(c)
	if u.seen[key] {
		return false
	}
	u.seen[key] = true
	return true
}
