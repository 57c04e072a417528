// Package mint makes click ids that are never made twice.
//
// An id is (time, node, sequence, campaign). The node number is on loan from
// the ledger together with a mark, the last moment it may be used for; the mark
// is moved ahead, durably, before it is reached. So an id can only repeat if
// two loans of a node overlap in time, which the ledger forbids, whatever
// crashes and clocks do. See ledger.Lessor.
//
// Within a loan, time and sequence only go up: a full millisecond borrows the
// next one, at most 5 ms ahead of the clock. If the clock steps back by more
// than a second, another node number is taken; by less, the last time is used
// on.
//
// In a cluster the ledger is another machine, which may be away for days. Between it
// and a Minter there is a Local then, see local.go.
package mint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// DefaultAhead is how far the mark is moved beyond now. A crash leaves the node
// number unusable for so long; there are a thousand of them. Ids can be minted
// for as long when the ledger is away.
const DefaultAhead = 20 * time.Second

const (
	// maxBorrow is how far the sequence may run ahead of the clock.
	maxBorrow = 5 // ms
	// maxStepBack is how far a clock may step back within a loan.
	maxStepBack = 1_000 // ms
	// renewEvery is how often the mark is looked after.
	renewEvery = 2 * time.Second
)

// Minter mints click ids. It is safe for concurrent use.
type Minter struct {
	lessor  ledger.Lessor
	clock   homing.Clock
	keyring func() *homing.Keyring
	log     *slog.Logger
	test    bool
	ahead   homing.Millis
	// trouble is why the loan could not be prolonged last; nil if it could.
	trouble atomic.Pointer[error]

	// loan is what ids are minted under; nil while there is none. It is
	// replaced, never changed.
	loan atomic.Pointer[loan]
	// wake asks Keep to look at once: a clock that jumped leaves the loan
	// unusable.
	wake chan struct{}
}

// loan is a node number with where it stands.
type loan struct {
	lease ledger.Lease
	// at packs milliseconds and sequence of the last id: ms<<12 | seq.
	at atomic.Uint64
	// mark is the last millisecond that ids may carry.
	mark atomic.Int64
}

// Options are what a minter is made of.
type Options struct {
	Lessor  ledger.Lessor
	Clock   homing.Clock
	Keyring func() *homing.Keyring
	Log     *slog.Logger
	// Test mints ids of test traffic.
	Test bool
	// Ahead is how far the loan is taken ahead; 0 = DefaultAhead.
	Ahead time.Duration
	// Patient: that every number is taken does not keep the minter from opening;
	// it mints when one is free. There are sixteen for test traffic only, and each
	// crash takes one out of use for as long as the loan was taken ahead. An edge
	// whose Local has no number at hand waits likewise.
	Patient bool
}

