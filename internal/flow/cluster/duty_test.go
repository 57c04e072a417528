package cluster

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"homing/internal/engine/ledger/ledgertest"
)

// worker is a node that does a duty.
type worker struct {
	*Duty
	link   *ledgertest.Link
	busy   atomic.Int32 // pieces of work under way
	begun  atomic.Int32
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newWorker(t *testing.T, shared *ledgertest.Shared, holder uint64, clock func() time.Time) *worker {
	w := &worker{link: ledgertest.LinkTo(shared)}
	w.Duty = NewDuty(DutyOptions{Commons: w.link.Ledger(), Name: Housekeeping, Holder: holder, Clock: clock})
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	w.done.Go(func() {
		w.Run(ctx, func(ctx context.Context) {
			w.busy.Add(1)
			w.begun.Add(1)
			<-ctx.Done()
			w.busy.Add(-1)
		})
	})
	return w
}

func (w *worker) end() {
	w.cancel()
	w.done.Wait()
}

// settle lets everything happen that happens in d.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestOneDoesADutyAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := ledgertest.NewShared()
		var all []*worker
		for i := range 3 {
			all = append(all, newWorker(t, shared, uint64(i+1), time.Now))
		}
		doing := func() (who *worker) {
			t.Helper()
			for _, w := range all {
				switch {
				case w.Held() && who != nil:
					t.Fatal("two have the duty")
				case w.Held():
					who = w
				case w.busy.Load() > 0:
					t.Fatal("one works without the duty")
				}
			}
			return who
		}
		for range 60 {
			settle(time.Second)
			doing()
		}
		first := doing()
		if first == nil || first.begun.Load() != 1 {
			t.Fatal("nobody does it, or it was begun again and again")
		}
		first.end() // a clean end: handed over
		settle(DefaultDutyFor / 3)
		second := doing()
		if second == nil {
			t.Fatal("nobody followed a clean end")
		}
		second.link.Turn(ledgertest.Away)
		settle(DefaultDutyFor - DefaultDutyFor/6 - DefaultDutyFor/3 - time.Second)
		if !second.Held() {
			t.Error("given up although there was time left")
		}
		for range 40 {
			settle(500 * time.Millisecond)
			doing()
		}
		if third := doing(); third == nil || third == second {
			t.Error("nobody followed the one that was cut off")
		}
		second.link.Turn(ledgertest.Near)
		for range 40 {
			settle(500 * time.Millisecond)
			doing()
		}
		for _, w := range all {
			w.end()
		}
	})
}

// TestALedgerThatHangs: no answer comes, and the work must end all the same.
func TestALedgerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker(t, ledgertest.NewShared(), 1, time.Now)
		settle(time.Second)
		w.link.Turn(ledgertest.Hangs)
		settle(DefaultDutyFor)
		if w.Held() || w.busy.Load() != 0 {
			t.Errorf("held %t, at work %d", w.Held(), w.busy.Load())
		}
		if w.Trouble() == nil {
			t.Error("nobody is told")
		}
		w.link.Turn(ledgertest.Near)
		settle(DefaultDutyFor)
		if !w.Held() || w.busy.Load() != 1 || w.Trouble() != nil {
			t.Errorf("afterwards: held %t, at work %d, %v", w.Held(), w.busy.Load(), w.Trouble())
		}
		w.end()
	})
}

// TestAnAnswerThatIsLost: the ledger gave the duty, and the holder does not know. It
// must not work, and may take it again.
func TestAnAnswerThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := ledgertest.NewShared()
		w := newWorker(t, shared, 1, time.Now)
		settle(time.Second)
		w.link.Turn(ledgertest.Mute)
		settle(2 * DefaultDutyFor)
		if w.Held() || w.busy.Load() != 0 {
			t.Error("it works without an answer")
		}
		other := newWorker(t, shared, 2, time.Now)
		settle(DefaultDutyFor)
		if other.Held() {
			t.Error("the ledger has given it to another while it is renewed")
		}
		w.link.Turn(ledgertest.Near)
		settle(DefaultDutyFor)
		if !w.Held() {
			t.Error("it could not be taken again")
		}
		w.end()
		other.end()
	})
}

// TestANodeWhoseClockIsAhead is given the duty while another has seconds of it, who
// stops as soon as he asks.
func TestANodeWhoseClockIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := ledgertest.NewShared()
		w := newWorker(t, shared, 1, time.Now)
		settle(time.Second)
		ahead := newWorker(t, shared, 2, func() time.Time { return time.Now().Add(5 * time.Minute) })
		settle(time.Second)
		if !ahead.Held() {
			t.Fatal("not given: the case is not what it was")
		}
		settle(DefaultDutyFor / 3)
		if w.Held() || w.busy.Load() != 0 {
			t.Error("it goes on with a duty that is another's")
		}
		ahead.end()
		settle(DefaultDutyFor / 3)
		if !w.Held() || w.busy.Load() != 1 {
			t.Error("it was not taken back after a clean end")
		}
		w.end()
	})
}

// TestAMachineThatSlept: its timers stood still, and its clock did not.
func TestAMachineThatSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slept atomic.Int64
		// The reading of the timer stays what it is when Add takes part in it, so a time
		// without one is given.
		clock := func() time.Time { return time.Now().Round(0).Add(time.Duration(slept.Load())) }
		w := newWorker(t, ledgertest.NewShared(), 1, clock)
		settle(time.Second)
		if !w.Held() {
			t.Fatal("not held")
		}
		slept.Store(int64(time.Hour))
		if w.Held() {
			t.Error("held after an hour's sleep")
		}
		settle(DefaultDutyFor)
		if !w.Held() {
			t.Error("not taken again")
		}
		slept.Store(int64(time.Hour - 10*time.Minute)) // the clock was set back
		if w.Held() {
			t.Error("held by a clock that stepped back")
		}
		w.end()
	})
}
