package sqlite

import (
	"context"
	"iter"
	"math"
	"strings"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
)

// Lists are read in pages, each in a transaction of its own, and no page walks
// over more than windowLen numbers, found or not. So a list that finds little
// in a hundred million rows, or whose reader is slow, never holds a read
// transaction for long, which would keep the log from starting over.
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

	// Still to be walked: numbers in (low, high].
	low, high int64
}

// newList begins a walk after the given number, or, newest first, below it.
func newList(columns string, after homing.ConversionID, newest bool, limit int) *list {
	l := &list{columns: columns, newest: newest, limit: limit, high: math.MaxInt64}
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
	case l.wide || l.high-l.low <= windowLen:
		return l.low, l.high
	case l.newest:
		return l.high - windowLen, l.high
	}
	return l.low, l.low + windowLen
}

// next reads a page: rows of the next window, as many as it may have. row
// returns the number it read.
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
		return err
	}, args...)
	if err != nil {
		return err
	}
	l.limit -= found
	switch full := found == most; {
	case full && l.newest:
		l.high = last - 1
	case full:
		l.low = last
	case l.newest:
		l.high = low
	default:
		l.low = high
	}
	return nil
}

// bound ends the walk at the newest conversion there is when it begins, or a
// busy ledger would never let it end.
func (l *list) bound(conn *sqlite.Conn) error {
	if l.high < math.MaxInt64 {
		return nil
	}
	newest, _, err := queryInt(conn, "SELECT coalesce(max(id), 0) FROM conversions")
	l.high = newest
	return err
}

func (l *list) sql() string {
	var b strings.Builder
	b.WriteString(l.columns)
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
		page := make([]T, 0, min(walk.limit, pageLen))
		for !walk.done() {
			page = page[:0]
			err := l.read(ctx, func(conn *sqlite.Conn) error {
				return walk.next(conn, func(row *sqlite.Stmt) (homing.ConversionID, error) {
					item, id, err := read(row)
					page = append(page, item)
					return id, err
				})
			})
			if err != nil {
				var none T
				yield(none, told("read a list from the ledger", err))
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

const conversionColumns = `SELECT c.id, c.click, c.lead, c.goal, c.account, c.campaign, c.status, c.value, c.price,
	c.currency, c.flags, c.at, c.request FROM conversions c`

func conversionOf(row *sqlite.Stmt) homing.Conversion {
	c := homing.Conversion{
		ID:       homing.ConversionID(row.ColumnInt64(0)),
		Lead:     string(bytesOf(row, 2)),
		Goal:     homing.GoalID(row.ColumnInt64(3)),
		Account:  homing.AccountID(row.ColumnInt64(4)),
		Campaign: homing.CampaignID(row.ColumnInt64(5)),
		Status:   homing.Status(row.ColumnInt64(6)),
		Value:    valueOf(row, 7),
		Price:    homing.Money(row.ColumnInt64(8)),
		Currency: row.ColumnText(9),
		Flags:    homing.Flags(row.ColumnInt64(10)),
		At:       homing.Millis(row.ColumnInt64(11)),
	}
	var click [homing.OriginLen]byte
	row.ColumnBytes(1, click[:])
	c.Click = homing.UnpackOrigin(click)
	row.ColumnBytes(12, c.Request[:])
	return c
}

// Conversions implements ledger.Books.
func (l *Ledger) Conversions(ctx context.Context, q ledger.ConversionQuery) iter.Seq2[homing.Conversion, error] {
	walk := newList(conversionColumns, q.After, q.Newest, q.Limit)
	narrow(walk, "c.account = ?", q.Account)
	narrow(walk, "c.campaign = ?", q.Campaign)
	narrow(walk, "c.status = ?", q.Status)
	narrow(walk, "c.at >= ?", q.Since)
	narrow(walk, "c.at < ?", q.Until)
	return pages(ctx, l, walk, func(row *sqlite.Stmt) (homing.Conversion, homing.ConversionID, error) {
		c := conversionOf(row)
		return c, c.ID, nil
	})
}

// ConversionsOf implements ledger.Books.
func (l *Ledger) ConversionsOf(ctx context.Context, click homing.Origin) (found []homing.Conversion, err error) {
	key := click.Pack()
	err = l.read(ctx, func(conn *sqlite.Conn) error {
		return query(conn, conversionColumns+" WHERE c.click = ?1 ORDER BY c.id", func(row *sqlite.Stmt) error {
			found = append(found, conversionOf(row))
			return nil
		}, key[:])
	})
	return found, told("read a click's conversions", err)
}

// Receipts implements ledger.Books.
func (l *Ledger) Receipts(ctx context.Context, q ledger.ReceiptQuery) iter.Seq2[homing.Postback, error] {
	walk := newList(`SELECT c.id, c.flags, r.record FROM conversions c CROSS JOIN receipts r ON r.conversion = c.id`,
		q.After, q.Newest, q.Limit)
	if q.Click != (homing.Origin{}) {
		key := q.Click.Pack()
		walk.where, walk.args, walk.wide = []string{"c.click = ?"}, []any{key[:]}, true
	}
	narrow(walk, "c.account = ?", q.Account)
	narrow(walk, "c.at >= ?", q.Since)
	narrow(walk, "c.at < ?", q.Until)
	return pages(ctx, l, walk, func(row *sqlite.Stmt) (homing.Postback, homing.ConversionID, error) {
		id := homing.ConversionID(row.ColumnInt64(0))
		p, err := homing.DecodePostback(bytesOf(row, 2))
		p.Conversion = id
		p.Verdict.Flags |= homing.Flags(row.ColumnInt64(1))
		return p, id, err
	})
}
