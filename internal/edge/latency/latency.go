// Package latency counts how long things take, as Prometheus reads it: a
// histogram of times from 64 µs to 4.2 s.
//
// The library's takes a lock and a logarithm. This one is on every request, so it
// is two atomic additions.
package latency

import (
	"fmt"
	"io"
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram counts times. The zero Histogram is empty. It is safe for concurrent
// use.
type Histogram struct {
	counts [buckets]atomic.Uint64
	micros atomic.Uint64 // sum
}

// buckets: bucket i holds times below 2^i × 64 µs, the last one the rest: up to
// 64 µs, 128 µs, … 2.1 s, 4.2 s, more.
const buckets = 18

const unit = 64 * time.Microsecond

// Note counts a time. One that is negative, because a clock stepped, is 0.
func (h *Histogram) Note(d time.Duration) {
	d = max(d, 0)
	h.counts[min(bits.Len64(uint64(d/unit)), buckets-1)].Add(1)
	h.micros.Add(uint64(d.Microseconds()))
}

// Write writes the samples of a metric. labels are those they all have, such as
// `door="click"`, or none.
func (h *Histogram) Write(w io.Writer, name, labels string) {
	total := uint64(0)
	comma, braces := "", ""
	if labels != "" {
		comma, braces = ",", "{"+labels+"}"
	}
	for i := range h.counts {
		total += h.counts[i].Load()
		le := "+Inf"
		if i < buckets-1 {
			le = fmt.Sprint((unit << i).Seconds())
		}
		fmt.Fprintf(w, "%s_bucket{%s%sle=%q} %d\n", name, labels, comma, le, total)
	}
	fmt.Fprintf(w, "%s_sum%s %g\n", name, braces, float64(h.micros.Load())/1e6)
	fmt.Fprintf(w, "%s_count%s %d\n", name, braces, total)
}
