package simulate

import (
	"math/bits"
	"sync"
	"time"
)

// latencies counts durations in buckets whose width is a sixteenth of their
// size, so that percentiles are told to within 6 % whatever the run's length.
// It is safe for concurrent use.
type latencies struct {
	mu      sync.Mutex
	buckets [64 * perOctave]uint64 // guarded by mu
	count   uint64                 // guarded by mu
	longest time.Duration          // guarded by mu
}

const perOctave = 16

func (l *latencies) add(d time.Duration) {
	d = max(d, 0)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buckets[bucketOf(uint64(d/time.Microsecond))]++
	l.count++
	l.longest = max(l.longest, d)
}

// bucketOf numbers the buckets of microseconds: 0 to 15 exactly, then sixteen
// for each doubling.
func bucketOf(us uint64) int {
	if us < perOctave {
		return int(us)
	}
	shift := bits.Len64(us) - 5 // leaves five bits, the first of them set
	return (shift+1)*perOctave + int(us>>shift) - perOctave
}

// ceilingOf is the largest duration in a bucket.
func ceilingOf(bucket int) time.Duration {
	if bucket < perOctave {
		return time.Duration(bucket) * time.Microsecond
	}
	shift := bucket/perOctave - 1
	return time.Duration((uint64(bucket%perOctave+perOctave+1)<<shift)-1) * time.Microsecond
}

// percentiles tells what share of requests was answered within which time.
type percentiles struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func (l *latencies) percentiles() percentiles {
	l.mu.Lock()
	defer l.mu.Unlock()
	return percentiles{
		Count: l.count, P50: l.at(50), P90: l.at(90), P99: l.at(99), Max: inMillis(l.longest),
	}
}

// at is the time within which percent of all were answered, in milliseconds. mu
// is held.
func (l *latencies) at(percent uint64) float64 {
	want, seen := (l.count*percent+99)/100, uint64(0)
	for i, n := range l.buckets {
		if seen += n; n > 0 && seen >= want {
			return inMillis(min(ceilingOf(i), l.longest))
		}
	}
	return 0
}

func inMillis(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
