package openloop

import (
	"math/bits"
	"sync"
	"time"
)

// Latencies counts durations in buckets whose width is a sixteenth of their
// size, so that percentiles are told to within 6 % whatever the run's length.
// It is safe for concurrent use.
type Latencies struct {
	mu      sync.Mutex
	buckets [64 * perOctave]uint64 // guarded by mu
	count   uint64                 // guarded by mu
	longest time.Duration          // guarded by mu
}

const perOctave = 16

// Add counts one.
func (l *Latencies) Add(d time.Duration) {
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

// Percentiles tells what share of requests was answered within which time.
type Percentiles struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p99_9_ms"`
	Max   float64 `json:"max_ms"`
}

// Percentiles tells how it stands.
func (l *Latencies) Percentiles() Percentiles {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Percentiles{
		Count: l.count, P50: l.at(500), P90: l.at(900), P99: l.at(990), P999: l.at(999), Max: Millis(l.longest),
	}
}

// at is the time within which so many of a thousand were answered, in
// milliseconds. mu is held.
func (l *Latencies) at(mille uint64) float64 {
	want, seen := (l.count*mille+999)/1000, uint64(0)
	for i, n := range l.buckets {
		if seen += n; n > 0 && seen >= want {
			return Millis(min(ceilingOf(i), l.longest))
		}
	}
	return 0
}

// Millis writes a duration in milliseconds, as results do.
func Millis(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
