package child

import (
	"testing"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

func TestFaultsAreOfAKind(t *testing.T) {
	for text, want := range map[string]wire.FaultKind{
		"Parser Error: syntax error at or near \"x\"":                                                                  wire.Invalid,
		"Out of Memory Error: could not allocate block of size 256.0 KiB":                                              wire.Overloaded,
		"INTERRUPT Error: Interrupted!":                                                                                wire.Cancelled,
		"IO Error: Could not write file \"w.wal\": No space left on device":                                            wire.Unavailable,
		"FATAL Error: Failed to commit: Could not write file \"w\": No space left on device":                           wire.Unavailable,
		"IO Error: Could not set lock on file \"w\": Conflicting lock is held in /usr/bin/homing (PID 7)":              wire.Unavailable,
		"IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block at location 3": wire.Damaged,
		"IO Error: The file \"w\" exists, but it is not a valid DuckDB database file!":                                 wire.Damaged,
		"IO Error: Could not read enough bytes from file \"w\": attempted to read 43414 bytes from location 3638890":   wire.Damaged,
		"FATAL Error: Failed: database has been invalidated because of a previous fatal error. Original error: \"Could not read enough bytes from file \"w\": attempted to read 262144 bytes from location 12288\"": wire.Damaged,
		"Serialization Error: not enough data in file to deserialize result":                                                         wire.Damaged,
		"Serialization Error: Failed to deserialize: field id mismatch, expected: 100, got: 7":                                       wire.Damaged,
		"IO Error: The file is not a valid DuckDB database file!":                                                                    wire.Damaged,
		"IO Error: Failure while replaying checkpoint WAL file \"w.wal\": checkpoint WAL version is different from main WAL version": wire.Damaged,
		"IO Error: WAL does not match database file.":                                                                                wire.Damaged,
		"IO Error: Corrupt WAL file: entry size exceeded remaining data in file at byte position 9":                                  wire.Damaged,
		"IO Error: Row group column count is unaligned with table column count. Corrupt file?":                                       wire.Damaged,
		"Internal Error: Corrupted RLE segment: rle_count_offset exceeds the block size":                                             wire.Damaged,
		"IO Error: Could not read from file \"w\": Input/output error":                                                               wire.Unavailable,
		"TransactionContext Error: Conflict on tuple deletion!":                                                                      wire.Conflict,
		"INTERNAL Error: Attempted to access index 3 within vector of size 3":                                                        wire.Internal,
		"Conversion Error: Could not convert string 'corrupt checksum' to INT64":                                                     wire.Invalid,
		"something new": wire.Internal,
	} {
		if got := faultOf(text); got.Kind != want {
			t.Errorf("%s: kind %d, want %d", text, got.Kind, want)
		}
	}
}
