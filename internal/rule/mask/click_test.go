package mask

import (
	"regexp"
	"strings"
	"testing"

	"homing"
)

func TestHasRun(t *testing.T) {
	run := strings.Repeat("a", homing.MinKeyLen)
	for before := range 40 {
		for _, n := range []int{homing.MinKeyLen - 1, homing.MinKeyLen, homing.MinKeyLen + 5} {
			text := strings.Repeat("-", before) + strings.Repeat("a", n) + "-" + run[:10] + "."
			if got := HasRun([]byte(text)); got != (n >= homing.MinKeyLen) {
				t.Errorf("%q: %v", text, got)
			}
		}
	}
}

func FuzzHasRun(f *testing.F) {
	run := regexp.MustCompile(`[0-9A-Za-z%]{16}`)
	f.Add([]byte("aaaaaaaaaaaaaaa-aaaaaaaaaaaaaaaa"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := HasRun(text), run.Match(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	})
}

func BenchmarkHasRun(b *testing.B) {
	ua := []byte(strings.Repeat("Mozilla/5.0 (X11; Linux) ", 6))
	for b.Loop() {
		HasRun(ua[:150])
	}
}
