package duckdb_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

var (
	benchCountries = strings.Fields("DE AT CH FR IT ES PL NL BE US GB CA BR MX IN ID TH VN JP KR")
	benchDevices   = []string{"phone", "tablet", "desktop", "tv"}
)

// benchClick is a click as ad servers send them: few campaigns and countries,
// many sites and sub ids, an address, a city.
func benchClick(r *rand.Rand, at homing.Millis, seq uint16) warehouse.Click {
	campaign := homing.CampaignID(1 + min(r.IntN(200), r.IntN(200)))
	c := warehouse.Click{Origin: homing.Origin{Time: at, Node: 1, Seq: seq, Campaign: campaign}, Account: homing.AccountID(1 + campaign/10),
		Visitor: r.Uint64N(5_000_000) + 1, Cost: homing.Money(1000 + r.IntN(50)*100), Addr: fmt.Sprintf("%d.%d.%d.0", 1+r.IntN(220), r.IntN(250), r.IntN(250))}
	if r.IntN(20) == 0 {
		c.Class = homing.BotClick
	}
	f := &c.Facets
	f[warehouse.FacetCreative] = fmt.Sprintf("cr-%d", int(campaign)*5+r.IntN(5))
	f[warehouse.FacetSite] = fmt.Sprintf("site-%d", min(r.IntN(5000), r.IntN(5000)))
	f[warehouse.FacetAdspot] = fmt.Sprint(r.IntN(30))
	f[warehouse.FacetSource] = fmt.Sprintf("src%d", r.IntN(8))
	f[warehouse.FacetSub1] = fmt.Sprintf("sub-%d", min(r.IntN(50_000), r.IntN(50_000)))
	f[warehouse.FacetSub1+1] = fmt.Sprintf("%x", r.Uint64())
	f[warehouse.FacetReferrer] = fmt.Sprintf("www.site%d.example", r.IntN(2000))
	f[warehouse.FacetCountry] = benchCountries[min(r.IntN(20), r.IntN(20))]
	f[warehouse.FacetRegion] = fmt.Sprintf("R%d", r.IntN(15))
	f[warehouse.FacetCity] = fmt.Sprintf("City %d", min(r.IntN(3000), r.IntN(3000)))
	f[warehouse.FacetDevice] = benchDevices[min(r.IntN(4), r.IntN(4))]
	f[warehouse.FacetOS] = fmt.Sprintf("OS %d", r.IntN(6))
	f[warehouse.FacetBrowser] = fmt.Sprintf("Browser %d", r.IntN(8))
	f[warehouse.FacetLanguage] = "de"
	return c
}

// benchBatches makes clicks at 10,000 a second.
func benchBatches(n, size int) (batches [][]warehouse.Click) {
	r := rand.New(rand.NewPCG(1, 2))
	i := 0
	for range n {
		batch := make([]warehouse.Click, size)
		for j := range batch {
			batch[j] = benchClick(r, noon+homing.Millis(i/10), uint16(i%10))
			i++
		}
		batches = append(batches, batch)
	}
	return batches
}

func shift(batch []warehouse.Click, by homing.Millis) {
	for i := range batch {
		batch[i].Time += by
	}
}

// childTime is the CPU time of this process' warehouse children.
func childTime(t testing.TB) (sum time.Duration) {
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, name := range names {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		line, err := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if err != nil || f[1] != fmt.Sprint(os.Getpid()) || !strings.Contains(string(line), process.Argument) {
			continue
		}
		var user, system int64
		_, _ = fmt.Sscan(f[11], &user)
		_, _ = fmt.Sscan(f[12], &system)
		sum += time.Duration(user+system) * 10 * time.Millisecond
	}
	return sum
}

func BenchmarkLoad(b *testing.B) {
	for _, size := range []int{1_000, 10_000, 120_000, 122_880, 150_000, 245_760} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			dir := b.TempDir()
			s := &source{w: open(b, dir), name: "spool/1"}
			batches := benchBatches(max(1, 600_000/size), size)
			span := homing.Millis(len(batches)*size/10 + 1)
			rows := 0
			cpu, self := childTime(b), ownTime()
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				batch := batches[i%len(batches)]
				if i >= len(batches) {
					shift(batch, span)
				}
				s.load(b, batch, nil, nil)
				rows += size
			}
			b.StopTimer()
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "clicks/s")
			b.ReportMetric(float64((childTime(b)-cpu).Microseconds())/float64(rows), "child-µs/click")
			b.ReportMetric(float64((ownTime()-self).Microseconds())/float64(rows), "own-µs/click")
			b.ReportMetric(float64(s.w.Status().Bytes)/float64(rows), "B/click")
		})
	}
}

// ownTime is the CPU time of this process.
func ownTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // never fails
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHistory measures what grows with what is stored: small loads with
// conversions of old clicks, and a click by its id.
func BenchmarkHistory(b *testing.B) {
	const stored, size = 16, 122_880
	w := open(b, b.TempDir())
	s := &source{w: w, name: "spool/1"}
	batches := benchBatches(stored, size)
	for _, batch := range batches {
		s.load(b, batch, nil, nil)
	}
	r := rand.New(rand.NewPCG(3, 4))
	any := func() *warehouse.Click { return &batches[r.IntN(stored)][r.IntN(size)] }
	b.Run("click", func(b *testing.B) {
		for b.Loop() {
			clickOf(b, w, any().Origin)
		}
	})
	fresh := benchBatches(1, 1000)[0]
	id := 0
	for _, old := range []int{0, 10, 200} {
		b.Run(fmt.Sprintf("load-1000-with-%d-conversions", old), func(b *testing.B) {
			for b.Loop() {
				shift(fresh, 60_000_000)
				var versions []warehouse.Conversion
				for range old {
					id++
					versions = append(versions, conversion(id, any()))
				}
				s.load(b, fresh, nil, versions)
			}
		})
	}
}
