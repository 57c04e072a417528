// Package warehouse is the contract of the columnar store that answers reports
// and lists.
//
//	loader ──► Load(batch, source, first..next) ──► rows and mark in one transaction
//	report ──► Ask(query) ──► groups with measures, and their total
//	lists  ──► Clicks, Postbacks, Conversions ──► rows
//
// Everything in it is derived from the spool and the ledger, and can be made
// again: from sealed days, then the spool, then the ledger. It may be away for
// as long as it likes; redirects and postbacks never ask it.
//
// What every implementation keeps to:
//
//   - Load is exactly once: a batch is in whole or not at all, and the source's
//     mark with it. A batch that was loaded before changes nothing.
//   - Errors are of a kind in package homing. homing.ErrUnavailable: the
//     warehouse is away or full, ask again later. homing.ErrInvalid: the
//     question is wrong. homing.ErrOverloaded: it would take more memory, or
//     time, than it is given. homing.ErrDamaged: what is stored cannot be read.
//   - Every method honours ctx and is safe for concurrent use; loads are carried
//     out one after another.
//   - Money is whole micro-units, summed exactly. Times are milliseconds.
//   - Test traffic (homing.Origin.Test) is in lists, marked, and in no answer.
package warehouse

import (
	"context"
	"iter"

	"homing"
)

// Warehouse is the whole contract. Flows and doors ask for the part they need.
type Warehouse interface {
	Sink
	Source
	Keeper

	// Close finishes what is under way and releases everything.
	Close() error
}

// Sink takes rows in.
type Sink interface {
	// Load stores the batch and the source's mark in one transaction. A batch
	// whose Next is not above the source's mark changes nothing and is no error;
	// one whose First lies above the mark is homing.ErrConflict: something is
	// missing between.
	//
	// What the warehouse works out itself: Click.Unique from Click.Visitor; the
	// facets of conversions and postbacks, and Known, from their click, whether
	// it is in this batch or was loaded before.
	//
	// When Load returns, the batch and its lists are the caller's again, who
	// writes the next rows into them; texts and More never change.
	Load(ctx context.Context, b *Batch) error
	// Mark tells how far a source has been loaded; the zero Mark if never.
	Mark(ctx context.Context, source string) (Mark, error)
}

// Mark is how far a source has been loaded.
type Mark struct {
	Next uint64 // the first position that is wanted next
	// State is what the loader gave with the last batch of this source.
	State []byte
}

// Source is read by reports, lists and traces.
type Source interface {
	// Ask answers a query from one moment's rows.
	Ask(ctx context.Context, q *Query) (*Answer, error)
	// Stream gives the rows of a query, in its order, without holding them all:
	// for exports. It looks at Limit (0 = all), not at Total.
	Stream(ctx context.Context, q *Query) iter.Seq2[Row, error]

	// Clicks, Postbacks and Conversions list rows as the list asks for them. An
	// error ends them.
	Clicks(ctx context.Context, l *List) iter.Seq2[Click, error]
	Postbacks(ctx context.Context, l *List) iter.Seq2[Postback, error]
	Conversions(ctx context.Context, l *List) iter.Seq2[Conversion, error]
	// Click finds one click in milliseconds: homing.ErrNotFound if it is not
	// there, or not any more.
	Click(ctx context.Context, origin homing.Origin) (Click, error)
}

// Keeper looks after what is stored. Its methods may take minutes; loads and
// questions go on meanwhile.
type Keeper interface {
	// Seal makes a day's clicks and postbacks independent of the spool: after
	// it returns they survive the loss of the warehouse's own file. It may be
	// called again for a day that rows were added to since.
	Seal(ctx context.Context, day Day) error
	// Seals lists the sealed days, oldest first, with how far the sources had
	// been loaded when each was sealed. Days that got rows since are not listed.
	Seals(ctx context.Context) ([]Seal, error)
	// Drop gives up whole days of a table, before a day, and their seals.
	// Quarter-hour totals stay and go on answering what they can.
	Drop(ctx context.Context, table Table, before Day) error
	// Oldest is the first day of which the table still has rows, 0 if it has
	// none.
	Oldest(ctx context.Context, table Table) (Day, error)
	// Erase blanks what is known of a click, or of everything of an account,
	// here and in sealed days: facets but country and device, address, more,
	// lead code, the postbacks' targets and senders; of an account also value,
	// price, currency, cost, and the request ids of conversions and of the calls
	// that made them. Numbers of clicks, conversions and calls stay what they
	// are, so reports still equal the ledger. Doing it again changes nothing.
	Erase(ctx context.Context, what Erasure) error
	// Reset begins anew from the sealed days: marks are zero afterwards, and
	// the loader loads what is not sealed. If what is stored now can be read, its
	// days that are over are sealed before, unless their seals are sound, so that
	// none is lost; homing.ErrConflict names those that would be. What is stored
	// now is put aside until the new one stands. progress may be nil.
	Reset(ctx context.Context, progress Progress) error
	// Lost tells that no source can bring rows of the days in [from, before)
	// again, and that all they still have has been loaded; from may be Ever. Of
	// these days those that did not come from a seal, or from the warehouse that
	// a Reset put aside, are Gaps from now on, and told in Status, also after a
	// restart. Days from before on are whole, whatever became of their seals.
	Lost(ctx context.Context, from, before Day) error
	// Verify reads everything that is stored and tells what is wrong with it. It
	// changes nothing, and looks at one day after the other; progress may take its
	// time, and may be nil. homing.ErrDamaged: so much is wrong that nothing can be
	// looked at.
	Verify(ctx context.Context, progress Progress) ([]Flaw, error)
	// Status tells how the warehouse is doing. It never waits.
	Status() Status
}

// Progress is told how far something long has come: done of total, in words
// what. Total is 0 while it is unknown.
type Progress func(what string, done, total int64)

// Seal tells of a sealed day.
type Seal struct {
	Day   Day
	Rows  int64
	Bytes int64
	// Through holds each source's mark at the sealing: a record of that day
	// below it is in the seal.
	Through map[string]uint64
}

// Erasure is what is to be erased: one click, or all of an account.
type Erasure struct {
	Click   homing.Origin
	Account homing.AccountID // if not 0, all that is this account's
	// Lead maps the lead code of a conversion to what the ledger keeps of it, the
	// hash that IsErasedLead knows. nil: nothing.
	Lead func(string) string
}

// Status tells how the warehouse is doing.
type Status struct {
	Up bool
	// Trouble says in words what is wrong now, empty if nothing is.
	Trouble string
	// Damage says in words what of it could not be read, whoever met it; empty if
	// nothing. It is told until a Reset, which is the remedy.
	Damage string
	// Rebuilding: it is being made anew, and answers little or nothing until then.
	Rebuilding bool
	// Since is when the present trouble began, or when the warehouse came up.
	Since homing.Millis
	// Incidents are the newest troubles that are over, the newest first.
	Incidents []Incident
	Version   string // of the engine
	Bytes     int64  // on disk
	Memory    int64  // of the engine's process, in bytes; 0 if unknown
}

// Incident is a trouble that is over.
type Incident struct {
	From, Until homing.Millis
	What        string // "the warehouse process was killed (signal 9)"
}

// IsErasedLead tells the hash of an erased lead code: "~" and 32 hex digits.
func IsErasedLead(lead string) bool {
	if len(lead) != 33 || lead[0] != '~' {
		return false
	}
	for _, c := range []byte(lead[1:]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
