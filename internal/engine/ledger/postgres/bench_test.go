//go:build postgres

package postgres

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
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

// BenchmarkDecide counts claims of distinct clicks, synced to disk, by how many
// wait at once, how many a transaction carries, and how many writers there are;
// one-by-one is a transaction for each. The last are duplicates, and three nodes.
func BenchmarkDecide(b *testing.B) {
	c := pgtest.Start(b, pgtest.Options{Durable: true, Settings: []string{"shared_buffers = 256MB", "max_wal_size = 4GB"}})
	for _, v := range []struct {
		name                           string
		callers, batch, writers, nodes int
		again                          bool
	}{
		{"one-by-one/1", 1, 1, 1, 1, false},
		{"one-by-one/64", 64, 1, 2, 1, false},
		{"batches/1", 1, 512, 1, 1, false},
		{"batches/64", 64, 512, 1, 1, false},
		{"batches/256", 256, 512, 1, 1, false},
		{"batches/256/two-writers", 256, 512, 2, 1, false},
		{"batches/1024/two-writers", 1024, 512, 2, 1, false},
		{"duplicates/256/two-writers", 256, 512, 2, 1, true},
		{"batches/256/two-writers/three-nodes", 256, 512, 2, 3, false},
	} {
		b.Run(v.name, func(b *testing.B) {
			var nodes []*Ledger
			url := c.Schema()
			for range v.nodes {
				nodes = append(nodes, openWith(b, Options{URL: url, MaxBatch: v.batch, Writers: v.writers}))
			}
			const known = 10_000
			if v.again {
				claimMany(b, nodes, 512, known, func(n uint64) uint64 { return n })
			}
			b.ReportAllocs()
			b.ResetTimer()
			used, served := cpu(), c.CPU()
			claimMany(b, nodes, v.callers, b.N, func(n uint64) uint64 {
				if v.again {
					n %= known
				}
				return n
			})
			b.ReportMetric(float64(cpu()-used)/float64(b.N)/1000, "µs-cpu/claim")
			b.ReportMetric(float64(c.CPU()-served)/float64(b.N)/1000, "µs-server/claim")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
			b.StopTimer()
			for _, l := range nodes {
				_ = l.Close()
			}
		})
	}
}

func claimMany(b *testing.B, nodes []*Ledger, callers, total int, click func(uint64) uint64) {
	var next atomic.Uint64
	var done sync.WaitGroup
	receipt := ledgertest.Claim(ledgertest.Origin(1), "").Receipt
	for w := range callers {
		done.Go(func() {
			l := nodes[w%len(nodes)]
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
