// Package journal is the postback log: every postback leaves a trace with its
// verdict and reason, whatever its fate.
//
//	counted, late  the ledger keeps the receipt, in the conversion's transaction
//	duplicate      the spool keeps it, before the answer
//	refused        the spool keeps it, behind the answer: up to a thousand a
//	               second whole, beyond that counted by address, account, reason
//	ignored        counted only: its account was erased
//
// So each postback is stored once, and reading merges the two stores by time.
// The newest are held in memory besides, for the panel and for whoever watches; in a
// cluster those of other nodes, too, see FollowOthers.
package journal

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
)

// DefaultWhole is how many refused postbacks a second are recorded whole.
const DefaultWhole = 1000

// Options are what a journal is made of.
type Options struct {
	Spool spool.Spool
	Books ledger.Books
	Clock homing.Clock
	// Whole is how many refused postbacks a second are recorded whole.
	Whole int
	// Mask takes the keys out of a postback's texts that are known by now; those
	// that were known when it came are out already. It is applied to all that is
	// read, also from memory. nil = nothing is done.
	Mask func(*homing.Postback)
}

// Journal writes and reads the postback log. It is safe for concurrent use.
type Journal struct {
	spool spool.Spool
	books ledger.Books
	clock homing.Clock
	whole int
	mask  func(*homing.Postback)

	mu      sync.Mutex
	second  int64               // guarded by mu: the second that is being counted
	spent   int                 // guarded by mu: refused ones recorded whole in it
	tallies map[tallyKey]uint64 // guarded by mu
	shed    atomic.Uint64       // see Shed

	recent  recent
	buffers sync.Pool // of *[]byte
}

// tallyKey is what refused postbacks are counted by.
type tallyKey struct {
	addr    netip.Addr
	account homing.AccountID
	outcome homing.Outcome
	reason  homing.Reason
}

// maxTallies bounds the counters; beyond it addresses are forgotten.
const maxTallies = 10_000

// Entry is one line of the log: a postback, or a number of them that were only
// counted (then most fields are empty).
type Entry struct {
	homing.Postback
	// Count is 1 for a postback recorded whole.
	Count uint64
}

// Open makes a journal. Fill and Keep are to be run beside it.
func Open(o Options) *Journal {
	j := &Journal{
		spool: o.Spool, books: o.Books, clock: o.Clock, whole: o.Whole, mask: o.Mask,
		tallies: map[tallyKey]uint64{},
	}
	if j.mask == nil {
		j.mask = func(*homing.Postback) {}
	}
	j.recent.watchers = map[*Watcher]bool{}
	j.buffers.New = func() any { b := make([]byte, 0, 1024); return &b }
	return j
}

// Counted shows a postback whose receipt the ledger has.
func (j *Journal) Counted(p *homing.Postback) { j.recent.add(Entry{Postback: *p, Count: 1}) }

// Duplicate records a postback that repeats a conversion. It returns when the
// record is durable, or with an error of the spool.
func (j *Journal) Duplicate(p *homing.Postback) error {
	buf := j.buffers.Get().(*[]byte)
	defer j.buffers.Put(buf)
	*buf = homing.AppendPostback((*buf)[:0], p)
	if _, err := j.spool.Append(spool.KindPostback, p.At, *buf); err != nil {
		return err
	}
	j.recent.add(Entry{Postback: *p, Count: 1})
	return nil
}

// Refused records a refused postback behind the answer, or only counts it.
func (j *Journal) Refused(p *homing.Postback) {
	if !j.spend() {
		j.shed.Add(1)
		j.tally(tallyKey{p.Addr, p.Account, p.Verdict.Outcome, p.Verdict.Reason}, 1)
		return
	}
	buf := j.buffers.Get().(*[]byte)
	defer j.buffers.Put(buf)
	*buf = homing.AppendPostback((*buf)[:0], p)
	if err := j.spool.Behind(spool.KindPostback, p.At, *buf); err != nil {
		// The spool has no room; counting it is what is left.
		j.shed.Add(1)
		j.tally(tallyKey{p.Addr, p.Account, p.Verdict.Outcome, p.Verdict.Reason}, 1)
	}
	j.recent.add(Entry{Postback: *p, Count: 1})
}

// Shed is how many refused postbacks were only counted since the start, because
// too many came at once or the spool had no room.
func (j *Journal) Shed() uint64 { return j.shed.Load() }

// Ignored counts a postback for an erased account. Nothing else is kept of it.
func (j *Journal) Ignored(account homing.AccountID, reason homing.Reason) {
	j.tally(tallyKey{account: account, outcome: homing.Ignored, reason: reason}, 1)
}

// spend takes one of this second's whole records, if any is left.
func (j *Journal) spend() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if now := j.clock().Unix(); now != j.second {
		j.second, j.spent = now, 0
	}
	j.spent++
	return j.spent <= j.whole
}

func (j *Journal) tally(k tallyKey, n uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.tallies[k]; !ok && len(j.tallies) >= maxTallies {
		k.addr = netip.Addr{}
	}
	j.tallies[k] += n
}

// Keep writes tallies to the spool once a second, and a last time when ctx is
// done; the spool must outlive it.
func (j *Journal) Keep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			j.flush()
			return
		case <-tick.C:
			j.flush()
		}
	}
}

func (j *Journal) flush() {
	j.mu.Lock()
	tallies := j.tallies
	j.tallies = map[tallyKey]uint64{}
	j.mu.Unlock()
	now := homing.MillisOf(j.clock())
	var buf []byte
	for k, n := range tallies {
		t := homing.Tally{At: now, Addr: k.addr, Account: k.account, Outcome: k.outcome, Reason: k.reason, Count: n}
		buf = homing.AppendTally(buf[:0], &t)
		if err := j.spool.Behind(spool.KindTally, now, buf); err != nil {
			j.tally(k, n) // again in a second
			continue
		}
		j.recent.add(entryOf(t))
	}
}

func entryOf(t homing.Tally) Entry {
	p := homing.Postback{At: t.At, Addr: t.Addr, Account: t.Account}
	p.Verdict = homing.Verdict{Outcome: t.Outcome, Reason: t.Reason}
	return Entry{Postback: p, Count: t.Count}
}
