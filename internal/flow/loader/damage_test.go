package loader

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
)

// damaged reopens the house's spool with a stretch of a file torn out.
func (h *house) damaged(file int, from, bytes int64) {
	h.t.Helper()
	h.must(h.spool.Close())
	files, err := filepath.Glob(filepath.Join(h.spoolDir, "*.seg"))
	h.must(err)
	f, err := os.OpenFile(files[file], os.O_RDWR, 0)
	h.must(err)
	_, err = f.WriteAt([]byte(strings.Repeat("x", int(bytes))), from)
	h.must(err)
	h.must(f.Close())
	h.spool, err = segment.Open(segment.Options{Dir: h.spoolDir, SegmentSize: 64 << 10, Logger: slog.New(slog.DiscardHandler)})
	h.must(err)
	h.options.Spool = h.spool
	h.Loader = Open(h.options)
}

func TestDamageOfTheSpoolIsPassedOver(t *testing.T) {
	h := newHouse(t, nil)
	h.bulk(500)
	h.damaged(1, 30_000, 5000)
	h.convert(h.click(nil), "")
	h.run()
	h.catchUp()
	c := h.contents()
	lost := 501 - len(c.clicks)
	if lost == 0 || lost > 50 || len(c.conversions) != 1 || !c.conversions[0].Known {
		t.Errorf("%d clicks are lost, %s", lost, c.counts())
	}
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "of the spool cannot be read and are not in reports") {
		t.Errorf("notices %q", n)
	}
}

// Damage that reaches to the spool's end must not keep conversions out for good.
func TestDamageAtTheEnd(t *testing.T) {
	h := newHouse(t, nil)
	h.bulk(10)
	end := h.spool.Durable()
	h.options.Spool = endless{h.spool, end + 5}
	h.Loader = Open(h.options)
	h.run()
	h.catchUp()
	if c := h.contents(); len(c.clicks) != 10 {
		t.Errorf("%d clicks", len(c.clicks))
	}
	if l := h.Lag(); l.Records != 0 {
		t.Errorf("lag %+v", l)
	}
}

// A disk that gives errors for hours may give the file once more; it is told of, and
// nothing is made anew.
func TestAWarehouseThatIsAwayIsNotMadeAnew(t *testing.T) {
	h := newHouse(t, nil).run()
	h.bulk(3)
	h.catchUp()
	tries := 0
	h.warehouse.set(func() error {
		tries++
		return fmt.Errorf("IO Error: Could not read from file: %w", homing.ErrUnavailable)
	}, nil)
	h.bulk(3)
	for range 3 {
		h.pass(2 * time.Hour)
		before := h.tries(&tries)
		waitFor(t, func() bool { return h.tries(&tries) > before })
	}
	if text := h.Trouble(); h.warehouse.resets != 0 || !strings.Contains(text, "6 hours behind") || !strings.Contains(text, "IO Error") {
		t.Errorf("made anew %d times, told %q", h.warehouse.resets, text)
	}
	h.warehouse.set(nil, nil)
	h.catchUp()
	h.want("6 clicks (6 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
}

func (h *house) tries(count *int) int {
	h.warehouse.mu.Lock()
	defer h.warehouse.mu.Unlock()
	return *count
}

// endless is a spool whose last records are lost.
type endless struct {
	spool.Spool
	end spool.Position
}

func (s endless) Durable() spool.Position { return s.end }

func (s endless) Damage() []spool.Damage {
	return []spool.Damage{{First: s.end - 5, Next: s.end, Cause: "the test says so"}}
}

// shorter is a ledger that has lost its newest changes.
type shorter struct {
	ledger.Books
	last int64
}

func (s shorter) Changes(ctx context.Context, after int64, limit int) (list []homing.Change, err error) {
	list, err = s.Books.Changes(ctx, after, limit)
	for i, c := range list {
		if c.Number > s.last {
			return list[:i], err
		}
	}
	return list, err
}

// TestALedgerThatWentBack: a cut log took changes that the warehouse has. New
// changes would get their numbers and be taken for loaded.
func TestALedgerThatWentBack(t *testing.T) {
	h := newHouse(t, nil).run()
	for range 5 {
		h.convert(h.click(nil), "")
	}
	h.catchUp()
	h.again() // as it was
	h.catchUp()
	if h.warehouse.resets != 0 {
		t.Fatalf("made anew %d times without a reason", h.warehouse.resets)
	}
	h.options.Books = shorter{h.ledger, 3}
	h.again()
	h.catchUp()
	h.want("5 clicks (5 origins, 1 unique), 3 postbacks (3 numbers, 3 calls), 3 conversions (3 known)")
	if n := strings.Join(h.Notices(), "\n"); h.warehouse.resets != 1 || !strings.Contains(n, "ends before its change 5") {
		t.Errorf("made anew %d times, notices %q", h.warehouse.resets, n)
	}
	h.options.Books = h.ledger // the numbers are given again
	h.again()
	h.catchUp()
	h.want("5 clicks (5 origins, 1 unique), 5 postbacks (5 numbers, 5 calls), 5 conversions (5 known)")
}
