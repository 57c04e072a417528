package show

import (
	"slices"
	"time"
)

// Timing is how long something took, measured several times; or why it failed.
type Timing struct {
	All []time.Duration
	Err error
}

// Timed runs f; rest is called before every run and is not measured.
func Timed(now func() time.Time, warm, runs int, rest func(), f func() error) (t Timing) {
	for i := range warm + runs {
		rest()
		began := now()
		if err := f(); err != nil {
			return Timing{Err: err}
		}
		if i >= warm {
			t.All = append(t.All, now().Sub(began))
		}
	}
	return t
}

// Known tells whether there are times.
func (t *Timing) Known() bool { return t.Err == nil && len(t.All) > 0 }

// At is the smallest that a share of all do not exceed.
func (t *Timing) At(share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(t.All))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// Median and Max are the middle one and the slowest.
func (t *Timing) Median() time.Duration { return t.At(0.5) }
func (t *Timing) Max() time.Duration    { return slices.Max(t.All) }
