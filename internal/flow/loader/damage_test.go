package loader

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// endless is a spool whose last records are lost.
type endless struct {
	spool.Spool
	end spool.Position
}

func (s endless) Durable() spool.Position { return s.end }

func (s endless) Damage() []spool.Damage {
	return []spool.Damage{{First: s.end - 5, Next: s.end, Cause: "the test says so"}}
}
