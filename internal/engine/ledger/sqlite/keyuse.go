package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
)

// NoteKeyUse implements ledger.Settings. Uses of keys that are gone (of an
// account erased meanwhile) are dropped.
func (l *Ledger) NoteKeyUse(ctx context.Context, uses []ledger.KeyUse) error {
	uses = append([]ledger.KeyUse(nil), uses...)
	err := l.do(ctx, func(w *writer) error {
		for _, u := range uses {
			if err := w.noteKeyUse(u); err != nil {
				return err
			}
		}
		return nil
	})
	return told("note the uses of keys", err)
}

func (w *writer) noteKeyUse(u ledger.KeyUse) error {
	return exec(w.conn, `INSERT INTO key_uses (key, count, last, addr, over_http)
		SELECT id, ?2, ?3, ?4, ?5 FROM keys WHERE id = ?1
		ON CONFLICT (key) DO UPDATE SET count = count + ?2, over_http = over_http + ?5,
			addr = CASE WHEN ?3 >= last THEN ?4 ELSE addr END, last = max(last, ?3)`,
		u.Key, u.Count, u.Last, u.Addr, u.OverHTTP)
}

// KeyUses implements ledger.Settings.
func (l *Ledger) KeyUses(ctx context.Context) (uses []ledger.KeyUse, err error) {
	const sql = "SELECT key, count, last, addr, over_http FROM key_uses ORDER BY key"
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		uses, err = collect(conn, sql, func(row *sqlite.Stmt) (ledger.KeyUse, error) {
			return ledger.KeyUse{
				Key:      homing.KeyID(row.ColumnInt64(0)),
				Count:    row.ColumnInt64(1),
				Last:     homing.Millis(row.ColumnInt64(2)),
				Addr:     row.ColumnText(3),
				OverHTTP: row.ColumnInt64(4),
			}, nil
		})
		return err
	})
	return uses, told("read the uses of keys", err)
}
