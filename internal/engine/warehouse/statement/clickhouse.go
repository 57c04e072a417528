package statement

import (
	"fmt"
	"slices"
	"strings"
)

// ClickHouse is the dialect of ClickHouse from 18.16 on: no common table
// expressions, no NULL, and its functions by the names that all of its versions
// know. Arguments are to be put in by the caller, for the server takes none.
//
// Tables have a row more than once, until the server merges them: FINAL has it
// once. Of conversions all versions stay, and the highest is taken of those that
// are visible.
type ClickHouse struct {
	// Visible are conditions of rows that count, by the table's name; a table
	// without one has all.
	Visible map[string]string
}

var _ Dialect = ClickHouse{}

func (ClickHouse) Quotient(a string, b int64) string { return fmt.Sprintf("intDiv(%s, %d)", a, b) }

func (ClickHouse) Month(day string) string {
	date := fmt.Sprintf("toDate(toUInt16(%s))", day)
	return fmt.Sprintf("(toYear(%s) * 12 + toMonth(%s) - 1)", date, date)
}

// Contains relies on lower, which makes the letters A to Z small, and no others.
func (ClickHouse) Contains(column, part string, arg func(string) string) string {
	if part == "" {
		return always
	}
	return fmt.Sprintf("position(lower(%s), %s) > 0", column, arg(part))
}

func (ClickHouse) Begins(column, part string, arg func(string) string) string {
	if part == "" {
		return always
	}
	return fmt.Sprintf("startsWith(lower(%s), %s)", column, arg(part))
}

// Quantile puts all values in order: what ClickHouse calls exact takes the
// upper one where the rank is whole. Times to convert are a few million at most,
// 8 bytes each.
func (c ClickHouse) Quantile(value string, tenths int) string {
	is := value + " >= 0"
	return fmt.Sprintf("if(countIf(%s) = 0, toInt64(-1), arrayElement(arraySort(groupArrayIf(toInt64(%s), %s)), intDiv(countIf(%s) * %d + 9, 10)))",
		is, value, is, is, tenths)
}

// Nothing is below all times to convert.
func (ClickHouse) Nothing() string { return "toInt64(-1)" }

func (ClickHouse) Sum(value string) string { return fmt.Sprintf("toInt64(sum(%s))", value) }

func (ClickHouse) Whole(number string) string { return fmt.Sprintf("toInt64(%s)", number) }

// Constant is made a column of the others' type, as Addend is: ClickHouse 18.16
// loses its way where constants of several servers meet.
func (ClickHouse) Constant(value string) string {
	if value == noNumber {
		value = "toUInt32(0)"
	}
	return "materialize(" + value + ")"
}

func (ClickHouse) Addend(value string) string { return "toInt64(" + value + ")" }

func (ClickHouse) Tuples(rows []string) string { return strings.Join(rows, ", ") }

// Rows has the versions of conversions compared before anything that changes
// from one to the next is looked at.
func (c ClickHouse) Rows(table string, fixed ...string) (from string, where []string) {
	if visible := c.Visible[table]; visible != "" {
		where = []string{visible}
	}
	switch table {
	case "clicks", "postbacks":
		return table + " FINAL", where
	case "conversions":
		return fmt.Sprintf("(SELECT * FROM conversions WHERE %s ORDER BY id, version DESC, rank DESC LIMIT 1 BY id)",
			strings.Join(slices.Concat(fixed, where), " AND ")), nil
	}
	return table, where
}

func (ClickHouse) KeepsGroups() bool { return false }

func (ClickHouse) TotalsOfGivenUp() bool { return true }
