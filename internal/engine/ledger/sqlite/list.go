package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"

	"zombiezen.com/go/sqlite"

	"homing"
)

// Lists are read in pages, each in a transaction of its own, and no page walks
// over more than windowLen numbers, found or not. So a list that finds little
// in a hundred million rows, or whose reader is slow, never holds a read
// transaction for long, which would keep the log from starting over.
//
// A page of the file that cannot be read must not hide the others. So a window
// that fails is asked for once more without an index, which may be what is
// broken, then by halves, down to single numbers; those that fail are passed
// over and told (see around). The list goes on behind them, and ends with an
// error when it has given everything else.
const (
	windowLen = 16384
	pageLen   = 512
)

// list is the state of a walk through the numbers of conversions.
type list struct {
	columns string // SELECT … FROM …
	where   []string
	args    []any
	newest  bool
	wide    bool // few rows fit, and an index finds them: one window does
	limit   int  // still wanted

	plain    bool        // no index but that of the numbers
	span     int64       // numbers in a window, while it is near damage
	lost     int64       // numbers passed over
	holeLow  int64       // the hole that the walk is in, (holeLow, holeHigh]
	holeHigh int64       // 0 = in none
	damage   *damageList // told of holes

	// Still to be walked: numbers in (low, high].
	low, high int64
}

// newList begins a walk after the given number, or, newest first, below it.
func newList(columns string, after homing.ConversionID, newest bool, limit int) *list {
	l := &list{columns: columns, newest: newest, limit: limit, high: math.MaxInt64, span: windowLen}
	if l.limit <= 0 {
		l.limit = math.MaxInt
	}
	if !newest {
		l.low = int64(after)
	} else if after > 0 {
		l.high = int64(after) - 1
	}
	return l
}

// narrow adds a condition on one argument, unless it does not narrow.
func narrow[T comparable](l *list, condition string, arg T) {
	var zero T
	if arg != zero {
		l.where = append(l.where, condition)
		l.args = append(l.args, arg)
	}
}

// window is the next stretch of numbers, and what will be left after it.
func (l *list) window() (low, high int64) {
	switch {
	case l.wide || l.high-l.low <= l.span:
		return l.low, l.high
	case l.newest:
		return l.high - l.span, l.high
	}
	return l.low, l.low + l.span
}

// next reads a page: rows of the next window, as many as it may have. row
// returns the number it read; homing.ErrDamaged says that the row is there but
// is not whole.
func (l *list) next(conn *sqlite.Conn, row func(*sqlite.Stmt) (homing.ConversionID, error)) error {
	if err := l.bound(conn); err != nil || l.low >= l.high {
		return err
	}
	low, high := l.window()
	most := min(l.limit, pageLen)
	found, last := 0, int64(0)
	args := append(append([]any{low, high}, l.args...), most)
	err := query(conn, l.sql(), func(stmt *sqlite.Stmt) error {
		id, err := row(stmt)
		found, last = found+1, int64(id)
		if errors.Is(err, homing.ErrDamaged) {
			l.lost++
			l.damage.add("conversion %d cannot be read: %v", id, err)
			return nil
		}
		l.limit--
		return err
	}, args...)
	switch broken := unreadable(err); {
	case broken && found == 0:
		l.around(low, high)
		return nil
	case err != nil && !broken:
		return err
	case found == most || broken: // what is broken comes first in the next page
		l.passed(low, high, last)
	default:
		l.passed(low, high, 0)
	}
	if found > 0 || l.span >= nearHole {
		l.leaveHole()
	}
	l.span = min(2*l.span, windowLen)
	return nil
}

// passed moves the walk beyond a row of the window, or beyond the window.
func (l *list) passed(low, high, last int64) {
	switch {
	case last > 0 && l.newest:
		l.high = last - 1
	case last > 0:
		l.low = last
	case l.newest:
		l.high = low
	default:
		l.low = high
	}
}

// mostSingles is how many numbers are tried one by one in a walk. A file with
// more of them is past that: larger pieces must do, or the walk never ends.
const (
	mostSingles = 16384
	coarse      = 1024
	// nearHole is how many numbers may lie within a hole that are read but are
	// not what the list asks for: one hole is told, not a hundred.
	nearHole = 64
)

// around gets the walk around a window that cannot be read, in steps.
func (l *list) around(low, high int64) {
	if !l.plain {
		l.plain, l.wide = true, false
		return
	}
	least := int64(1)
	if l.lost > mostSingles {
		least = coarse
	}
	if high-low > least {
		l.span = max((high-low)/2, least)
		return
	}
	l.lost += high - low
	if l.holeHigh == 0 {
		l.holeLow, l.holeHigh = low, high
	}
	l.holeLow, l.holeHigh = min(l.holeLow, low), max(l.holeHigh, high)
	l.passed(low, high, 0)
}

// leaveHole tells of a hole when the walk is through it.
func (l *list) leaveHole() {
	if l.holeHigh > 0 {
		l.damage.hole(l.holeLow+1, l.holeHigh)
	}
	l.holeLow, l.holeHigh = 0, 0
}

// end tells what the list lacks.
func (l *list) end() error {
	l.leaveHole()
	if l.lost == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d conversions, of whatever kind, could not be read in the range of the list", homing.ErrDamaged, l.lost)
}

// bound ends the walk at the newest conversion there is when it begins, or a
// busy ledger would never let it end.
func (l *list) bound(conn *sqlite.Conn) error {
	if l.high < math.MaxInt64 {
		return nil
	}
	newest, _, err := queryInt(conn, topConversion)
	if unreadable(err) {
		// The last page is broken; nearly every conversion has a receipt.
		l.damage.add("the newest conversions cannot be read")
		l.lost++
		newest, _, err = queryInt(conn, topReceipt)
	}
	if err == nil {
		l.high = newest
	}
	return err
}

func (l *list) sql() string {
	var b strings.Builder
	if l.plain {
		b.WriteString(strings.Replace(l.columns, "conversions c", "conversions c NOT INDEXED", 1))
	} else {
		b.WriteString(l.columns)
	}
	b.WriteString(" WHERE c.id > ?1 AND c.id <= ?2")
	for _, condition := range l.where {
		b.WriteString(" AND ")
		b.WriteString(condition)
	}
	b.WriteString(" ORDER BY c.id")
	if l.newest {
		b.WriteString(" DESC")
	}
	b.WriteString(" LIMIT ?")
	return b.String()
}

// done tells whether nothing is left to read.
func (l *list) done() bool { return l.limit <= 0 || l.low >= l.high }

// pages turns a walk into a sequence. A page is handed on when its transaction
// is over.
func pages[T any](ctx context.Context, l *Ledger, walk *list,
	read func(*sqlite.Stmt) (T, homing.ConversionID, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		walk := *walk // a sequence may be ranged over again
		walk.damage = l.damage
		var none T
		page := make([]T, 0, min(walk.limit, pageLen))
		for !walk.done() {
			page = page[:0]
			err := l.read(ctx, func(conn *sqlite.Conn) error {
				return walk.next(conn, func(row *sqlite.Stmt) (homing.ConversionID, error) {
					item, id, err := read(row)
					if err == nil {
						page = append(page, item)
					}
					return id, err
				})
			})
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
		if err := walk.end(); err != nil {
			yield(none, told("read a list from the ledger", err))
		}
	}
}
