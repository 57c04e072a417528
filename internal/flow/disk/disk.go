// Package disk watches the space where homing keeps its data: how much is left,
// and when it will be full if it goes on as it did.
//
// It keeps a sample an hour, for a week, and has them kept elsewhere besides (see
// Remember), so that the forecast goes on after a restart. Without any it takes an
// hour before there is one.
package disk

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"homing"
)

const (
	// every is how often a sample is kept, span how far back they reach.
	every homing.Millis = 60 * 60 * 1000
	span  homing.Millis = 7 * 24 * 60 * 60 * 1000
	// least is how long must have been seen before anything is foretold.
	least homing.Millis = 60 * 60 * 1000
	// farthest is the latest day that is foretold; what lies beyond is "years".
	farthest = 10 * 365 * 24 * time.Hour
)

// Space is what a file system has, in bytes. Free is what may still be written.
type Space struct{ Free, Total int64 }

// Gauge asks for the space and remembers how it became less. It is safe for
// concurrent use.
type Gauge struct {
	ask    func() (Space, error)
	keep   func([]Sample)
	asking chan struct{} // has one while ask is under way: a disk that hangs answers nobody

	mu      sync.Mutex
	samples []Sample // guarded by mu: oldest first
	last    *State   // guarded by mu: nil = never
}

// Sample is what there was at a moment, in bytes.
type Sample struct {
	At    homing.Millis `json:"at"`
	Free  int64         `json:"free"`
	Total int64         `json:"total"`
}

// New makes a gauge over what tells the space.
func New(ask func() (Space, error)) *Gauge {
	return &Gauge{ask: ask, keep: func([]Sample) {}, asking: make(chan struct{}, 1)}
}

// Remember goes on from samples of an earlier run, oldest first, and has keep
// called, once an hour, with all that the next run should know. It is to be called
// before the first Look. keep may wait for the disk: nobody waits for it.
func (g *Gauge) Remember(earlier []Sample, keep func([]Sample)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.samples, g.keep = slices.Clone(earlier), keep
}

// State is how the disk is doing.
type State struct {
	Space
	// Full is how long until nothing is left, at the growth of the last Seen; 0 =
	// nothing can be foretold, or it does not fill up.
	Full time.Duration
	Seen time.Duration
}

// Last is what the last look found, without waiting; false if there was none.
func (g *Gauge) Last() (State, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == nil {
		return State{}, false
	}
	return *g.last, true
}

// Look asks for the space now. It waits no longer than ctx, also for a disk that
// hangs.
func (g *Gauge) Look(ctx context.Context, now homing.Millis) (State, error) {
	select {
	case g.asking <- struct{}{}:
	default:
		return State{}, fmt.Errorf("%w: the disk does not tell how much is left on it", homing.ErrUnavailable)
	}
	type answer struct {
		State
		error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		if space, err := g.ask(); err != nil {
			a.error = fmt.Errorf("couldn't ask for the disk's space: %w", err)
		} else {
			state, fresh := g.note(space, now)
			if a.State = state; fresh != nil {
				g.keep(fresh)
			}
		}
		<-g.asking
		answers <- a
	}()
	select {
	case a := <-answers:
		return a.State, a.error
	case <-ctx.Done():
		return State{}, ctx.Err()
	}
}

// note takes a look down. It returns all samples if one of them is new.
func (g *Gauge) note(space Space, now homing.Millis) (s State, fresh []Sample) {
	g.mu.Lock()
	defer g.mu.Unlock()
	// A sample of another disk, or of one that was made larger, tells nothing of
	// how it fills up; nor does one of a clock that was set back.
	g.samples = slices.DeleteFunc(g.samples, func(s Sample) bool {
		return s.Total != space.Total || s.At > now || now-s.At > span
	})
	if n := len(g.samples); n == 0 || now-g.samples[n-1].At >= every {
		g.samples = append(g.samples, Sample{now, space.Free, space.Total})
		fresh = slices.Clone(g.samples)
	}
	s = State{Space: space}
	s.foretell(g.samples[0], now)
	g.last = &s
	return s, fresh
}

// foretell works out when the disk is full, from what was free at first.
func (s *State) foretell(first Sample, now homing.Millis) {
	took := now - first.At
	if took < least {
		return
	}
	s.Seen = time.Duration(took) * time.Millisecond
	used := first.Free - s.Free
	if used <= 0 {
		return
	}
	left := float64(s.Free) / float64(used) * float64(took) // of sizes, not of money
	s.Full = farthest
	if left < float64(farthest.Milliseconds()) {
		s.Full = max(time.Duration(left)*time.Millisecond, time.Minute)
	}
}

// Low tells that something should be done: under a tenth, or under 2 GiB.
func (s State) Low() bool { return s.Free < s.Total/10 || s.Free < 2<<30 }

// Well tells that it is no longer low, by a margin.
func (s State) Well() bool { return s.Free >= s.Total/100*12 && s.Free >= 5<<29 }

// Percent is how much is free, rounded down.
func (s State) Percent() int64 {
	if s.Total <= 0 {
		return 0
	}
	return s.Free / max(s.Total/100, 1)
}

// Forecast says in words when the disk is full.
func (s State) Forecast() string {
	switch {
	case s.Seen == 0:
		return "When it is full can be foretold after an hour of running."
	case s.Full == 0:
		return fmt.Sprintf("It has not filled up in the last %s.", inWords(s.Seen))
	case s.Full >= farthest:
		return fmt.Sprintf("At the growth of the last %s it lasts for years.", inWords(s.Seen))
	}
	return fmt.Sprintf("At the growth of the last %s it is full in about %s.", inWords(s.Seen), inWords(s.Full))
}

// inWords writes a length of time in the largest unit that has two of it.
func inWords(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%d.%d GiB", n>>30, (n&(1<<30-1))*10>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}
