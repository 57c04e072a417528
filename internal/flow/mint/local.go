package mint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/cluster/durable"
)

// DefaultFarAhead is how far ahead a Local borrows node numbers: ids can be minted
// for as long when the ledger is away, over any restart.
const DefaultFarAhead = 7 * 24 * time.Hour

const (
	// lookEvery is how often the ledger is looked at: a copy of this directory that
	// is at work elsewhere is noticed within it.
	lookEvery = 3 * time.Second
	// copyGrace is how long a number that a clone of this disk may be minting under
	// is left alone after it was claimed: the clone looks meanwhile, and stops; and
	// our clock passes what it minted, should its own be ahead of ours.
	copyGrace = time.Hour
	// stoodStill is how long a node may have been down to go on with its numbers
	// without asking: a clone that claimed them meanwhile leaves them alone for longer.
	stoodStill = copyGrace / 2
	// mostLoans bounds how many numbers a directory borrows.
	mostLoans = 8
	// idleFor is how long a second number must have been idle to be given back.
	idleFor = time.Hour
)

// Local is a ledger.Lessor that lives without the ledger for days. It borrows node
// numbers far ahead, and lends them on in small steps:
//
//	ledger ── 7 days ahead ──► Local ── 20 seconds ahead ──► Minter
//	            in the background       a file, written and fsynced
//
// What a Minter asks for is answered from the file: the fine mark of a number, the
// last moment it may have been minted for, is durable before anything is minted up
// to it, and never lies beyond the mark that the ledger has acknowledged. So the
// ledger's promise (a number is lent again only to a clock past its mark) covers
// everything, and it matters to nobody how clocks differ between nodes.
//
//   - A restart goes on with the same number above its fine mark, and asks nobody.
//     After a crash the clock may not be past the fine mark yet; so there is always
//     a second number at hand.
//   - A clock that stepped back is not past the fine mark either: as above.
//   - Crash between file and ledger: the file never tells more than the ledger has
//     said. A number that was borrowed and not written down is lost for a week.
//   - A file that is damaged, or gone, is trusted in nothing: other numbers are
//     borrowed.
//
// Two nodes with copies of one directory would mint the same ids. Against that:
//
//   - The file tells its own number in the file system, so one that was copied, or
//     brought back from a backup, is noticed at the start and trusted in nothing.
//   - A disk that was cloned as a whole looks the same. But it starts on another
//     boot. As long as the ledger answers, a number that nobody has had is borrowed
//     then, and those of the file are left alone for an hour. The same if a node
//     stood still for half an hour: a clone may have come in its place.
//   - Each start claims the numbers in the ledger's commons, by comparison with
//     what the starts before it have left there. Of two nodes the one that claims
//     later finds a start that it does not know, or the other does at its next look,
//     within seconds: it stops minting under the number at once, and takes another.
//     Within the hour both clocks are past what the loser has minted.
//
// Not caught, because nobody can tell: a disk that is cloned as a whole and started
// while the clone cannot reach the ledger, or while the node that it was cloned from
// is at work and cannot. Both mint under one number until both reach it. Nor is
// such a clone noticed by a ledger that has no commons.
//
// Numbers for test traffic are passed through to the ledger: there are sixteen for
// all nodes, and nobody waits for them when the ledger is away.
type Local struct {
	lessor  ledger.Lessor
	commons ledger.Commons // nil: copies of a disk are not noticed
	clock   homing.Clock
	log     *slog.Logger
	ahead   homing.Millis
	file    loanKeeper
	start   string // random: tells this start from any other
	boot    string // see bootOf

	trouble atomic.Pointer[error]

	mu     sync.Mutex
	loans  []*farLoan           // guarded by mu
	starts []string             // guarded by mu: who may have claimed these numbers; this start is the last
	saved  bool                 // guarded by mu: the file tells of this start
	inUse  ledger.Lease         // guarded by mu: what was lent on last
	told   []func(ledger.Lease) // guarded by mu: who is told of a loan that is lost
}

// farLoan is a number on loan from the ledger. It is guarded by Local.mu.
type farLoan struct {
	savedLoan
	floor homing.Millis // Used before it was lent on last
	heard bool          // the ledger was asked for it since the start
	since time.Time     // when it was claimed; zero = not yet
}

