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
	// Tuples is what stands between the parentheses of IN () for rows of keys,
	// each in parentheses of its own.
	Tuples(rows []string) string
}
