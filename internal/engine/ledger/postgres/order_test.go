package postgres

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

// repeats counts what a ledger logs of transactions that are carried out again.
type repeats struct {
	slog.Handler
	n *atomic.Int64
}

func (r repeats) Enabled(context.Context, slog.Level) bool { return true }

func (r repeats) Handle(_ context.Context, record slog.Record) error {
	if record.Level == slog.LevelDebug {
		r.n.Add(1)
	}
	return nil
}

// Several ledgers write at once, in batches of all sizes, and conversions are
// moved meanwhile. Whoever follows, at whichever node, reads every change once, in
// order, with never a number above one that is still to come; and nobody was in
// another's way, because all waited for the turn. (Without the turn, the unique
// numbers still stand guard, and transactions fail on them instead of waiting.)
func TestFollowersMissNothing(t *testing.T) {
	const ledgers, callers, each = 3, 24, 60
	url := pgtest.Shared(t).Schema()
	var again atomic.Int64
	var nodes []*Ledger
	for range ledgers {
		nodes = append(nodes, openWith(t, Options{URL: url, Logger: slog.New(repeats{slog.DiscardHandler, &again})}))
	}
	var moved atomic.Int64
	var writing sync.WaitGroup
	for n, l := range nodes {
		for w := range callers {
			writing.Go(func() {
				for i := range each {
					click := (n*callers+w)*each + i
					d, err := l.Decide(context.Background(), ledgertest.Claim(ledgertest.Origin(click), ""))
					if err != nil || !d.First {
						t.Errorf("click %d: %+v, %v", click, d, err)
						return
					}
					if i%20 == 0 {
						err := l.Amend(context.Background(), ledger.Amendment{
							Conversion: d.Conversion, From: homing.Approved, To: homing.Pending, At: ledgertest.Noon, Actor: "user 1"})
						if err != nil {
							t.Error(err)
						}
						moved.Add(1)
					}
				}
			})
		}
	}
	end := make(chan struct{})
	read := make([][]homing.Change, ledgers)
	var following sync.WaitGroup
	for n, l := range nodes {
		following.Go(func() { read[n] = follow(t, l, end) })
	}
	writing.Wait()
	close(end)
	following.Wait()
	const claims = ledgers * callers * each
	want := claims + int(moved.Load())
	for n := range nodes {
		if len(read[n]) != want || !slices.Equal(read[n], read[0]) {
			t.Errorf("the follower of node %d read %d changes, of %d", n, len(read[n]), want)
		}
	}
	if again.Load() > 0 {
		t.Errorf("%d transactions were in each other's way", again.Load())
	}
	if err := nodes[0].Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// follow reads changes as a loader does, until there are no more after the end.
func follow(t *testing.T, l *Ledger, end chan struct{}) (read []homing.Change) {
	for {
		over := false
		select {
		case <-end:
			over = true
		default:
		}
		changes, err := l.Changes(context.Background(), int64(len(read)), 37)
		if err != nil {
			t.Error(err)
			return read
		}
		for _, c := range changes {
			if read = append(read, c); c.Number != int64(len(read)) {
				t.Errorf("change %d stands where %d should", c.Number, len(read))
				return read
			}
		}
		if over && len(changes) == 0 {
			return read
		}
	}
}

// A duplicate waits for its turn, too: only so does its commit wait for disk and
// standby, without which its first could be lost after it was told of it.
func TestDuplicateWaitsForItsTurn(t *testing.T) {
	l := openWith(t, Options{})
	if _, err := claimOnce(t, l, 1); err != nil {
		t.Fatal(err)
	}
	_, tx := insideTurn(t, l)
	told := make(chan ledger.Decision, 1)
	go func() {
		d, err := claimOnce(t, l, 1)
		if err != nil {
			t.Error(err)
		}
		told <- d
	}()
	time.Sleep(200 * time.Millisecond)
	select {
	case d := <-told:
		t.Fatalf("%+v was told out of turn", d)
	default:
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := <-told; d.First || d.Conversion != 1 {
		t.Errorf("%+v", d)
	}
}
