package child

import (
	"strings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// DuckDB tells the kind of an error as the first words of its message; error
// numbers are not there for every call. What the file system said decides
// before them: a full disk can surface as any kind, a fatal one included.
var faultWords = []struct {
	words string // in the message
	kind  wire.FaultKind
}{
	{"No space left on device", wire.Unavailable},
	{"Disk quota exceeded", wire.Unavailable},
	{"Could not set lock on file", wire.Unavailable},
	{"Too many open files", wire.Unavailable},
	{"is not a valid DuckDB database file", wire.Damaged},
	{"Corrupt database file", wire.Damaged},
	{"Could not read enough bytes", wire.Damaged}, // it was cut
	{"checksum", wire.Damaged},
	{"Failure while replaying WAL", wire.Damaged},
	{"corrupt", wire.Damaged},
}

var faultPrefixes = []struct {
	prefix string
	kind   wire.FaultKind
}{
	{"Out of Memory Error", wire.Overloaded},
	{"INTERRUPT Error", wire.Cancelled},
	{"IO Error", wire.Unavailable},
	{"Parser Error", wire.Invalid},
	{"Binder Error", wire.Invalid},
	{"Catalog Error", wire.Invalid},
	{"Conversion Error", wire.Invalid},
	{"Constraint Error", wire.Invalid},
	{"Invalid Input Error", wire.Invalid},
	{"Invalid Error", wire.Invalid},
	{"Out of Range Error", wire.Invalid},
	{"Mismatch Type Error", wire.Invalid},
	{"Not implemented Error", wire.Invalid},
	{"Permission Error", wire.Invalid},
	{"Missing Extension Error", wire.Invalid},
	{"Parameter Not Resolved Error", wire.Invalid},
	{"Parameter Not Allowed Error", wire.Invalid},
	{"Syntax Error", wire.Invalid},
	{"Serialization Error", wire.Damaged},
	{"TransactionContext Error", wire.Conflict},
}

// faultOf puts DuckDB's words under a kind.
func faultOf(message string) *wire.Fault {
	message = strings.TrimSpace(message)
	for _, w := range faultWords {
		if strings.Contains(message, w.words) {
			return &wire.Fault{Kind: w.kind, Text: message}
		}
	}
	for _, p := range faultPrefixes {
		if strings.HasPrefix(message, p.prefix) {
			return &wire.Fault{Kind: p.kind, Text: message}
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
