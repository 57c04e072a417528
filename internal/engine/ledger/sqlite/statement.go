package sqlite

import (
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// exec carries out one statement and drops its rows. The statement stays
// prepared, so sql must not be made anew for each call.
func exec(conn *sqlite.Conn, sql string, args ...any) error {
	return sqlitex.Execute(conn, sql, &sqlitex.ExecOptions{Args: args})
}

// query calls row for each row of the statement.
func query(conn *sqlite.Conn, sql string, row func(*sqlite.Stmt) error, args ...any) error {
	return sqlitex.Execute(conn, sql, &sqlitex.ExecOptions{Args: args, ResultFunc: row})
}

// queryInt reads one number; found is false if there is no row.
func queryInt(conn *sqlite.Conn, sql string, args ...any) (n int64, found bool, err error) {
	err = query(conn, sql, func(row *sqlite.Stmt) error {
		n, found = row.ColumnInt64(0), true
		return nil
	}, args...)
	return n, found, err
}

// bytesOf copies a column.
func bytesOf(row *sqlite.Stmt, column int) []byte {
	b := make([]byte, row.ColumnLen(column))
	row.ColumnBytes(column, b)
	return b
}

// orNull binds the zero value as NULL.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
