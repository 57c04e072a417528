package simulate

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestProgressCountsNoFurtherThanTheEnd says that the run is finishing, instead
// of "35 of 30 s".
func TestProgressCountsNoFurtherThanTheEnd(t *testing.T) {
	began := time.UnixMilli(0)
	for past, want := range map[time.Duration]string{
		0:                        "  0 of 30 s   0 clicks",
		1500 * time.Millisecond:  "  1 of 30 s   0 clicks",
		29999 * time.Millisecond: " 29 of 30 s   0 clicks",
		30 * time.Second:         "finishing   0 clicks",
		35 * time.Second:         "finishing   0 clicks",
	} {
		var out bytes.Buffer
		now := began.Add(past)
		g := &progress{out: &out, play: &play{clock: func() time.Time { return now }}, began: began, length: 30 * time.Second}
		g.show()
		if got := out.String(); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("after %s: %q, want %q", past, got, want)
		}
	}
}
