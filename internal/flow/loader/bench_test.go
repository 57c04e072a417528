package loader

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
)

// swallower takes everything and keeps nothing but its mark.
type swallower struct {
	warehouse.Warehouse // what is not written here is not asked
	mark                sync.Map
}

func (s *swallower) Load(_ context.Context, b *warehouse.Batch) error {
	s.mark.Store(b.Source, warehouse.Mark{Next: b.Next, State: b.State})
	return nil
}

func (s *swallower) Mark(_ context.Context, source string) (warehouse.Mark, error) {
	mark, _ := s.mark.Load(source)
	m, _ := mark.(warehouse.Mark)
	return m, nil
}

func (s *swallower) Lost(context.Context, warehouse.Day, warehouse.Day) error { return nil }

func (s *swallower) Seals(context.Context) ([]warehouse.Seal, error) { return nil, nil }

// fullSpool is a spool with clicks of a thousand visitors.
func fullSpool(t testing.TB, clicks int, campaign homing.CampaignID) *segment.Spool {
	t.Helper()
	s, err := segment.Open(segment.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	var record []byte
	for i := range clicks {
		c := given("site_id=9001", "creative_id=117", "cost=0.012", fmt.Sprintf("sub1=click%d", i), "sub2=EAIaIQobChMI7Nf2wYXQhQMVhpVoCR3b5w",
			"Referer=https://blog.example/posts/2026/11/how-to?page=2", "Accept-Language=de-AT,de;q=0.9,en;q=0.8")
		c.UserAgent = fmt.Appendf(nil, "%s v%d", agentText, i%1000)
		c.Addr = netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)})
		c.Origin = homing.Origin{Time: noon + homing.Millis(i/100), Seq: uint16(i % 100), Campaign: campaign}
		record = homing.AppendClick(record[:0], c)
		for s.Behind(spool.KindClick, c.Origin.Time, record) != nil {
			time.Sleep(time.Millisecond)
		}
	}
	_, err = s.Append(spool.KindTally, noon, homing.AppendTally(nil, &homing.Tally{At: noon, Outcome: homing.Refused, Count: 1}))
	must(t, err)
	return s
}

// BenchmarkPipeline is all but the warehouse, a click: reading, unpacking,
// enriching, batches. Its time is one core's, mostly; see -cpu 1 and the user
// time of the process for the cost.
func BenchmarkPipeline(b *testing.B) {
	const clicks = 200_000
	h := newHouse(b, nil)
	o := h.options
	o.Spool = fullSpool(b, clicks, h.campaign.ID)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		o.Warehouse = &swallower{}
		l := Open(o)
		if whole, err := l.takeTurn(b.Context()); !whole || err != nil {
			b.Fatal(whole, err)
		}
		l.reader.close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/clicks, "ns/click")
}
