// Package spool is the contract of a node's durable log of clicks and
// postbacks: append, follow, trim.
//
// A record is bytes with a kind and a moment; the spool does not look inside
// (package homing tells the formats). Records are numbered from 0 without gaps
// in the order they were taken; the number is their [Position].
//
//	Append ──► open batch ──► one block, one fsync ──► durable ──► answer
//	                                                      └──► followers
//
// The same contract serves one machine and many: every edge of a cluster has
// its own spool on its own disk, and positions mean something on that node
// only.
package spool

import (
	"context"
	"io"
	"iter"
	"strconv"

	"homing"
)

// Position is the number of a record of one spool, and, as a follower's mark,
// the number of the next record it wants. The first record has 0.
type Position uint64

func (p Position) String() string { return strconv.FormatUint(uint64(p), 10) }

// Kind tells what a record is. Kinds are stored: never renumber.
type Kind uint8

const (
	KindClick    Kind = 1 // homing.AppendClick
	KindPostback Kind = 2 // homing.AppendPostback: all that the ledger does not keep
	KindTally    Kind = 3 // homing.AppendTally
)

// MaxKind bounds kinds, so that sets of them fit a byte.
const MaxKind Kind = 7

// KindSet is a set of kinds.
type KindSet uint8

// SetOf makes a set of kinds.
func SetOf(kinds ...Kind) (s KindSet) {
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

// AllKinds holds every kind.
const AllKinds KindSet = 0xff

// Has tells whether k is in the set.
func (s KindSet) Has(k Kind) bool { return s&(1<<k) != 0 }

// MaxRecord is the largest record, in bytes: a click with an 8 KiB query and
// full headers fits.
const MaxRecord = 64 << 10

// Record is one record as it is read back.
type Record struct {
	Position Position
	Kind     Kind
	At       homing.Millis // as given to Append
	Data     []byte        // only good until the next one is asked for
}

// Damage is a stretch of the spool that cannot be read any more. A torn tail (a
// last write that was never acknowledged) is not damage and is not reported.
type Damage struct {
	File        string
	Offset      int64    // where in the file it begins
	Bytes       int64    // how much of the file is unreadable
	First, Next Position // records First up to but not including Next are lost
	Cause       string   // in words: "body checksum", "header checksum", "cut short", …
}

// Spool is a durable, append-only log. All methods are safe for concurrent use.
//
// What has been promised: when Append returns nil, the record is on stable
// storage (written and fsynced, its file's directory entry too) and survives
// kill -9 and power cut on a disk that survives. Acknowledged records are never
// renumbered, never lost silently, never returned changed.
//
// After an error of Append nothing is promised: the record may be found after a
// restart or not.
//
// A full disk is not fatal: Append returns homing.ErrUnavailable until there is
// room, and resumes by itself. A failed fsync is fatal: the spool is dead from
// then on, every call returns homing.ErrUnavailable, and Options.Fatal (of the
// implementation) is called once, because after it nothing that is read back
// can be trusted; the next Open begins a new generation.
type Spool interface {
	// Append adds a record and returns its position once it is durable. It
	// copies data before it returns. It waits at most a few seconds: a disk
	// that hangs gives homing.ErrUnavailable; a full queue gives
	// homing.ErrOverloaded at once. It allocates nothing in the steady state.
	Append(kind Kind, at homing.Millis, data []byte) (Position, error)

	// Behind adds a record that nobody waits for. It becomes durable with one
	// of the next commits; a crash before that may lose it. A full queue gives
	// homing.ErrOverloaded.
	Behind(kind Kind, at homing.Millis, data []byte) error

	// Durable is the mark behind the last durable record.
	Durable() Position
	// Oldest is the position of the first record still kept.
	Oldest() Position

	// Follow reads durable records in order from a position on, which must not
	// lie below Oldest (homing.ErrNotFound says so). The follower is for one
	// goroutine.
	Follow(from Position) (Follower, error)

	// Scan returns the durable records there are now that fit the query, in
	// order. It skips whole blocks that cannot match. An error ends it. It
	// passes over damage, which Damage tells.
	Scan(ctx context.Context, q Query) iter.Seq2[Record, error]

	// Trim gives up whole files all of whose records lie below the position.
	// What is kept may begin below it.
	Trim(below Position) error

	// Hold keeps every file there is now until the hold is released, whatever is
	// trimmed meanwhile: for a backup. It takes no time.
	Hold() (Hold, error)

	// Damage lists what is known to be unreadable, from opening and reading.
	Damage() []Damage

	// Trouble tells why nothing can be appended now, as far as is known: the disk
	// is full, hangs or has failed. nil = it can. It ends by itself when the disk
	// is well again, also if nobody appends.
	Trouble() error

	// Verify reads everything and checks every checksum; what it finds is
	// added to Damage. Progress is told in bytes.
	Verify(ctx context.Context, progress func(done, total int64)) error

	// Close makes durable what was appended, waits for appends under way and
	// releases the files. It must be called once.
	Close() error
}

// Query narrows a Scan. The zero Query is everything.
type Query struct {
	From  Position
	Since homing.Millis // At >= Since; 0 = no bound
	Until homing.Millis // At < Until; 0 = no bound
	Kinds KindSet       // 0 = all
}

// Follower reads a spool in order.
type Follower interface {
	// Next returns the next run of records, at least one, waiting until there
	// is one or ctx is done. Damage is passed over: then the first record's
	// position lies beyond the follower's, and Damage tells why. The batch is
	// only good until the next call.
	Next(ctx context.Context) (Batch, error)
	// Close releases what the follower holds.
	Close() error
}

// Batch is a run of records in order. Its mark behind the last one is Next: a
// follower that has made what it derived durable, together with Next, may be
// started there again.
type Batch struct {
	Records []Record
	Next    Position
}

// Put takes one file of a copy: its name, without directories, its length, and
// its bytes, which it reads to the end.
type Put func(name string, size int64, from io.Reader) error

// Hold is the spool's files, kept in place for a copy.
type Hold interface {
	// Bytes is how much a copy made now has.
	Bytes() (int64, error)
	// Copy puts a whole spool together, in order: every record from First that
	// was durable when Copy was called, up to but not including the position it
	// returns. Opened, the copy is a spool that ended cleanly, and goes on there.
	// Stretches that are damaged are copied as they stand. Appends are not held
	// up by it; put may take as long as it likes.
	Copy(ctx context.Context, put Put) (Position, error)
	// First is the position of the first record that is held.
	First() Position
	// Release lets go. What was trimmed in the meantime goes now. It may be called
	// again.
	Release()
}
