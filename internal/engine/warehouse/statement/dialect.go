package statement

// Dialect is how a database writes what SQL has no common words for.
type Dialect interface {
	// Quotient is a whole number divided by another, not negative ones, cut.
	Quotient(a string, b int64) string
	// Month is year*12 + month-1 of a date in days since 1970-01-01.
	Month(day string) string
	// Contains and Begins compare a column with a text, byte by byte but for the
	// letters A to Z, which are a to z: in part already. arg makes an argument of
	// a text and is its question mark.
	Contains(column, part string, arg func(string) string) string
	Begins(column, part string, arg func(string) string) string
	// Quantile is the smallest value that at least so many tenths of all values
	// do not exceed; NULL if there are none.
	Quantile(value string, tenths int) string
	// Nothing is a value that Quantile leaves out.
	Nothing() string
	// Sum is the sum of all values, 0 if there are none; Whole is a whole number.
	// Both are 64 bits wide.
	Sum(value string) string
	Whole(number string) string
	// Constant is the key of a dimension that a table does not have, 0 or the empty
	// text, and Addend what a row adds to a measure: of the same type in all parts
	// of a statement, where the database minds.
	Constant(value string) string
	Addend(value string) string
	// Tuples is what stands between the parentheses of IN () for rows of keys,
	// each in parentheses of its own.
	Tuples(rows []string) string
	// Rows is what stands behind FROM for the rows of a table, and conditions that
	// its rows must meet besides. Those that are handed in hold for all versions of
	// a row alike, or for none, so that rows can be left out by them before the
	// versions are compared; the caller names them again.
	Rows(table string, fixed ...string) (from string, where []string)
	// KeepsGroups tells whether what a statement has grouped can be looked at twice.
	KeepsGroups() bool
	// TotalsOfGivenUp tells that totals hold what was given up, and nothing else;
	// otherwise they hold all there ever was.
	TotalsOfGivenUp() bool
}
