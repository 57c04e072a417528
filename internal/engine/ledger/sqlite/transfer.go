package sqlite

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

var _ ledger.Transfer = (*Ledger)(nil)

// Export implements ledger.Transfer.
func (l *Ledger) Export(ctx context.Context, part *ledger.Part, after ledger.Row, limit int) (rows []ledger.Row, err error) {
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		if part.Name == numbersPart {
			rows, err = lastNumbers(conn, after)
			return err
		}
		sql, args := rulebook.SelectPart(part, after, limit, "?")
		rows, err = collect(conn, sql, func(row *sqlite.Stmt) (ledger.Row, error) { return rowOf(part, row) }, args...)
		return err
	})
	return rows, told("export "+part.Name+" of the ledger", err)
}

func rowOf(part *ledger.Part, row *sqlite.Stmt) (ledger.Row, error) {
	values := make(ledger.Row, len(part.Fields))
	for i, f := range part.Fields {
		if row.ColumnType(i) == sqlite.TypeNull {
			continue
		}
		switch f.Kind {
		case ledger.Number:
			values[i] = row.ColumnInt64(i)
		case ledger.Truth:
			values[i] = row.ColumnInt64(i) != 0
		case ledger.Text:
			values[i] = row.ColumnText(i)
		case ledger.Bytes:
			values[i] = bytesOf(row, i)
		default:
			return nil, fmt.Errorf("%w: field %s of %s has no kind", homing.ErrInvalid, f.Name, part.Name)
		}
	}
	return values, nil
}

// numbersPart are the last numbers that were given, which SQLite keeps in a table
// of its own.
const numbersPart = "numbers"

// numbered are the things that get numbers, in the order of their names.
var numbered = []struct{ thing, table string }{
	{"account", "accounts"}, {"audit", "audit"}, {"campaign", "campaigns"}, {"erased", "erased"},
	{"key", "keys"}, {"token", "tokens"}, {"user", "users"},
}

func lastNumbers(conn *sqlite.Conn, after ledger.Row) (rows []ledger.Row, err error) {
	for _, n := range numbered {
		if after != nil && n.thing <= after[0].(string) {
			continue
		}
		last, _, err := queryInt(conn, "SELECT seq FROM sqlite_sequence WHERE name = ?1", n.table)
		if err != nil {
			return nil, err
		}
		rows = append(rows, ledger.Row{n.thing, last})
	}
	return rows, nil
}

// Import implements ledger.Transfer.
func (l *Ledger) Import(ctx context.Context, part *ledger.Part, rows []ledger.Row) error {
	if len(rows) == 0 {
		return nil
	}
	sql := insertPart(part)
	err := l.do(ctx, func(w *writer) error {
		for _, row := range rows {
			if err := w.importRow(part, sql, row); err != nil {
				return err
			}
		}
		return w.recollect() // what is kept in mind was read before
	})
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultConstraint {
		err = fmt.Errorf("%w: the ledger holds others (%w)", homing.ErrConflict, err)
	}
	return told("import "+part.Name+" into the ledger", err)
}

func insertPart(part *ledger.Part) string {
	names := rulebook.QuotedNames(part)
	var marks, sets []string
	for i, name := range names {
		marks = append(marks, fmt.Sprintf("?%d", i+1))
		if i >= part.Key {
			sets = append(sets, name+" = excluded."+name)
		}
	}
	return fmt.Sprintf(`INSERT INTO "%s" (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s`, part.Name, strings.Join(names, ", "),
		strings.Join(marks, ", "), strings.Join(names[:part.Key], ", "), strings.Join(sets, ", "))
}

func (w *writer) importRow(part *ledger.Part, sql string, row ledger.Row) error {
	if len(row) != len(part.Fields) {
		return fmt.Errorf("%w: a row of %s with %d values", homing.ErrInvalid, part.Name, len(row))
	}
	if part.Name != numbersPart {
		return exec(w.conn, sql, row...)
	}
	for _, n := range numbered {
		if n.thing == row[0] {
			return w.setNumber(n.table, row[1])
		}
	}
	return nil // of a thing that is not numbered here
}

// setNumber sets what AUTOINCREMENT goes on from.
func (w *writer) setNumber(table string, last any) error {
	if err := exec(w.conn, "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1", table, last); err != nil {
		return err
	}
	if w.conn.Changes() > 0 {
		return nil
	}
	return exec(w.conn, "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", table, last)
}
