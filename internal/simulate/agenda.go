package simulate

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"homing"
)

// job is something to be done against the server.
type job interface {
	// do carries it out. due is when it should have been sent: latency is
	// measured from there, so that a slow server cannot slow down its own
	// examination.
	do(w *worker, due time.Time)
}

// appointment is a job with the moment it is due.
type appointment struct {
	due time.Time
	job job
}

// agenda is what is to be done and when: an open loop. Its length is bounded by
// what is outstanding, for clicks are planned one ahead. It is safe for
// concurrent use.
type agenda struct {
	clock homing.Clock
	wake  chan struct{} // capacity 1: something earlier was added, or all is done

	mu     sync.Mutex
	queue  appointments // guarded by mu
	open   int          // guarded by mu: handed out and not done, and holds
	closed bool         // guarded by mu
}

func newAgenda(clock homing.Clock) *agenda {
	return &agenda{clock: clock, wake: make(chan struct{}, 1)}
}

// add plans a job, unless the agenda is closed.
func (a *agenda) add(due time.Time, j job) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	heap.Push(&a.queue, appointment{due, j})
	if a.queue[0].due.Equal(due) {
		a.nudge()
	}
}

// hold keeps the agenda from ending until done is called: something else may
// still plan jobs.
func (a *agenda) hold() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open++
}

// done tells that a job that was handed out has been carried out.
func (a *agenda) done() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open--; a.open == 0 {
		a.nudge()
	}
}

func (a *agenda) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// close drops what is planned and whatever comes after.
func (a *agenda) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed, a.queue = true, nil
	a.nudge()
}

// take removes the first job if it is due. If none is, wait tells how long
// until one will be; ended, that there is and will be none.
func (a *agenda) take(now time.Time) (next appointment, wait time.Duration, ended bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == 0 {
		return next, time.Hour, a.open == 0 || a.closed
	}
	if wait = a.queue[0].due.Sub(now); wait > 0 {
		return next, wait, false
	}
	a.open++
	return heap.Pop(&a.queue).(appointment), 0, false
}

// run hands out every job when it is due, or later if nobody is free to take
// it, until there is none left or ctx is done. It closes out.
func (a *agenda) run(ctx context.Context, out chan<- appointment) {
	defer close(out)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		next, wait, ended := a.take(a.clock())
		if ended {
			return
		}
		if next.job != nil {
			select {
			case out <- next:
			case <-ctx.Done():
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-a.wake:
		case <-ctx.Done():
		}
	}
}

// appointments is a heap, the earliest first.
type appointments []appointment

func (q appointments) Len() int           { return len(q) }
func (q appointments) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q appointments) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *appointments) Push(x any)        { *q = append(*q, x.(appointment)) }
func (q *appointments) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = appointment{}
	*q = (*q)[:last]
	return x
}
