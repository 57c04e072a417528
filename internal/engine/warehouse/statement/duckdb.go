package statement

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// DuckDB is the dialect of DuckDB 1.
var DuckDB Dialect = duckdb{}

type duckdb struct{}

func (duckdb) Quotient(a string, b int64) string { return fmt.Sprintf("(%s // %d)", a, b) }

func (duckdb) Month(day string) string {
	date := fmt.Sprintf("(DATE '1970-01-01' + CAST(%s AS INTEGER))", day)
	return fmt.Sprintf("(year(%s) * 12 + month(%s) - 1)", date, date)
}

func (duckdb) Contains(column, part string, arg func(string) string) string {
	return compared("contains", column, part, arg)
}

func (duckdb) Begins(column, part string, arg func(string) string) string {
	return compared("starts_with", column, part, arg)
}

// compared compares texts whose letters A to Z have been made small, and no
// others: lower does so with the letters of all alphabets, and makes a k of the
// Kelvin sign. translate does what is wanted, but takes 1 µs a row; so lower
// goes first and leaves few rows, of which it was right about those in ASCII.
func compared(function, column, part string, arg func(string) string) string {
	roughly := fmt.Sprintf("%s(lower(%s), lower(%s))", function, column, arg(part))
	exactly := fmt.Sprintf("%s(translate(%s, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), %s)", function, column, arg(part))
	if isASCII(part) {
		exactly = fmt.Sprintf("(strlen(%s) = length(%s) OR %s)", column, column, exactly)
	}
	return roughly + " AND " + exactly
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

func (duckdb) Quantile(value string, tenths int) string {
	return fmt.Sprintf("quantile_disc(%s, 0.%d)", value, tenths)
}

// Tuples makes a table of them, so that they are looked up by hash.
func (duckdb) Tuples(rows []string) string { return "VALUES " + strings.Join(rows, ", ") }

func (duckdb) Nothing() string { return "NULL" }

func (duckdb) Sum(value string) string {
	return fmt.Sprintf("coalesce(CAST(sum(%s) AS BIGINT), 0)", value)
}

func (duckdb) Whole(number string) string { return fmt.Sprintf("CAST(%s AS BIGINT)", number) }

func (duckdb) Constant(value string) string { return value }

func (duckdb) Addend(value string) string { return value }

func (duckdb) Rows(table string, _ ...string) (string, []string) { return table, nil }

func (duckdb) KeepsGroups() bool { return true }

func (duckdb) TotalsOfGivenUp() bool { return false }
