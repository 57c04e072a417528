package segment

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"homing/internal/engine/spool"
)

// clickRecords look like records of clicks: about 250 bytes, much alike.
func clickRecords() (records [][]byte) {
	for i := range 1024 {
		records = append(records, fmt.Appendf(nil,
			"\x01%012x\x04\x0a\x00\x00%cMozilla/5.0 (Linux; Android 14; Pixel %d) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1%02d.0.0.0 Mobile Safari/537.36https://news%d.example/story/%d.htmlen-US,en;q=0.9%08d%06d",
			uint64(i)*0x9e3779b97f4a7c15>>16, 'a'+i%26, i%9, i%60, i%40, i*7919%100000, i*31, i))
	}
	return records
}

// benchOptions put the spool on the real disk: SPOOL_BENCH_DIR, or the package's
// own directory, because /tmp may be memory.
func benchOptions(b *testing.B) Options {
	base := os.Getenv("SPOOL_BENCH_DIR")
	if base == "" {
		base = "testdata"
	}
	dir, err := os.MkdirTemp(base, "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return Options{Dir: dir, Clock: testClock}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func blocksOf(b *testing.B, s *Spool) (blocks int) {
	v := s.view()
	c := cursor{s: s}
	defer c.close()
	for {
		h, ok, err := c.block(v)
		if err != nil {
			b.Fatal(err)
		}
		if !ok {
			return blocks
		}
		blocks++
		c.pass(&h)
	}
}

func BenchmarkAppend(b *testing.B) {
	records := clickRecords()
	for _, writers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := mustOpen(b, benchOptions(b))
			time.Sleep(200 * time.Millisecond) // the first file ahead is being prepared
			b.ReportAllocs()
			cpu, begun := cpuTime(), time.Now()
			b.ResetTimer()
			var n atomic.Int64
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						if _, err := s.Append(spool.KindClick, at+1, records[i%1024]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			cpu, took := cpuTime()-cpu, time.Since(begun)
			blocks := blocksOf(b, s)
			b.ReportMetric(float64(b.N)/took.Seconds(), "records/s")
			b.ReportMetric(float64(b.N)/float64(blocks), "records/fsync")
			b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/record")
			b.ReportMetric(float64(s.view().end)/float64(b.N), "last-segment-B/record")
			mustClose(b, s)
		})
	}
}

func BenchmarkFollow(b *testing.B) {
	s := mustOpen(b, benchOptions(b))
	records := clickRecords()
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := range b.N/64 + 1 {
				s.Append(spool.KindClick, at, records[(i+w)%1024])
			}
		})
	}
	wg.Wait()
	f, err := s.Follow(0)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		batch, err := f.Next(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		n += len(batch.Records)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.StopTimer()
	mustClose(b, s)
}
