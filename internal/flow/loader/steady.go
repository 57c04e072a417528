package loader

import (
	"fmt"
	"sync"
	"time"

	"homing"
)

// Whether the clock may be believed when it says that something is old.
//
// What is given up on a clock's word is gone for good, and a clock can stand years
// ahead for some minutes: a machine that starts without the right time, a mistake
// that is soon put right. The newest record is no witness against it, for what is
// recorded meanwhile carries the wrong time as well; nor are most of the recent
// ones, which in a quiet house come from one minute. What a wrong clock hardly does
// is to go on for long without being set. So:
//
//	the clock is believed when it has gone on for two days without a step,
//	while homing ran
//
// A step is more than two days forth, or an hour back, from one look at it to the
// next. So a night's sleep, a weekend's end or a restart is none; homing that was
// away for longer waits for two days. The time it has run is kept with the spool's
// mark, so that a house that is ended every evening gets there. While the clock is
// not believed, nothing is sealed, trimmed, passed over or given up, which costs
// room on the disk.
const (
	steadyFor homing.Millis = 48 * 60 * 60 * 1000
	stepForth homing.Millis = 48 * 60 * 60 * 1000
	stepBack  homing.Millis = 60 * 60 * 1000
)

// steady is how the clock has gone on. It is safe for concurrent use.
type steady struct {
	mu     sync.Mutex
	opened homing.Millis // guarded by mu: the clock when the loader was opened
	at     homing.Millis // guarded by mu: when it was last looked at
	ran    homing.Millis // guarded by mu: for how long without a step; steadyFor at most
	joined bool          // guarded by mu: what earlier runs have seen counts in ran, or never will
	step   string        // guarded by mu: the step since which it is not believed; empty if none is known
}

// steadyState is what is kept of it with the spool's mark.
type steadyState struct {
	At  homing.Millis `json:"at"`
	Ran homing.Millis `json:"ran"`
}

// isStep tells whether a clock that went from one moment to another has stepped.
func isStep(from, to homing.Millis) bool { return to > from+stepForth || to < from-stepBack }

// stepped begins to count anew. It needs s.mu.
func (s *steady) stepped(from, to homing.Millis) {
	by, way := to-from, "ahead of"
	if by < 0 {
		by, way = -by, "behind"
	}
	s.step = fmt.Sprintf("the clock stood at %s UTC, %s %s what was last seen of it; until it has gone on for two days without such a step, "+
		"no day is sealed or given up, and the spool is not trimmed", to.Time().Format("2006-01-02 15:04"),
		inWords(time.Duration(by)*time.Millisecond), way)
}

// open begins to count.
func (s *steady) open(now homing.Millis) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened, s.at = now, now
}

// look looks at the clock, when passed has gone by since the last look, or more.
func (s *steady) look(now, passed homing.Millis) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if isStep(s.at, now) {
		s.stepped(s.at, now)
		s.ran, s.joined = 0, true
	} else {
		s.ran = min(s.ran+passed, steadyFor)
	}
	if s.at = now; s.ran == steadyFor {
		s.step = ""
	}
}

// join counts in what an earlier run has seen; nil if that is not known, which is
// what a new house looks like, and one whose warehouse is lost.
func (s *steady) join(earlier *steadyState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined {
		return
	}
	s.joined = true
	switch {
	case earlier == nil:
	case isStep(earlier.At, s.opened):
		s.stepped(earlier.At, s.opened)
	default:
		s.ran = min(s.ran+earlier.Ran, steadyFor)
	}
}

// state is what the next run is to know.
func (s *steady) state() *steadyState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &steadyState{At: s.at, Ran: s.ran}
}

// believes tells whether the clock, which says now, is believed.
func (s *steady) believes(now homing.Millis) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ran == steadyFor && !isStep(s.at, now)
}

// trouble tells people since which step the clock is not believed; empty if it is,
// or is only new.
func (s *steady) trouble() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.step
}

// ClockIsSteady tells whether the clock has gone on without a step for two days
// while homing ran, here and in runs before: then it is believed when it says that
// something is old.
func (l *Loader) ClockIsSteady() bool { return l.steady.believes(l.now()) }

// lookAtClock is for who looks every so often.
func (l *Loader) lookAtClock(every time.Duration) {
	l.steady.look(l.now(), homing.MillisIn(every))
	if step := l.steady.trouble(); step != "" {
		l.tell(noticeClock, step)
	} else {
		l.quiet(noticeClock)
	}
}
