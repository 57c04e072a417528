package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

func noticeOf(row *sqlite.Stmt) (ledger.Notice, error) {
	return ledger.Notice{
		Kind:    row.ColumnText(0),
		Object:  row.ColumnText(1),
		Account: homing.AccountID(row.ColumnInt64(2)),
		Since:   homing.Millis(row.ColumnInt64(3)),
		Told:    homing.Millis(row.ColumnInt64(4)),
		Ended:   homing.Millis(row.ColumnInt64(5)),
		Detail:  row.ColumnText(6),
	}, nil
}

// Notices implements ledger.People.
func (l *Ledger) Notices(ctx context.Context) (notices []ledger.Notice, err error) {
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		notices, err = collect(conn,
			"SELECT kind, object, account, since, told, ended, detail FROM notices ORDER BY since, kind, object", noticeOf)
		return err
	})
	return notices, told("read the notices", err)
}

// PutNotice implements ledger.People. Those that ended long before are dropped.
func (l *Ledger) PutNotice(ctx context.Context, n ledger.Notice) error {
	err := l.do(ctx, func(w *writer) error {
		latest := max(n.Since, n.Told, n.Ended)
		if err := exec(w.conn, "DELETE FROM notices WHERE ended <> 0 AND ended < ?1", latest-rulebook.KeepEnded); err != nil {
			return err
		}
		return exec(w.conn, "INSERT OR REPLACE INTO notices (kind, object, account, since, told, ended, detail) VALUES (?1,?2,?3,?4,?5,?6,?7)",
			n.Kind, n.Object, n.Account, n.Since, n.Told, n.Ended, n.Detail)
	})
	return told("write a notice", err)
}
