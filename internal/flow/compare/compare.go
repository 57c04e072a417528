// Package compare lays what somebody's own tracker says beside what homing has:
// a list of click ids line by line, or the figures of one day.
//
//	file or text ──► Read ──► List ──► Comparer.Compare ──► Result: a finding for every
//	                                                        line, and what the list lacks
//	a day's figures ──► Comparer.Day ──► Day: both zones, both bases, which fits best
//
// Nothing of a list is stored. The ledger says what became of each click; what
// was refused, or repeated, the postback log of the time in question says, read
// once for all lines. What a report.Scope does not cover is answered as if it did
// not exist: an id of another account is as foreign as one that was made up. Who
// may not see amounts is told of none, and none is compared: an answer "the same"
// would tell it.
package compare

import (
	"context"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/report"
	"homing/internal/rule/mask"
)

// Comparer compares. It is safe for concurrent use.
type Comparer struct {
	Books   ledger.Books
	Journal *journal.Journal
	// Warehouse has the postback log by time, and conversions by time; nil if
	// there is none, then the log is read from the spool.
	Warehouse warehouse.Source
	Reports   *report.Engine // for days
	View      func() *catalog.View
	Keyring   func() *homing.Keyring
	// Masker takes keys out of what is told; nil = nothing is done.
	Masker *mask.Masker
	Clock  homing.Clock
}

// Question is what a list is compared with.
type Question struct {
	List *List
	// From and Until bound the conversions that are looked through for what the
	// list lacks, by their arrival. Both 0: the whole days, in Zone, of what the
	// list names.
	From, Until homing.Millis
	Zone        *time.Location // nil is UTC
}

// Result is what a comparison found.
type Result struct {
	// Rows are the list's lines, in its order.
	Rows []Row
	// Lacking are conversions in totals, within the range, that no line names.
	Lacking []Row
	// Groups count the rows by finding, in the order of the findings; those
	// without rows are left out. What is lacking is the last one.
	Groups []Group
	// Listed is what the list says altogether, Ours what is in our totals within
	// the range.
	Listed, Ours Tally
	// From and Until are the range that was looked through; both 0 if none was.
	From, Until homing.Millis
	// Zone is the question's.
	Zone *time.Location
	// Accounts are those whose conversions were looked at: the scope's, else those
	// of the list's own ids.
	Accounts []homing.AccountID
	// OfList tells that the range was taken from the list.
	OfList bool
	// Incomplete says what could not be looked through, in words.
	Incomplete []string
}

// Tally is how many there are and what they are worth.
type Tally struct {
	Count int
	Value Sum
}

// Group are the rows of one finding.
type Group struct {
	Finding Finding
	Count   int
	// Theirs and Ours are the values as the list and as we have them.
	Theirs, Ours Sum
}

// Compare finds out about every line of a list.
func (c *Comparer) Compare(ctx context.Context, scope report.Scope, q Question) (*Result, error) {
	s := &sifting{Comparer: c, scope: scope, zone: q.Zone, now: homing.MillisOf(c.Clock())}
	if s.zone == nil {
		s.zone = time.UTC
	}
	s.result.Zone = s.zone
	s.open(q.List)
	s.result.Accounts = s.accounts
	if err := s.findConversions(ctx); err != nil {
		return nil, fmt.Errorf("couldn't look the conversions up: %w", err)
	}
	s.matchAll()
	if err := s.explainRest(ctx); err != nil {
		return nil, fmt.Errorf("couldn't read the postback log: %w", err)
	}
	if err := s.findLacking(ctx, q.From, q.Until); err != nil {
		return nil, fmt.Errorf("couldn't look for what the list lacks: %w", err)
	}
	s.sum()
	return &s.result, nil
}
