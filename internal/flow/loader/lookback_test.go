package loader

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"homing/internal/engine/spool/segment"
)

// TestASpoolThatWentBack: an older copy of its files was put in their place, and
// positions were given again before the loader came.
func TestASpoolThatWentBack(t *testing.T) {
	h := newHouse(t, nil).run()
	reopen := func(change func()) {
		t.Helper()
		h.stop()
		h.must(h.spool.Close())
		change()
		var err error
		h.spool, err = segment.Open(segment.Options{Dir: h.spoolDir, SegmentSize: 64 << 10, Logger: slog.New(slog.DiscardHandler)})
		h.must(err)
		h.options.Spool = h.spool
	}
	h.bulk(5)
	h.catchUp()
	older := t.TempDir()
	reopen(func() { h.must(os.CopyFS(older, os.DirFS(h.spoolDir))) })
	h.bulk(20)
	h.again()
	h.catchUp()
	h.refuse()
	h.catchUp()
	reopen(func() {}) // as it was
	h.again()
	h.catchUp()
	if n := h.Notices(); h.warehouse.resets != 0 || len(n) != 0 {
		t.Fatalf("made anew %d times without a reason, notices %q", h.warehouse.resets, n)
	}
	reopen(func() {
		h.must(os.RemoveAll(h.spoolDir))
		h.must(os.CopyFS(h.spoolDir, os.DirFS(older)))
	})
	h.bulk(40)
	h.again()
	h.catchUp()
	h.want("45 clicks (45 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	if n := strings.Join(h.Notices(), "\n"); h.warehouse.resets != 1 || !strings.Contains(n, "record 25 of the spool is not the one that reports know") {
		t.Errorf("made anew %d times, notices %q", h.warehouse.resets, n)
	}
	h.again()
	h.catchUp()
	if h.warehouse.resets != 1 {
		t.Errorf("made anew %d times", h.warehouse.resets)
	}
}