// Open takes a node number.
func Open(ctx context.Context, o Options) (*Minter, error) {
	m := &Minter{lessor: o.Lessor, clock: o.Clock, keyring: o.Keyring, log: o.Log, test: o.Test, wake: make(chan struct{}, 1)}
	m.ahead = homing.MillisIn(cmp.Or(o.Ahead, DefaultAhead))
	if local, ok := o.Lessor.(interface{ onLost(func(ledger.Lease)) }); ok {
		local.onLost(m.lost)
	}
	err := m.take(ctx)
	if o.Patient && errors.Is(err, homing.ErrUnavailable) && ctx.Err() == nil {
		what := "no click ids for the moment"
		if m.test {
			what = "no click ids of test traffic for the moment"
		}
		m.log.Warn(what, "error", err)
		m.trouble.Store(&err)
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Node is the node number in use.
func (m *Minter) Node() homing.NodeID {
	if l := m.loan.Load(); l != nil {
		return l.lease.Node
	}
	return 0
}

// Mint makes an id for a click of a campaign. It takes well under a
// microsecond. homing.ErrOverloaded: more ids are asked for than a millisecond
// holds (4,096) for longer than 5 ms. homing.ErrUnavailable: there is no node
// number just now, because the ledger is away or the clock stepped back.
func (m *Minter) Mint(campaign homing.CampaignID) (homing.ClickID, homing.Origin, error) {
	return m.mint(campaign, homing.MillisOf(m.clock()))
}

// MintAt is Mint for a click that arrived at a moment by the same clock, which is
// not asked again. A moment that is too long ago for that, because the click
// waited, is no reason to refuse it.
func (m *Minter) MintAt(campaign homing.CampaignID, arrived homing.Millis) (homing.ClickID, homing.Origin, error) {
	if l := m.loan.Load(); l != nil && homing.Millis(l.at.Load()>>12) > arrived+maxStepBack {
		return m.Mint(campaign)
	}
	return m.mint(campaign, arrived)
}

func (m *Minter) mint(campaign homing.CampaignID, now homing.Millis) (homing.ClickID, homing.Origin, error) {
	l := m.loan.Load()
	if l == nil {
		return homing.ClickID{}, homing.Origin{}, fmt.Errorf("no node number to mint under: %w", homing.ErrUnavailable)
	}
	if err := checkClock(now); err != nil {
		return homing.ClickID{}, homing.Origin{}, err
	}
	at, seq, err := l.next(now)
	if err != nil {
		select {
		case m.wake <- struct{}{}:
		default:
		}
		return homing.ClickID{}, homing.Origin{}, err
	}
	o := homing.Origin{Time: at, Node: l.lease.Node, Seq: seq, Campaign: campaign}
	return m.keyring().Seal(o), o, nil
}

// checkClock wants a moment that fits a click id. A clock that begins in 1970
// after a power cut would give ids whose time nobody can read.
func checkClock(now homing.Millis) error {
	if now < homing.Epoch || now > homing.MaxOriginTime {
		return fmt.Errorf("the clock stands at %s, and click ids have times from %s on: %w", now, homing.Epoch, homing.ErrUnavailable)
	}
	return nil
}

// next moves the loan on by one id.
func (l *loan) next(now homing.Millis) (homing.Millis, uint16, error) {
	for {
		last := l.at.Load()
		at, seq := uint64(now), uint64(0)
		if lastMs := last >> 12; at <= lastMs {
			if lastMs > at+maxStepBack {
				return 0, 0, fmt.Errorf("the clock stepped back: %w", homing.ErrUnavailable)
			}
			at, seq = lastMs, last&homing.MaxSeq+1
			if seq > homing.MaxSeq {
				at, seq = at+1, 0
			}
			// A small step back uses the last time on, but borrows no more.
			if at > uint64(now)+maxBorrow && at > lastMs {
				return 0, 0, fmt.Errorf("more than %d click ids in a millisecond: %w", homing.MaxSeq+1, homing.ErrOverloaded)
			}
		}
		if int64(at) > l.mark.Load() {
			return 0, 0, fmt.Errorf("the node number's loan was not prolonged: %w", homing.ErrUnavailable)
		}
		if l.at.CompareAndSwap(last, at<<12|seq) {
			return homing.Millis(at), uint16(seq), nil
		}
	}
}

// Keep prolongs the loan, and takes another when the clock steps back or the
// loan is lost, until ctx is done; then it gives the number back.
func (m *Minter) Keep(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			m.release(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		case <-m.wake:
		}
		err := m.prolong(ctx)
		if err == nil || ctx.Err() != nil {
			m.trouble.Store(nil)
			continue
		}
		if m.trouble.Swap(&err) == nil {
			m.log.Warn("couldn't prolong the loan of the node number", "error", err)
		}
	}
}

// Trouble tells why the loan could not be prolonged when that was last tried,
// two seconds ago at most; nil if it could. Ids can be minted until the mark is
// reached.
func (m *Minter) Trouble() error {
	if err := m.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// Margin is how much longer ids can be minted if the ledger takes nothing from
// now on; 0 while there is no node number.
func (m *Minter) Margin() time.Duration {
	l := m.loan.Load()
	if l == nil {
		return 0
	}
	left := homing.Millis(l.mark.Load()) - homing.MillisOf(m.clock())
	return time.Duration(max(left, 0)) * time.Millisecond
}

func (m *Minter) prolong(ctx context.Context) error {
	l, now := m.loan.Load(), homing.MillisOf(m.clock())
	if err := checkClock(now); err != nil {
		return err // nothing can be minted whatever the loan; Trouble tells why
	}
	if l == nil || homing.Millis(l.at.Load()>>12) > now+maxStepBack {
		m.loan.Store(nil)
		return m.take(ctx)
	}
	until := now + m.ahead
	if int64(until) < l.mark.Load()+renewEvery.Milliseconds()/2 {
		return nil // looked after a moment ago, or the clock stepped back a little
	}
	err := m.lessor.Extend(ctx, l.lease, until)
	if errors.Is(err, homing.ErrConflict) {
		m.loan.Store(nil)
		return m.take(ctx)
	}
	if err == nil {
		// From here on the ledger knows, so ids may carry these times.
		l.mark.Store(int64(until))
	}
	return err
}

func (m *Minter) take(ctx context.Context) error {
	now := homing.MillisOf(m.clock())
	lease, err := m.lessor.Lease(ctx, now, now+m.ahead, m.test)
	if err != nil {
		return fmt.Errorf("couldn't take a node number: %w", err)
	}
	l := &loan{lease: lease}
	// Ids begin at the moment that the number was asked for with. Without this a
	// clock that steps back before the first id is minted would go unnoticed, and
	// what an earlier holder of the number minted then would be minted again.
	l.at.Store(uint64(now) << 12)
	l.mark.Store(int64(lease.Mark))
	m.loan.Store(l)
	return nil
}

// lost gives up a loan at once that was lost to somebody else, and takes another.
func (m *Minter) lost(lease ledger.Lease) {
	l := m.loan.Load()
	if l == nil || l.lease.Node != lease.Node || l.lease.Token != lease.Token {
		return
	}
	if m.loan.CompareAndSwap(l, nil) {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
}

func (m *Minter) release(ctx context.Context) {
	l := m.loan.Swap(nil)
	if l == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	used := max(homing.Millis(l.at.Load()>>12), homing.MillisOf(m.clock()))
	if err := m.lessor.Release(ctx, l.lease, used); err != nil {
		m.log.Warn("couldn't give the node number back", "error", err)
	}
}
