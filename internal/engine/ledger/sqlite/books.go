package sqlite

import (
	"context"
	"fmt"
	"iter"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
)

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
		if n := row.ColumnLen(1); n != homing.OriginLen {
			return c, c.ID, fmt.Errorf("its click has %d bytes: %w", n, homing.ErrDamaged)
		}
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
	arrived(walk, ">=", q.Since)
	arrived(walk, "<", q.Until)
	return pages(ctx, l, walk, func(row *sqlite.Stmt) (homing.Postback, homing.ConversionID, error) {
		id := homing.ConversionID(row.ColumnInt64(0))
		p, err := homing.DecodePostback(bytesOf(row, 2))
		p.Conversion = id
		p.Verdict.Flags |= homing.Flags(row.ColumnInt64(1))
		return p, id, err
	})
}

// arrived narrows by the receipt's own time. That of a replay is not its
// conversion's, but stands in its request's id.
func arrived(l *list, compare string, at homing.Millis) {
	if at == 0 {
		return
	}
	l.where = append(l.where, fmt.Sprintf("CASE WHEN c.flags & %d THEN substr(c.request, 1, 6) %s ? ELSE c.at %s ? END",
		homing.FlagReplayed, compare, compare))
	id := homing.NewRequestID(at, 0, 0)
	l.args = append(l.args, id[:6], at)
}