// LocalOptions are what a Local is made of.
type LocalOptions struct {
	// Lessor is the ledger. If it is a ledger.Commons, too, copies of a data
	// directory are noticed.
	Lessor ledger.Lessor
	File   string // where the loans are written down
	Clock  homing.Clock
	Log    *slog.Logger
	// Ahead is how far numbers are borrowed ahead; 0 = DefaultFarAhead.
	Ahead time.Duration
}

var _ ledger.Lessor = (*Local)(nil)

// NewLocal reads what was borrowed before. It asks the ledger nothing: that is for
// Keep, and for Lease when nothing is at hand. homing.ErrNewer: a newer version
// has written the file, which is left untouched.
func NewLocal(o LocalOptions) (*Local, error) {
	return newLocal(o, loanFile{o.File}, bootOf())
}

func newLocal(o LocalOptions, file loanKeeper, boot string) (*Local, error) {
	l := &Local{
		lessor: o.Lessor, clock: o.Clock, log: o.Log, file: file, start: homing.RandomText(16), boot: boot,
		ahead: homing.MillisIn(cmp.Or(o.Ahead, DefaultFarAhead)),
	}
	l.commons, _ = o.Lessor.(ledger.Commons)
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	saved, number, err := file.read()
	switch {
	case errors.Is(err, homing.ErrDamaged):
		l.log.Warn("the file of borrowed node numbers is damaged, and other numbers are borrowed", "error", err)
		saved, number = savedLoans{}, 0
	case err != nil:
		return nil, err
	}
	l.take(saved, number)
	return l, nil
}

// take takes over what the file says.
func (l *Local) take(saved savedLoans, number uint64) {
	if saved.Number != number {
		l.log.Warn("the file of borrowed node numbers is a copy, which says nothing of what was minted since; other numbers are borrowed")
		saved = savedLoans{}
	}
	l.starts = append(saved.Starts, l.start)
	doubt := saved.Boot != l.boot || saved.At < homing.MillisOf(l.clock())-homing.MillisIn(stoodStill)
	for _, s := range saved.Loans {
		s.Doubt = s.Doubt || doubt
		l.loans = append(l.loans, &farLoan{savedLoan: s, floor: s.Used})
	}
}

// Lease implements ledger.Lessor. The number is lent above its fine mark, and the
// mark is moved to until, or less if the ledger has not been reached for long.
// homing.ErrUnavailable: no number is at hand, and the ledger is away.
func (l *Local) Lease(ctx context.Context, now, until homing.Millis, test bool) (ledger.Lease, error) {
	if test {
		return l.lessor.Lease(ctx, now, until, true)
	}
	if lease, err := l.lend(now, until, false); err != nil || lease.Token != 0 {
		return lease, err
	}
	away := l.borrow(ctx, now)
	// Without the ledger nobody can say more about a number than its file does.
	lease, err := l.lend(now, until, away != nil)
	if err == nil && lease.Token == 0 {
		if err = away; err == nil {
			err = fmt.Errorf("no node number is at hand: %w", homing.ErrUnavailable)
		}
	}
	return lease, err
}

// lend lends a number on that is at hand; the zero Lease if there is none.
func (l *Local) lend(now, until homing.Millis, trusting bool) (ledger.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.loans {
		if b.Used >= now || b.Mark <= now || b.Doubt && !trusting {
			continue
		}
		before := b.Used
		b.Used = min(until, b.Mark)
		if err := l.save(); err != nil {
			b.Used = before
			return ledger.Lease{}, err
		}
		// From here on ids may carry these times: a crash leaves the mark behind them.
		b.floor, l.inUse = before, b.lease(b.Used)
		return l.inUse, nil
	}
	return ledger.Lease{}, nil
}

