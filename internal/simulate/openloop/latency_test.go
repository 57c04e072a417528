package openloop

import (
	"testing"
	"time"
)

func TestPercentiles(t *testing.T) {
	var l Latencies
	for ms := 1; ms <= 1000; ms++ {
		l.Add(time.Duration(ms) * time.Millisecond)
	}
	p := l.Percentiles()
	for name, pair := range map[string][2]float64{
		"p50": {p.P50, 500}, "p90": {p.P90, 900}, "p99": {p.P99, 990}, "max": {p.Max, 1000},
	} {
		if got, want := pair[0], pair[1]; got < want || got > want*1.07 {
			t.Errorf("%s is %v ms, want %v", name, got, want)
		}
	}
	for us := range uint64(100_000) {
		b := bucketOf(us)
		if c := uint64(ceilingOf(b) / time.Microsecond); c < us || c > us+us/16+1 || b > 0 && uint64(ceilingOf(b-1)/time.Microsecond) >= us {
			t.Fatalf("%d µs are in bucket %d up to %d µs", us, b, c)
		}
	}
}
