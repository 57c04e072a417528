package edge

import (
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// overload refuses requests when there is too little processor for all.
//
// What waits for the processor waits where nobody counts it: in sockets, in the
// kernel's list of sockets that have something, in the scheduler's queues. So
// the wait itself is measured, by a letter that the doors post to themselves
// through the same queues, a byte in a pipe. If it keeps arriving late, there is
// an overload, and from then on only so many requests a second are taken on as
// make it arrive just at queueTarget: fewer when it is later, more when it is
// earlier. The others are refused before anything is done for them.
//
// A refusal costs nearly as much as a click, because most of it is the kernel's
// work. If it were given at once, whoever asks again at once would get the next
// one, and soon the doors would do nothing but refuse. So it is held back until
// answerBy after the request came, on a timer: a connection that waits for its
// refusal asks nothing. So many connections may ask without pause that this is
// not enough; then, rather than giving up what is still served, refusals are held
// back for longer, see mostRefusals.
//
// Clicks and postbacks are refused alike. A sender may repeat a postback, but not
// all do, and they are so few among the clicks that letting them go first, or
// last, would change nothing.
//
// While nothing is refused, a request pays two loads of what rarely changes. admit
// is safe for concurrent use, the rest is for one goroutine,
// except for letter.
type overload struct {
	refusing atomic.Bool
	left     atomic.Int64 // requests that may be taken on in this step; below 0: refused in it
	hold     atomic.Int64 // nanoseconds that a refusal is held back, at least
	spread   atomic.Int64 // and up to so many more, so that they do not come again all at once
	letter   letter
	busy     busy

	// All below belong to step.

	last     time.Duration // of the last step
	requests uint32        // counted at the last step
	late     int           // steps on end for which the wait has been long
	calm     time.Duration // how long nobody has been refused
	rate     float64       // requests a second that are taken on
	least    float64       // which is at least so many
	given    int64         // requests that could be taken on in this step
	carry    float64       // part of a request that they could not
	patience time.Duration // longest time until a refusal is answered
	taken    float64       // of the last steps, the younger the more, as refused
	refused  float64
}

const (
	// queueTarget is how long a request may wait for the processor, in an
	// overload. The shorter it is, the fewer requests wait, and the more are
	// refused.
	queueTarget = 20 * time.Millisecond
	// answerBy is when a refusal is answered after the request came. It is
	// promised within 50 ms; the rest is for what waited longer than the letter, and
	// for what the timer and the network take.
	answerBy = 24 * time.Millisecond
	// latest is when it is answered at the latest: when Retry-After is over.
	latest = time.Second
	// mostRefusals for each request that is taken on are answered by answerBy:
	// they take about a third of the processor.
	mostRefusals = 0.5
	// leastShare of what was served when it began is always taken on.
	leastShare = 0.25
	// mostUnused is how far the rate may be above what is asked for.
	mostUnused = 1.25
	// keepTime is for how long what may be taken on is kept, if it is not needed.
	keepTime = queueTarget
	// crowd is how many requests may wait whatever the time it takes. If so few wait
	// for long, the processor is somewhere else, and does not come back for what is
	// refused. As many may wait as there are connections that ask: those that are
	// merely open do not wait.
	crowd = 128
	// stepTime is the time between two looks, idleStep with fewer connections.
	stepTime, idleStep = 5 * time.Millisecond, 50 * time.Millisecond
	// lateSteps with a long wait on end are an overload: not a moment in which
	// something else was done.
	lateSteps = 2
	// busyTime is for how long a connection that has asked may ask again soon.
	busyTime = time.Second
	// calmTime without a refusal is the end of it.
	calmTime = time.Second
	// memoryTime is how long what is counted weighs.
	memoryTime = 100 * time.Millisecond
	// pull is by what factor the rate would change in a second, if the wait were
	// off by all of queueTarget.
	pull = 4.0
	// hardPull is the same while hardly anything waits and yet something is refused.
	hardPull = 20.0
)

// admit tells whether a request is taken on, and if not, for how long its
// refusal is to be held back.
func (o *overload) admit() (hold time.Duration, ok bool) {
	if !o.refusing.Load() || o.left.Add(-1) >= 0 {
		return 0, true
	}
	hold = time.Duration(o.hold.Load())
	if spread := o.spread.Load(); spread > 0 {
		hold += time.Duration(rand.Int64N(spread))
	}
	return hold, false
}

// step looks how it stands, at a time since the doors opened. requests counts
// all that have come.
func (o *overload) step(now time.Duration, requests uint32, connections int) {
	elapsed := max(now-o.last, time.Microsecond)
	came := float64(requests - o.requests)
	o.last, o.requests = now, requests
	wait := o.letter.wait(now)
	if !o.refusing.Load() {
		fresh := min(1, elapsed.Seconds()/memoryTime.Seconds())
		o.rate = max(came/elapsed.Seconds(), o.rate+(came/elapsed.Seconds()-o.rate)*fresh)
		if o.late++; wait < o.target() || connections < crowd {
			o.late = 0
		}
		if o.late < lateSteps {
			return
		}
		o.late, o.calm, o.given, o.taken, o.refused = 0, 0, 0, 0, 0
		o.patience, o.least = answerBy, o.rate*leastShare
		o.left.Store(0)
		o.adjust(wait, elapsed)
		o.refusing.Store(true)
		return
	}
	o.adjust(wait, elapsed)
	if o.calm >= calmTime {
		o.refusing.Store(false)
	}
}

// target is how long a request may wait.
func (o *overload) target() time.Duration {
	if o.rate < 1 {
		return time.Hour
	}
	return max(queueTarget, time.Duration(crowd/o.rate*float64(time.Second)))
}

// adjust gives out what may be taken on until the next step.
func (o *overload) adjust(wait, elapsed time.Duration) {
	left := o.left.Load()
	refused := max(-left, 0)
	fade := max(0, 1-elapsed.Seconds()/memoryTime.Seconds())
	o.taken = o.taken*fade + float64(o.given-max(left, 0))
	o.refused = o.refused*fade + float64(refused)
	if o.calm += elapsed; refused > 0 {
		o.calm = 0
	}
	ratio := wait.Seconds() / o.target().Seconds()
	// A rate that is far from used says nothing of what is possible.
	if used := o.taken / memoryTime.Seconds(); ratio > 1 || o.rate < mostUnused*used {
		strength := pull
		if ratio < 0.5 && o.refused > 0 { // refused, and nobody waits
			strength = hardPull
		}
		o.rate *= 1 + strength*max(1-ratio, -1)*min(elapsed.Seconds(), memoryTime.Seconds())
	}
	o.rate = max(o.rate, o.least)
	// What was not needed is kept for a moment: what waited for one commit comes
	// back all at once.
	more := o.rate * elapsed.Seconds() * max(2-ratio, leastShare)
	o.carry += min(float64(max(left, 0))+more, o.rate*keepTime.Seconds())
	o.given = int64(o.carry)
	o.carry -= float64(o.given)
	o.left.Store(o.given)

	change := 1 + elapsed.Seconds()/memoryTime.Seconds()
	if refused > 0 && o.refused > mostRefusals*(o.taken+1) {
		o.patience = min(time.Duration(float64(o.patience)*change), latest)
	} else {
		o.patience = max(time.Duration(float64(o.patience)/change), answerBy)
	}
	o.hold.Store(int64(max(answerBy-wait, 0)))
	o.spread.Store(int64(o.patience - answerBy))
}

// busy counts the connections that ask something, in periods of busyTime. turn and
// count are for one goroutine, note is safe for concurrent use.
type busy struct {
	period atomic.Uint32 // the present one
	asked  atomic.Int32  // connections that asked in it
	before int32         // that asked in the one before
	since  time.Duration // when the present one began
}

// note is told of every request.
func (b *busy) note(c *conn) {
	if p := b.period.Load() + 1; c.asked.Load() != p { // 0 is never
		c.asked.Store(p)
		b.asked.Add(1)
	}
}

// count is how many connections asked in this period or the one before, whichever
// had more.
func (b *busy) count(now time.Duration) int {
	if now-b.since >= busyTime {
		b.before = b.asked.Swap(0)
		b.period.Add(1)
		b.since = now
	}
	return int(max(b.asked.Load(), b.before))
}

// letter measures how long what comes waits until it is looked at.
type letter struct {
	mu     sync.Mutex
	posted time.Duration // guarded by mu: when the present one was
	under  bool          // guarded by mu: there is a present one
	took   time.Duration // guarded by mu: the last one that arrived
}

// post notes that one is posted, unless one is under way.
func (l *letter) post(now time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.under {
		return false
	}
	l.posted, l.under = now, true
	return true
}

// arrived notes that it has arrived.
func (l *letter) arrived(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took, l.under = now-l.posted, false
}

// wait is how long what arrives now has waited, as far as is known.
func (l *letter) wait(now time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.under {
		return max(l.took, now-l.posted)
	}
	return l.took
}

// watch looks for an overload until the doors are shut.
func (e *Edge) watch() {
	began := e.options.Clock()
	since := func() time.Duration { return e.options.Clock().Sub(began) }
	in, out, err := os.Pipe()
	if err != nil {
		e.options.Log.Error("an overload of the processor will not be noticed", "error", err)
		return
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		var b [1]byte
		for {
			if _, err := in.Read(b[:]); err != nil {
				return // it is closed
			}
			e.overload.letter.arrived(since())
		}
	})
	defer reading.Wait()
	defer in.Close()
	defer out.Close()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-e.shut:
			return
		case <-pause.C:
		}
		now := since()
		connections := min(e.overload.busy.count(now), e.conns.count())
		e.overload.step(now, e.requests.Load(), connections)
		if connections < crowd && !e.overload.refusing.Load() {
			pause.Reset(idleStep)
			continue
		}
		pause.Reset(stepTime)
		if e.overload.letter.post(now) {
			_, _ = out.Write([]byte{1}) // it has room for one
		}
	}
}
