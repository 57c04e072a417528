package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

var _ ledger.Transfer = (*Ledger)(nil)

// Export implements ledger.Transfer.
func (l *Ledger) Export(ctx context.Context, part *ledger.Part, after ledger.Row, limit int) (rows []ledger.Row, err error) {
	sql, args := rulebook.SelectPart(part, after, limit, "$")
	err = l.read(ctx, func(ctx context.Context, q querier) (err error) {
		rows, err = collect(ctx, q, sql, func(row pgx.CollectableRow) (ledger.Row, error) {
			values, err := row.Values()
			return ledger.Row(values), err
		}, args...)
		return err
	})
	return rows, told("export "+part.Name+" of the ledger", err)
}

// Import implements ledger.Transfer. The rows go to the server by columns, in one
// statement.
func (l *Ledger) Import(ctx context.Context, part *ledger.Part, rows []ledger.Row) error {
	if len(rows) == 0 {
		return nil
	}
	columns, err := columnsOf(part, rows)
	if err == nil {
		err = l.transact(ctx, bothTurns, func(ctx context.Context, tx pgx.Tx) error {
			return exec(ctx, tx, insertPart(part), columns...)
		})
	}
	if state := stateOf(err); state == uniqueViolation || state == foreignKeyViolation {
		err = fmt.Errorf("%w: the ledger holds others (%w)", homing.ErrConflict, err)
	}
	return told("import "+part.Name+" into the ledger", err)
}

// arrayTypes are those of columns as they are sent, by kind.
var arrayTypes = [...]string{ledger.Number: "bigint[]", ledger.Text: "text[]", ledger.Bytes: "bytea[]", ledger.Truth: "boolean[]"}

func insertPart(part *ledger.Part) string {
	names := rulebook.QuotedNames(part)
	var marks, sets []string
	for i, name := range names {
		marks = append(marks, fmt.Sprintf("$%d::%s", i+1, arrayTypes[part.Fields[i].Kind]))
		if i >= part.Key {
			sets = append(sets, name+" = excluded."+name)
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM unnest(%s) ON CONFLICT (%s) DO UPDATE SET %s", rulebook.Quoted(part.Name),
		strings.Join(names, ", "), strings.Join(marks, ", "), strings.Join(names[:part.Key], ", "), strings.Join(sets, ", "))
}

// columnsOf turns rows into a list of values for each field.
func columnsOf(part *ledger.Part, rows []ledger.Row) (columns []any, err error) {
	for _, row := range rows {
		if len(row) != len(part.Fields) {
			return nil, fmt.Errorf("%w: a row of %s with %d values", homing.ErrInvalid, part.Name, len(row))
		}
	}
	for i, f := range part.Fields {
		var column any
		switch f.Kind {
		case ledger.Number:
			column, err = columnOf[int64](rows, i)
		case ledger.Text:
			column, err = columnOf[string](rows, i)
		case ledger.Bytes:
			column, err = columnOf[[]byte](rows, i)
		case ledger.Truth:
			column, err = columnOf[bool](rows, i)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: field %s of %s: %w", homing.ErrInvalid, f.Name, part.Name, err)
		}
		columns = append(columns, column)
	}
	return columns, nil
}

// columnOf takes one field of each row; nil is NULL.
func columnOf[T any](rows []ledger.Row, field int) ([]*T, error) {
	column := make([]*T, len(rows))
	for i, row := range rows {
		if row[field] == nil {
			continue
		}
		value, ok := row[field].(T)
		if !ok {
			return nil, fmt.Errorf("a %T", row[field])
		}
		column[i] = &value
	}
	return column, nil
}