// borrow takes one more number from the ledger.
func (l *Local) borrow(ctx context.Context, now homing.Millis) error {
	lease, err := l.lessor.Lease(ctx, now, now+l.ahead, false)
	if err != nil {
		return fmt.Errorf("couldn't borrow a node number: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Whoever had it before minted below its mark, which lies below now.
	b := &farLoan{savedLoan: savedLoan{Node: lease.Node, Token: lease.Token, Mark: lease.Mark, Used: now - 1}, heard: true}
	b.floor = b.Used
	before := l.loans
	l.loans = slices.DeleteFunc(slices.Clone(before), func(o *farLoan) bool { return o.Node == b.Node })
	if len(l.loans) >= mostLoans {
		// The one that is of use last, as a clock that was far ahead leaves it. What was
		// minted under it lies below its mark, wherever it is.
		inUse := l.find(l.inUse)
		idle := slices.DeleteFunc(slices.Clone(l.loans), func(o *farLoan) bool { return o == inUse })
		last := slices.MaxFunc(idle, func(a, b *farLoan) int { return cmp.Compare(a.Used, b.Used) })
		l.loans = slices.DeleteFunc(l.loans, func(o *farLoan) bool { return o == last })
	}
	l.loans = append(l.loans, b)
	if err := l.save(); err != nil {
		l.loans = before
		return err
	}
	l.log.Info("borrowed a node number", "node", b.Node, "until", b.Mark)
	return nil
}

// Extend implements ledger.Lessor: the fine mark is moved ahead. The ledger is asked
// only if its mark is reached. homing.ErrConflict: the number was lost to somebody
// else.
func (l *Local) Extend(ctx context.Context, lease ledger.Lease, until homing.Millis) error {
	if lease.Node.Test() {
		return l.lessor.Extend(ctx, lease, until)
	}
	l.mu.Lock()
	b := l.find(lease)
	short := b != nil && until > b.Mark
	l.mu.Unlock()
	if short {
		if err := l.farther(ctx, lease, until); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch b = l.find(lease); {
	case b == nil:
		return fmt.Errorf("%w: the node number %d was lost", homing.ErrConflict, lease.Node)
	case until > b.Mark:
		return fmt.Errorf("node number %d is borrowed until %s: %w", b.Node, b.Mark, homing.ErrUnavailable)
	case until <= b.Used:
		return nil // a mark never moves back
	}
	before := b.Used
	b.Used = until
	if err := l.save(); err != nil {
		b.Used = before
		return err
	}
	return nil
}

// Release implements ledger.Lessor: the fine mark is set back to what was used. The
// number stays borrowed, for the next start.
func (l *Local) Release(ctx context.Context, lease ledger.Lease, used homing.Millis) error {
	if lease.Node.Test() {
		return l.lessor.Release(ctx, lease, used)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.find(lease)
	if b == nil {
		return fmt.Errorf("%w: the node number %d was lost", homing.ErrConflict, lease.Node)
	}
	b.Used = min(b.Used, max(b.floor, used))
	l.inUse = ledger.Lease{}
	return l.save()
}

// find needs l.mu.
func (l *Local) find(lease ledger.Lease) *farLoan {
	for _, b := range l.loans {
		if b.Node == lease.Node && b.Token == lease.Token {
			return b
		}
	}
	return nil
}

// save writes down how everything stands. It needs l.mu.
func (l *Local) save() error {
	s := savedLoans{Boot: l.boot, At: homing.MillisOf(l.clock()), Starts: l.starts}
	for _, b := range l.loans {
		s.Loans = append(s.Loans, b.savedLoan)
	}
	if err := l.file.write(s); err != nil {
		return fmt.Errorf("couldn't write down the node numbers: %w: %w", homing.ErrUnavailable, err)
	}
	l.saved = true
	return nil
}

func (b *farLoan) lease(mark homing.Millis) ledger.Lease {
	return ledger.Lease{Node: b.Node, Token: b.Token, Mark: mark}
}

// Margin is how much longer ids can be minted, over restarts, if the ledger takes
// nothing from now on.
func (l *Local) Margin() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var mark homing.Millis
	for _, b := range l.loans {
		mark = max(mark, b.Mark)
	}
	return time.Duration(max(mark-homing.MillisOf(l.clock()), 0)) * time.Millisecond
}

// Trouble tells why the ledger could not be asked when that was last tried; nil if
// it could. Ids can be minted all the same for Margin.
func (l *Local) Trouble() error {
	if err := l.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// onLost has somebody told of a loan that is lost: nothing may be minted under it
// from then on. It may not wait.
func (l *Local) onLost(tell func(ledger.Lease)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, tell)
}

var _ loanKeeper = loanFile{}

// loanFile is a loanKeeper of the file system.
type loanFile struct{ path string }

func (f loanFile) write(s savedLoans) error {
	return durable.Make(f.path, func(number uint64) ([]byte, error) {
		s.Number = number
		return s.text()
	})
}
