package child

import (
	"strings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// words tell a kind by what is in a message, or begins it.
type words []struct {
	words string
	kind  wire.FaultKind
}

// DuckDB tells the kind of an error as the first words of its message; error
// numbers are not there for every call. What the file system said decides before
// them, whatever its case: a full disk, and a damaged file, can surface as any
// kind, a fatal one included. But an error of the statement may quote what
// somebody wrote, and no visitor is to write "corrupt" and have the file taken for
// damaged.
var (
	fileSystem = words{
		{"no space left on device", wire.Unavailable},
		{"disk quota exceeded", wire.Unavailable},
		{"could not set lock on file", wire.Unavailable},
		{"too many open files", wire.Unavailable},
	}
	ofStatement = words{
		{"Parser Error", wire.Invalid},
		{"Binder Error", wire.Invalid},
		{"Catalog Error", wire.Invalid},
		{"Conversion Error", wire.Invalid},
		{"Constraint Error", wire.Invalid},
		{"Out of Range Error", wire.Invalid},
		{"Mismatch Type Error", wire.Invalid},
		{"Permission Error", wire.Invalid},
		{"Missing Extension Error", wire.Invalid},
		{"Parameter Not Resolved Error", wire.Invalid},
		{"Parameter Not Allowed Error", wire.Invalid},
		{"Syntax Error", wire.Invalid},
		{"Out of Memory Error", wire.Overloaded},
		{"INTERRUPT Error", wire.Cancelled},
		{"TransactionContext Error", wire.Conflict},
	}
	damage = words{
		{"is not a valid duckdb database file", wire.Damaged},
		{"could not read enough bytes", wire.Damaged}, // it was cut
		{"not enough data in file", wire.Damaged},     // likewise
		{"checksum", wire.Damaged},
		{"failure while replaying", wire.Damaged}, // its log
		{"wal does not match database file", wire.Damaged},
		{"the wal checkpoint iteration does not match", wire.Damaged},
		{"corrupt", wire.Damaged},
	}
	others = words{
		{"IO Error", wire.Unavailable},
		{"Invalid Input Error", wire.Invalid},
		{"Invalid Error", wire.Invalid},
		{"Not implemented Error", wire.Invalid},
		{"Serialization Error", wire.Damaged},
	}
)

// faultOf puts DuckDB's words under a kind.
func faultOf(message string) *wire.Fault {
	message = strings.TrimSpace(message)
	lower := strings.ToLower(message)
	for _, try := range []struct {
		words
		text string
		fits func(text, words string) bool
	}{
		{fileSystem, lower, strings.Contains}, {ofStatement, message, strings.HasPrefix},
		{damage, lower, strings.Contains}, {others, message, strings.HasPrefix},
	} {
		for _, w := range try.words {
			if try.fits(try.text, w.words) {
				return &wire.Fault{Kind: w.kind, Text: message}
			}
		}
	}
	return &wire.Fault{Kind: wire.Internal, Text: message}
}

// fatal tells that the database cannot be used after this fault: DuckDB refuses
// everything until it is opened anew.
func fatal(f *wire.Fault) bool {
	return strings.Contains(f.Text, "database has been invalidated") ||
		strings.HasPrefix(f.Text, "FATAL Error") || strings.HasPrefix(f.Text, "INTERNAL Error")
}
