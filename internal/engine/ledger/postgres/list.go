package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

	"homing"
)

// Lists are read in pages, each a statement of its own, and no page walks over
// more than windowLen numbers, found or not, unless an index finds its rows. So a
// list that finds little in a hundred million rows, or whose reader is slow, never
// holds a snapshot for long, which would keep the server from cleaning up.
const (
	windowLen = 1 << 17
	pageLen   = 512
)

// walk is the state of a walk through the numbers of conversions.
type walk struct {
	columns string // SELECT … FROM …
	where   []string
	args    []any
	newest  bool
	account int  // place of the account, if the index by account is walked along; else 0
	few     bool // an index finds the few rows there are
	limit   int  // still wanted
	lost    int  // rows that are there but are not whole

	low, high int64 // still to be walked: numbers in (low, high]
}

// newWalk begins a walk after the given number, or, newest first, below it.
func newWalk(columns string, after homing.ConversionID, newest bool, limit int) *walk {
	w := &walk{columns: columns, newest: newest, limit: limit, high: math.MaxInt64, args: []any{int64(0), int64(0), 0}}
	if w.limit <= 0 {
		w.limit = math.MaxInt
	}
	if !newest {
		w.low = int64(after)
	} else if after > 0 {
		w.high = int64(after) - 1
	}
	return w
}

// add adds a condition, with a place ($%d) for each argument.
func (w *walk) add(condition string, args ...any) {
	places := make([]any, len(args))
	for i := range args {
		places[i] = len(w.args) + i + 1
	}
	w.where = append(w.where, fmt.Sprintf(condition, places...))
	w.args = append(w.args, args...)
}

// narrow adds a condition on one argument, unless it does not narrow.
func narrow(w *walk, condition string, arg int64) {
	if arg != 0 {
		w.add(condition, arg)
	}
}

// along walks along the index by account, which leaves the server no choice: it
// would take the index by number for the shorter way to the first rows of a list,
// past everybody else's.
func (w *walk) along(account homing.AccountID) {
	if account != 0 {
		w.args = append(w.args, int64(account))
		w.account = len(w.args)
	}
}

// wide tells whether one window does.
func (w *walk) wide() bool { return w.account > 0 || w.few }

func (w *walk) sql() string {
	var b strings.Builder
	b.WriteString(w.columns)
	condition, order, backwards := " WHERE c.id > $1 AND c.id <= $2", "c.id", "c.id DESC"
	switch {
	case w.account > 0:
		condition = fmt.Sprintf(" WHERE (c.account, c.id) > ($%d, $1) AND (c.account, c.id) <= ($%[1]d, $2)", w.account)
		order, backwards = "c.account, c.id", "c.account DESC, c.id DESC"
	case w.few:
		order, backwards = "c.id + 0", "c.id + 0 DESC"
	}
	if w.newest {
		order = backwards
	}
	b.WriteString(condition)
	for _, condition := range w.where {
		b.WriteString(" AND ")
		b.WriteString(condition)
	}
	b.WriteString(" ORDER BY " + order)
	b.WriteString(" LIMIT $3")
	return b.String()
}

// window is the next stretch of numbers.
func (w *walk) window() (low, high int64) {
	switch {
	case w.wide() || w.high-w.low <= windowLen:
		return w.low, w.high
	case w.newest:
		return w.high - windowLen, w.high
	}
	return w.low, w.low + windowLen
}

// passed moves the walk beyond a row of the window, or, if the page was the
// window's last, beyond the window.
func (w *walk) passed(low, high, last int64) {
	switch {
	case last > 0 && w.newest:
		w.high = last - 1
	case last > 0:
		w.low = last
	case w.newest:
		w.high = low
	default:
		w.low = high
	}
}

// bound ends the walk at the newest conversion there is when it begins, or a
// busy ledger would never let it end.
func (w *walk) bound(ctx context.Context, q querier) error {
	if w.high < math.MaxInt64 {
		return nil
	}
	return q.QueryRow(ctx, "SELECT coalesce(max(id), 0) FROM conversions").Scan(&w.high)
}

func (w *walk) done() bool { return w.limit <= 0 || w.low >= w.high }

// pages turns a walk into a sequence. A page is handed on when its connection is
// free again.
func pages[T any](ctx context.Context, l *Ledger, from *walk,
	read func(pgx.CollectableRow) (T, homing.ConversionID, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		w := *from // a sequence may be ranged over again
		var none T
		for !w.done() {
			page, err := nextPage(ctx, l, &w, read)
			if err != nil {
				yield(none, told("read a list from the ledger", err))
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
		}
		if w.lost > 0 {
			yield(none, fmt.Errorf("%w: %d rows of the list could not be read", homing.ErrDamaged, w.lost))
		}
	}
}

func nextPage[T any](ctx context.Context, l *Ledger, w *walk, read func(pgx.CollectableRow) (T, homing.ConversionID, error)) (page []T, err error) {
	err = l.read(ctx, func(ctx context.Context, q querier) error {
		if err := w.bound(ctx, q); err != nil || w.low >= w.high {
			return err
		}
		low, high := w.window()
		most := min(w.limit, pageLen)
		args := append([]any{}, w.args...)
		args[0], args[1], args[2] = low, high, most
		found, last := 0, int64(0)
		rows, err := q.Query(ctx, w.sql(), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			item, id, err := read(rows)
			if errors.Is(err, homing.ErrDamaged) {
				l.addDamage(fmt.Sprintf("conversion %d cannot be read: %v", id, err))
				w.lost++
			} else if err != nil {
				return err
			} else {
				page = append(page, item)
				w.limit--
			}
			found, last = found+1, int64(id)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if found < most {
			last = 0
		}
		w.passed(low, high, last)
		return nil
	})
	return page, err
}
