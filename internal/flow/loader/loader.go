// Package loader brings what spool and ledger hold into the warehouse, exactly
// once, in rounds of a second.
//
//	ledger ──► 1. changes up to L, erasures ─────────────────┐
//	spool  ──► 2. records up to its durable end ──► enrich ──┤
//	                                                         ▼
//	              3. clicks, refused and repeated postbacks ──► Load("spool", first..next)
//	              4. conversions and receipts of 1 ──────────► Load("ledger", first..next)
//	              5. erasures of 1 ──────────────────────────► Erase
//
// A click is durable before anybody knows its id. So every conversion that 1
// finds has its click before the end that 2 notes, and is loaded after it.
//
// Exactly once: the warehouse stores rows and mark in one transaction, and the
// loader believes the mark, never its own memory: after every error it asks for
// it again. What the loader itself must remember (the salts of visitors, which
// sealed days to pass over) lies with the mark.
//
// Nothing stops the loader for good. A warehouse that is away is waited for; one
// that is damaged is made anew, at most once an hour; a record that cannot be
// read, or that the warehouse will not have, is passed over, counted and told
// in Notices.
//
// A second job runs beside it, see days.go: days that are over are sealed,
// what is older than it is to be kept is given up, and the spool is trimmed of
// what is sealed; all of it only on the word of a clock that is steady, see
// steady.go.
//
// In a cluster several loaders feed one warehouse, see shared.go.
package loader

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/geo"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
	"homing/internal/rule/mask"
)

// LedgerSource is the name of the ledger among the warehouse's sources.
const LedgerSource = "ledger"

// Options are what a loader is made of.
type Options struct {
	Spool     spool.Spool  // nil = there is none: the ledger's changes only
	Books     ledger.Books // nil = there is none: the spool only
	Warehouse warehouse.Warehouse
	Geo       geo.Finder // nil knows no place
	// View gives the settings as they are now; Refresh, if given, reads them from
	// the ledger again, which is asked for when a campaign is unknown.
	View    func() *catalog.View
	Refresh func(context.Context) error
	// Masker takes out keys that became known after they were recorded. nil =
	// nothing is masked.
	Masker *mask.Masker
	// Keyring works out click ids of conversions whose receipt was erased. nil
	// leaves them out.
	Keyring func() *homing.Keyring
	Clock   homing.Clock
	Log     *slog.Logger // nil = nobody
	// Lost is told what spool or ledger ("spool", "ledger") no longer have of what was
	// acknowledged, before the warehouse, which knows of it, is made anew; nil =
	// nobody.
	Lost func(ctx context.Context, part, text string)
	// Source names the spool among the warehouse's sources; "spool" by default.
	// It must stay the same for as long as the spool does.
	Source string

	// Shared: other nodes load into the same warehouse, which keeps by itself what
	// lies below a mark. See shared.go for what is different then.
	Shared bool
	// Changes tells whether this loader brings the ledger's changes now, and
	// Housekeeping whether it sees to days for all nodes; nil = always. They are asked
	// before each step, and may be wrong for some seconds.
	Changes, Housekeeping func() bool
	// Salts are those of all nodes; nil = the loader makes its own.
	Salts Salts

	// Every is how often a round begins; a second by default.
	Every time.Duration
	// MaxRows is how many clicks a batch has at most; by default 245,760, two
	// groups of 122,880 rows, which the warehouse takes in at the same time. Twice
	// as many are in memory while the loader is behind, about a kilobyte each.
	MaxRows int

	// KeepClicks and KeepPostbacks are how long their rows are kept; 0 = for
	// ever. Quarter-hour totals stay. Less than three days counts as three.
	KeepClicks, KeepPostbacks time.Duration
	// NoArchive leaves days unsealed, which halves the disk that is taken; the
	// spool is trimmed of what has been loaded. What it costs: if the warehouse's
	// file is lost, so are all clicks and refused postbacks older than two days.
	// Conversions are not: they are in the ledger.
	NoArchive bool
}

// Loader loads. All methods are safe for concurrent use.
type Loader struct {
	options   Options
	spool     spool.Spool
	books     ledger.Books
	warehouse warehouse.Warehouse
	clock     homing.Clock
	log       *slog.Logger

	// turn is held by whoever changes what is loaded: a round, or a Rebuild. It
	// holds one token.
	turn chan struct{}
	// Of who has the turn:
	resumed   bool // marks have been read
	reader    *reader
	ledgerAt  ledgerPlace
	lastReset time.Time
	// failedResets counts those in a row that failed.
	failedResets int
	brought      bool // the last round brought changes
	missed       missed
	lostTold     map[string]bool
	// toReader is what the reader takes over when the marks are read again; it
	// may be reading ahead until then.
	toReader struct {
		atMost   int // 0 = as it is
		poison   uint64
		poisoned bool
	}
	// poisons counts rows that were passed over in poisonHour.
	poisonHour int64
	poisons    int
	// keeping is held while days are seen to, and while the warehouse begins anew.
	keeping sync.Mutex
	trimmed trimPlace // guarded by keeping
	steady  steady

	nudge chan struct{} // holds a token when a round should not be waited for

	mu sync.Mutex
	// Of mu, from here on:
	waiting     int                // callers of pause who wait for the turn, or have it
	cancelRound context.CancelFunc // of the round under way
	state       lagState
	book        noticeBook
	began       uint64        // rounds
	complete    uint64        // the number of the newest complete round
	news        chan struct{} // closed and replaced when a round has ended
}

// Open makes a loader; Run makes it work.
func Open(o Options) *Loader {
	o.setDefaults()
	l := &Loader{
		options: o, lostTold: map[string]bool{}, spool: o.Spool, books: o.Books, warehouse: o.Warehouse, clock: o.Clock, log: o.Log,
		turn: make(chan struct{}, 1), nudge: make(chan struct{}, 1), news: make(chan struct{}),
	}
	l.steady.open(l.now())
	l.reader = newReader(l)
	return l
}

func (o *Options) setDefaults() {
	if o.Spool == nil {
		o.Spool = noSpool{}
	}
	if o.Books == nil {
		o.Books, o.Changes = noBooks{}, never
	}
	if o.Geo == nil {
		o.Geo = geo.Nowhere{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Source == "" {
		o.Source = "spool"
	}
	if o.Every <= 0 {
		o.Every = time.Second
	}
	if o.MaxRows <= 0 {
		o.MaxRows = 245_760
	}
}

// Run loads until ctx is done, and waits for all it started.
func (l *Loader) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { l.keepDays(ctx) })
	both.Go(func() { l.rounds(ctx) })
	both.Wait()
	l.reader.close()
}

func (l *Loader) now() homing.Millis { return homing.MillisOf(l.clock()) }

// sleep waits, or returns false when ctx is done.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
