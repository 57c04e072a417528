package latency

import (
	"strings"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	var h Histogram
	for d, want := range map[time.Duration]int{
		0: 0, 63 * time.Microsecond: 0, 64 * time.Microsecond: 1, 127 * time.Microsecond: 1, 128 * time.Microsecond: 2,
		time.Hour: buckets - 1, -time.Second: 0,
	} {
		before := h.counts[want].Load()
		if h.Note(d); h.counts[want].Load() != before+1 {
			t.Errorf("%s is not in bucket %d", d, want)
		}
	}
}

func TestWrite(t *testing.T) {
	var h Histogram
	h.Note(time.Millisecond)
	h.Note(time.Hour)
	for labels, want := range map[string][]string{
		`door="click"`: {
			`s_bucket{door="click",le="0.000512"} 0`, `s_bucket{door="click",le="0.001024"} 1`,
			`s_bucket{door="click",le="4.194304"} 1`, `s_bucket{door="click",le="+Inf"} 2`,
			`s_sum{door="click"} 3600.001`, `s_count{door="click"} 2`,
		},
		"": {`s_bucket{le="+Inf"} 2`, `s_sum 3600.001`, `s_count 2`},
	} {
		var out strings.Builder
		h.Write(&out, "s", labels)
		for _, line := range want {
			if !strings.Contains("\n"+out.String(), "\n"+line+"\n") {
				t.Errorf("no %s in\n%s", line, out.String())
			}
		}
	}
}
