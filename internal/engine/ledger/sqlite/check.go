package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
)

// checks are the questions that Check asks.
var checks = []func(*sqlite.Conn) ([]string, error){
	findBroken, findGaps, findHeadless, findMismatched, findUnreceipted, findOrphans, findUnreadable, findUnfinished,
}

// Check implements ledger.Ledger. Each question is a transaction of its own, so
// that the log can start over in between; on a ledger of many millions of
// conversions it takes minutes, and the log grows meanwhile.
func (l *Ledger) Check(ctx context.Context) error {
	var faults []error
	for _, find := range checks {
		var found []string
		err := l.readAtOnce(ctx, func(conn *sqlite.Conn) (err error) {
			found, err = find(conn)
			return err
		})
		if err != nil {
			faults = append(faults, told("check the ledger", err))
			if !unreadable(err) {
				return errors.Join(faults...)
			}
			continue // the other questions may find more
		}
		for _, fault := range found {
			faults = append(faults, fmt.Errorf("%w: %s", homing.ErrDamaged, explained(fault)))
		}
	}
	return errors.Join(faults...)
}

// mostFaults is how many of a kind are told; one is as alarming as a thousand.
const mostFaults = 20

// texts runs a query whose rows are faults in words. What it found before an
// error is returned with it: damage often ends the search for damage.
func texts(conn *sqlite.Conn, sql string) (found []string, err error) {
	err = query(conn, fmt.Sprintf("%s LIMIT %d", sql, mostFaults), func(row *sqlite.Stmt) error {
		found = append(found, row.ColumnText(0))
		return nil
	})
	return found, err
}

// findBroken asks SQLite about its pages, indexes and references.
func findBroken(conn *sqlite.Conn) ([]string, error) {
	found, err := texts(conn, "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok' AND integrity_check NOT LIKE '*** %'")
	if err != nil {
		return found, err
	}
	more, err := texts(conn, `SELECT "table" || ' row ' || rowid || ' refers to a missing row of ' || parent FROM pragma_foreign_key_check`)
	return append(found, more...), err
}

func findGaps(conn *sqlite.Conn) ([]string, error) {
	return texts(conn, `SELECT 'changes are numbered up to ' || max(number) || ' but there are ' || count(*)
		FROM changes HAVING count(*) > 0 AND (max(number) <> count(*) OR min(number) <> 1)`)
}

func findHeadless(conn *sqlite.Conn) ([]string, error) {
	return texts(conn, `SELECT 'conversion ' || c.id || ' has no first change' FROM conversions c
		LEFT JOIN changes h ON h.number = c.change AND h.conversion = c.id AND h.from_status = 0 WHERE h.number IS NULL`)
}

// findMismatched compares each status with the last change's.
func findMismatched(conn *sqlite.Conn) ([]string, error) {
	return texts(conn, `SELECT 'the status of conversion ' || c.id || ' is not that of its last change' FROM conversions c
		WHERE c.status <> coalesce(
			(SELECT to_status FROM changes WHERE conversion = c.id AND from_status <> 0 ORDER BY number DESC LIMIT 1),
			(SELECT to_status FROM changes WHERE number = c.change))`)
}

func findUnreceipted(conn *sqlite.Conn) ([]string, error) {
	return texts(conn, `SELECT 'conversion ' || c.id || ' has no receipt' FROM conversions c
		LEFT JOIN receipts r ON r.conversion = c.id LEFT JOIN accounts a ON a.id = c.account
		WHERE r.conversion IS NULL AND NOT coalesce(a.erased, 0) AND NOT EXISTS (SELECT 1 FROM erased e WHERE e.click = c.click)`)
}

func findOrphans(conn *sqlite.Conn) ([]string, error) {
	return texts(conn, `SELECT 'receipt ' || r.conversion || ' has no conversion' FROM receipts r
		LEFT JOIN conversions c ON c.id = r.conversion WHERE c.id IS NULL`)
}

// findUnreadable reads every receipt.
func findUnreadable(conn *sqlite.Conn) (found []string, err error) {
	var record []byte
	err = query(conn, "SELECT conversion, record FROM receipts", func(row *sqlite.Stmt) error {
		record = append(record[:0], make([]byte, row.ColumnLen(1))...)
		row.ColumnBytes(1, record)
		if _, err := homing.DecodePostback(record); err != nil && len(found) < mostFaults {
			found = append(found, fmt.Sprintf("receipt %d: %v", row.ColumnInt64(0), err))
		}
		return nil
	})
	return found, err
}

func findUnfinished(conn *sqlite.Conn) ([]string, error) {
	return texts(conn, "SELECT 'the erasure of account ' || account || ' is unfinished; erase it again' FROM erasures")
}
