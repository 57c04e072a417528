//go:build !race

// Pools forget under the race detector, so nothing can be said of allocations.

package history

import "testing"

// TestAllocationsFromEndToEnd: nothing is allocated but what is told here. What
// happens now and then, beside requests, is not counted.
//
// One byte of each request is fasthttp's, which reads it by itself so that no
// connection holds a buffer while it waits (acquireByteReader, ReduceMemoryUsage):
// it hands a variable of its own to an interface, so that it lies on the heap. The
// door alone allocates nothing, see the edge's TestHotPathsDoNotAllocate.
func TestAllocationsFromEndToEnd(t *testing.T) {
	d := open(t)
	for _, c := range []struct {
		door string
		most float64
		why  string
	}{
		{"click", 1, "fasthttp's byte"},
		{"postback", 2, "fasthttp's byte; the texts that the journal keeps (edge, recordPostback)"},
		{"lead", 3, "the same, and what stands in place of the key (Keyring.MaskOf)"},
	} {
		visitor := d.client(t, c.door)
		again := func() {
			if err := visitor.ask(); err != nil {
				t.Fatal(err)
			}
		}
		for range 500 { // pools and buffers fill
			again()
		}
		if n := testing.AllocsPerRun(1000, again); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v: %s", c.door, n, c.most, c.why)
		} else {
			t.Logf("%s: %v allocations", c.door, n)
		}
	}
}
