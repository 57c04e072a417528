package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
)

// Loans implements ledger.Ledger.
func (l *Ledger) Loans(ctx context.Context) (loans []ledger.Loan, err error) {
	err = l.read(ctx, func(conn *sqlite.Conn) error {
		loans = nil
		return query(conn, "SELECT node, token IS NOT NULL, mark FROM leases WHERE floor >= 0 ORDER BY node", func(row *sqlite.Stmt) error {
			loans = append(loans, ledger.Loan{
				Node: homing.NodeID(row.ColumnInt64(0)), Taken: row.ColumnBool(1), Mark: homing.Millis(row.ColumnInt64(2)),
			})
			return nil
		})
	})
	return loans, told("list the node numbers", err)
}
