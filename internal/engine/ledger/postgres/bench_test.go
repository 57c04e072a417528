package postgres

import (
	"encoding/binary"
	"fmt"
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

// large is a durable cluster with room.
func large(b *testing.B) *pgtest.Cluster {
	return pgtest.Start(b, pgtest.Options{Durable: true, Settings: []string{"shared_buffers = 256MB", "max_wal_size = 4GB"}})
}

// trial is one way to claim.
type trial struct {
	callers int  // who wait at once, of all nodes
	nodes   int  // 0 = 1
	batch   int  // claims in a transaction at most; 0 = as it is without being told
	again   bool // clicks that have converted
}

// BenchmarkDecide counts claims of distinct clicks, synced to disk, and of clicks
// that have converted, by how many wait at once; beside it a transaction for each
// claim, three nodes, and a synchronous standby on the same disk.
func BenchmarkDecide(b *testing.B) {
	c := large(b)
	for _, callers := range []int{1, 16, 64, 256, 1024} {
		b.Run(fmt.Sprintf("first/%d", callers), func(b *testing.B) { decideMany(b, c, c.Schema(), trial{callers: callers}) })
	}
	b.Run("duplicate/256", func(b *testing.B) { decideMany(b, c, c.Schema(), trial{callers: 256, again: true}) })
	b.Run("one-by-one/64", func(b *testing.B) { decideMany(b, c, c.Schema(), trial{callers: 64, batch: 1}) })
	b.Run("three-nodes/256", func(b *testing.B) { decideMany(b, c, c.Schema(), trial{callers: 256, nodes: 3}) })
	c.Standby(b, "second")
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("standby/%d", callers), func(b *testing.B) { decideMany(b, c, c.Schema(), trial{callers: callers}) })
	}
}

// BenchmarkDistance does so from a node whose round trip to the server takes longer.
func BenchmarkDistance(b *testing.B) {
	c := large(b)
	for _, roundTrip := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 80 * time.Millisecond} {
		proxy := c.Between(b, roundTrip)
		for _, callers := range []int{1, 64, 256, 1024} {
			b.Run(fmt.Sprintf("%v/%d", roundTrip, callers), func(b *testing.B) {
				decideMany(b, c, proxy.URL(b, c.Schema()), trial{callers: callers})
			})
		}
	}
}

func decideMany(b *testing.B, c *pgtest.Cluster, url string, t trial) {
	var nodes []*Ledger
	for range max(t.nodes, 1) {
		nodes = append(nodes, openWith(b, Options{URL: url, MaxBatch: t.batch}))
	}
	const known = 10_000
	if t.again {
		claimMany(b, nodes, 512, known, func(n uint64) uint64 { return n })
	}
	b.ReportAllocs()
	b.ResetTimer()
	used, served := cpu(), c.CPU()
	claimMany(b, nodes, t.callers, b.N, func(n uint64) uint64 {
		if t.again {
			n %= known
		}
		return n
	})
	b.StopTimer()
	b.ReportMetric(float64(cpu()-used)/float64(b.N)/1000, "µs-cpu/claim")
	b.ReportMetric(float64(c.CPU()-served)/float64(b.N)/1000, "µs-server/claim")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
	b.ReportMetric(float64(b.Elapsed().Microseconds())*float64(min(t.callers, b.N))/float64(b.N)/1000, "ms/claim")
	if size, err := nodes[0].Size(); err == nil && !t.again {
		b.ReportMetric(float64(size)/float64(b.N), "bytes/claim")
	}
	for _, l := range nodes {
		_ = l.Close()
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
