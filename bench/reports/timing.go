package main

import (
	"slices"
	"time"
)

// timing is how long something took, measured several times.
type timing struct {
	all []time.Duration
	err error
}

// Runs of a question: first some that do not count, which bring what is read
// into memory, then the ones that count.
const (
	warmRuns  = 2
	quietRuns = 9
	liveRuns  = 15
)

// timed runs f; rest is called before every run and is not measured.
func timed(now func() time.Time, warm, runs int, rest func(), f func() error) (t timing) {
	for i := range warm + runs {
		rest()
		began := now()
		if err := f(); err != nil {
			return timing{err: err}
		}
		if i >= warm {
			t.all = append(t.all, now().Sub(began))
		}
	}
	return t
}

func (t *timing) known() bool { return t.err == nil && len(t.all) > 0 }

// at is the smallest that a share of all do not exceed.
func (t *timing) at(share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(t.all))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func (t *timing) median() time.Duration { return t.at(0.5) }
func (t *timing) max() time.Duration    { return slices.Max(t.all) }
