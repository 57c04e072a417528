package warehouse

import "homing"

// Batch is what one Load brings: all that a source has between First and Next.
// Empty lists are fine: the mark moves.
type Batch struct {
	Source string // "spool/3", "ledger"
	First  uint64 // the source's mark before it
	Next   uint64 // and after it
	// State is the loader's own, read back with the mark.
	State []byte

	Clicks    []Click
	Postbacks []Postback
	// Conversions are versions: of those of one number the highest Version
	// stands, whatever the order they come in.
	Conversions []Conversion
}

// Facets are what is known of a click's visitor and placement, by Facet; empty
// where nothing is known. At most MaxFacet bytes each, valid UTF-8.
type Facets [FacetCount]string

// MaxFacet is the longest facet, in bytes.
const MaxFacet = homing.MaxParamLen

// Click is one visitor redirected.
type Click struct {
	homing.Origin
	Account homing.AccountID
	Class   homing.ClickClass
	// Visitor is a keyed hash that tells one visitor of a campaign on a day
	// (UTC) from another; 0 = unknown. It is not kept longer than it is needed
	// for Unique and is 0 when read.
	Visitor uint64
	// Unique: a billable click that is the first of its visitor for its
	// campaign on its day. Worked out by Load.
	Unique bool
	Cost   homing.Money
	Addr   string // cut by policy
	Facets Facets
	// More holds what else the ad server told, by parameter; nil if nothing.
	More []Param
}

// Param is a click parameter that is no facet.
type Param struct {
	Param homing.Param
	Text  string
}

// Conversion is a version of a conversion, as it stands after the ledger's
// change Version.
type Conversion struct {
	homing.Conversion
	Version int64
	// Known: its click was found, and Facets are the click's. Worked out by
	// Load.
	Known  bool
	Facets Facets
}

// Postback is one line of the postback log: a call, or a number of refused ones
// that were only counted.
type Postback struct {
	homing.Postback
	// Number tells postbacks of one moment apart, and stays the same when a
	// postback is loaded again: with Postback.At it is the order of lists.
	Number int64
	Count  int64 // 1 for a postback recorded whole
	Known  bool  // as in Conversion
	Facets Facets
}
