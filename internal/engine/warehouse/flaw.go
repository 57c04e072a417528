package warehouse

// Flaw is something that Verify found wrong.
type Flaw struct {
	Kind  FlawKind
	Table Table // of SealDamaged only if Day is of one table's file
	Day   Day   // 0 = of no day
	File  string
	What  string // in words, a part of a sentence
}

// FlawKind tells what is wrong, and so what helps.
type FlawKind uint8

const (
	// SealDamaged: a file of a sealed day, or what vouches for it, is not what was
	// sealed. As long as the day's rows are here, sealing it again helps.
	SealDamaged FlawKind = iota + 1
	// RowsDamaged: rows cannot be read.
	RowsDamaged
	// RowsDiffer: the rows of a day are not those of its seal.
	RowsDiffer
	// RowsTwice: something is stored twice.
	RowsTwice
	// TotalsDiffer: the quarter-hour totals of a day are not the sums of its rows.
	TotalsDiffer
	// FacetsDiffer: conversions have other facets than their clicks, on a day of
	// clicks.
	FacetsDiffer
)

var flawKinds = [...]string{SealDamaged: "seal damaged", RowsDamaged: "rows damaged", RowsDiffer: "rows differ",
	RowsTwice: "rows twice", TotalsDiffer: "totals differ", FacetsDiffer: "facets differ"}

func (k FlawKind) String() string { return flawKinds[k] }
