package sqlite

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
)

// clickAt spreads clicks over a month in no order, as postbacks come.
func clickAt(n uint64) homing.Origin {
	h := n * 0x9e3779b97f4a7c15
	return homing.Origin{
		Time: ledgertest.Noon - homing.Millis(h>>32%(30*24*3600*1000)), Node: homing.NodeID(n>>12) & 511,
		Seq: uint16(n) & homing.MaxSeq, Campaign: homing.CampaignID(h%200 + 1),
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDecide counts claims of distinct clicks, and of clicks that have
// converted, by how many wait at once.
func BenchmarkDecide(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("first/%d", callers), func(b *testing.B) { decideMany(b, callers, false) })
		b.Run(fmt.Sprintf("duplicate/%d", callers), func(b *testing.B) { decideMany(b, callers, true) })
	}
}

// BenchmarkDecidePaced is a claim now and then, with nothing to share a commit with:
// one every millisecond. A timer is late now and then, which is not counted.
func BenchmarkDecidePaced(b *testing.B) {
	l := openWith(b, Options{})
	c := ledger.Claim{Status: homing.Approved, Value: homing.ValueOf(1500000), At: ledgertest.Noon,
		Receipt: ledgertest.Claim(ledgertest.Origin(1), "").Receipt}
	base := benchClick.Add(1 << 32)
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	used, next := cpu(), time.Now()
	for n := range uint64(b.N) {
		next = next.Add(time.Millisecond)
		time.Sleep(time.Until(next))
		c.Click = clickAt(base + n)
		c.Campaign = c.Click.Campaign
		c.Account = homing.AccountID(c.Campaign%50 + 1)
		binary.BigEndian.PutUint64(c.Request[:], n)
		began := time.Now()
		if _, err := l.Decide(b.Context(), &c); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	b.ReportMetric(float64(cpu()-used)/float64(b.N)/1000, "µs-cpu/claim")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1000, "µs-p50")
	b.ReportMetric(float64(took[len(took)*99/100])/1000, "µs-p99")
}

var benchClick atomic.Uint64

func decideMany(b *testing.B, callers int, again bool) {
	l := openWith(b, Options{})
	base := benchClick.Add(1 << 32)
	const known = 10_000
	if again {
		claimMany(b, l, 256, known, func(n uint64) uint64 { return base + n })
	}
	b.ReportAllocs()
	b.ResetTimer()
	used := cpu()
	claimMany(b, l, callers, b.N, func(n uint64) uint64 {
		if again {
			n %= known
		}
		return base + n
	})
	b.ReportMetric(float64(cpu()-used)/float64(b.N)/1000, "µs-cpu/claim")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
	b.StopTimer()
}

func claimMany(b *testing.B, l *Ledger, callers, total int, click func(uint64) uint64) {
	var next atomic.Uint64
	var done sync.WaitGroup
	receipt := ledgertest.Claim(ledgertest.Origin(1), "").Receipt
	for range callers {
		done.Go(func() {
			c := ledger.Claim{Status: homing.Approved, Value: homing.ValueOf(1500000), At: ledgertest.Noon, Receipt: receipt}
			for {
				n := next.Add(1) - 1
				if n >= uint64(total) {
					return
				}
				c.Click = clickAt(click(n))
				c.Campaign = c.Click.Campaign
				c.Account = homing.AccountID(c.Campaign%50 + 1)
				binary.BigEndian.PutUint64(c.Request[:], n)
				if _, err := l.Decide(b.Context(), &c); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
}
