package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"homing"
)

// checks are the questions that Check asks: rows are faults in words.
var checks = []string{
	`SELECT 'changes are numbered up to ' || max(number) || ' but there are ' || count(*)
		FROM changes HAVING count(*) > 0 AND (max(number) <> count(*) OR min(number) <> 1)`,
	`SELECT 'conversions are numbered up to ' || max(id) || ' but there are ' || count(*)
		FROM conversions HAVING count(*) > 0 AND (max(id) <> count(*) OR min(id) <> 1)`,
	`SELECT 'conversion ' || c.id || ' has no first change' FROM conversions c
		LEFT JOIN changes h ON h.number = c.change AND h.conversion = c.id AND h.from_status = 0 WHERE h.number IS NULL`,
	// Moves are gathered first: asked for one by one, in order and with a limit, the
	// server may look for each through all changes from the last.
	`SELECT 'the status of conversion ' || c.id || ' is not that of its last change' FROM conversions c
		LEFT JOIN (SELECT conversion, max(number) AS number FROM changes WHERE from_status <> 0 GROUP BY conversion) m ON m.conversion = c.id
		JOIN changes l ON l.number = coalesce(m.number, c.change) WHERE c.status <> l.to_status`,
	`SELECT 'conversion ' || c.id || ' has no receipt' FROM conversions c
		LEFT JOIN receipts r ON r.conversion = c.id LEFT JOIN accounts a ON a.id = c.account
		WHERE r.conversion IS NULL AND NOT coalesce(a.erased, FALSE) AND NOT EXISTS (SELECT 1 FROM erased e WHERE e.click = c.click)`,
	`SELECT 'receipt ' || r.conversion || ' has no conversion' FROM receipts r
		LEFT JOIN conversions c ON c.id = r.conversion WHERE c.id IS NULL`,
	`SELECT 'the erasure of account ' || account || ' is unfinished; erase it again' FROM erasures`,
}

// mostFaults is how many of a kind are told; one is as alarming as a thousand.
const mostFaults = 20

// Check implements ledger.Ledger. Each question is a transaction of its own. On a
// ledger of many millions of conversions it takes minutes; nobody waits for it.
// What it does not ask is whether indexes agree with their tables: pg_amcheck does.
func (l *Ledger) Check(ctx context.Context) error {
	var faults []error
	ask := func(find func(context.Context, querier) ([]string, error)) bool {
		var found []string
		err := l.within(ctx, func(ctx context.Context) error {
			return l.lend(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
				return atOnce(ctx, conn, func(ctx context.Context, q querier) (err error) {
					found, err = find(ctx, q)
					return err
				})
			})
		})
		for _, fault := range found {
			faults = append(faults, fmt.Errorf("%w: %s", homing.ErrDamaged, fault))
		}
		if err != nil {
			faults = append(faults, told("check the ledger", err))
		}
		return err == nil || faultOf(err) == damaged // then the other questions may find more
	}
	for _, sql := range checks {
		if !ask(func(ctx context.Context, q querier) ([]string, error) {
			return collect(ctx, q, fmt.Sprintf("%s LIMIT %d", sql, mostFaults), pgx.RowTo[string])
		}) {
			return errors.Join(faults...)
		}
	}
	ask(findUnreadable)
	return errors.Join(faults...)
}

// findUnreadable reads every receipt.
func findUnreadable(ctx context.Context, q querier) (found []string, err error) {
	rows, err := q.Query(ctx, "SELECT conversion, record FROM receipts")
	if err != nil {
		return nil, err
	}
	var id int64
	var record []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &record}, func() error {
		if _, err := homing.DecodePostback(record); err != nil && len(found) < mostFaults {
			found = append(found, fmt.Sprintf("receipt %d: %v", id, err))
		}
		return nil
	})
	return found, err
}
