package sqlite

import (
	"context"
	"sync"
	"sync/atomic"
)

// job is one write on its way through the writer. Two hold it, its caller and
// the queue; the caller may let go early (time-out, cancelled context), so the
// last one to let go puts it back into the pool. That is why everything a job
// works on is its own.
type job struct {
	claim claim               // what is to be done, if run is nil
	run   func(*writer) error // all other writes; may be called twice, see writer.carryOut
	out   decision            // of a claim; the writer's until the answer is given
	err   error               // the job's own, if the batch commits; the writer's
	since uint32              // the queue's tick when it came; under queue.mu

	answered atomic.Bool // the first to set it gives the answer
	answer   chan error  // room for one
	holders  atomic.Int32
}

var jobs = sync.Pool{New: func() any { return &job{answer: make(chan error, 1)} }}

func newJob() *job {
	j := jobs.Get().(*job)
	j.holders.Store(2)
	return j
}

// finish gives the caller its answer, unless it has one.
func (j *job) finish(err error) {
	if j.answered.CompareAndSwap(false, true) {
		j.answer <- err
	}
}

func (j *job) release() {
	if j.holders.Add(-1) > 0 {
		return
	}
	select {
	case <-j.answer: // nobody waited for it
	default:
	}
	j.run, j.err = nil, nil
	j.answered.Store(false)
	j.claim.forget()
	jobs.Put(j)
}

// wait returns the answer. It gives up with ctx; then the job may still be
// carried out.
func (j *job) wait(ctx context.Context) error {
	if ctx.Done() == nil { // the postback door's: one channel is cheaper to wait for than two
		return <-j.answer
	}
	select {
	case err := <-j.answer:
		return err
	case <-ctx.Done():
		return gaveUp(ctx)
	}
}

// queue holds the jobs between their callers and the writer. Time is counted
// in ticks of the watchdog, so that a call costs no timer and reads no clock.
type queue struct {
	maxClaims int // claims waiting
	maxBatch  int
	patience  uint32 // ticks until a job is given up
	wake      chan struct{}

	mu      sync.Mutex
	tick    uint32
	waiting []*job // oldest first
	running []*job // the batch in the writer's hands; the slice is the writer's
	closed  error  // why no job is taken any more
}

// otherJobs is how many jobs fit beyond full claims: a flood of postbacks must
// not lock the operator out.
const otherJobs = 1024

func newQueue(maxClaims, maxBatch int, patience uint32) *queue {
	return &queue{maxClaims: maxClaims, maxBatch: maxBatch, patience: patience, wake: make(chan struct{}, 1)}
}

// push takes a job on, or says why not.
func (q *queue) push(j *job) error {
	most := q.maxClaims
	if j.run != nil {
		most += otherJobs
	}
	q.mu.Lock()
	if q.closed != nil {
		defer q.mu.Unlock()
		return q.closed
	}
	if len(q.waiting) >= most {
		q.mu.Unlock()
		return errQueue
	}
	j.since = q.tick
	q.waiting = append(q.waiting, j)
	q.mu.Unlock()
	q.rouse()
	return nil
}

func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for jobs and moves the oldest into batch. It returns none when
// the queue is closed and empty.
func (q *queue) take(batch []*job) []*job {
	for {
		q.mu.Lock()
		if n := min(len(q.waiting), q.maxBatch); n > 0 {
			batch = append(batch, q.waiting[:n]...)
			rest := copy(q.waiting, q.waiting[n:])
			clear(q.waiting[rest:])
			q.waiting = q.waiting[:rest]
			q.running = batch
			q.mu.Unlock()
			return batch
		}
		closed := q.closed != nil
		q.mu.Unlock()
		if closed {
			return nil
		}
		<-q.wake
	}
}

// done answers a batch: each job with its own error if the batch was committed,
// else all with the batch's.
func (q *queue) done(batch []*job, batchErr error) {
	q.mu.Lock()
	q.running = nil // from here on the watchdog leaves these jobs alone
	q.mu.Unlock()
	for i, j := range batch {
		err := batchErr
		if err == nil {
			err = j.err
		}
		j.finish(err)
		j.release()
		batch[i] = nil
	}
}

// expire moves time on by a tick and answers those that waited too long. One
// that the writer has not begun is dropped; one in its hands may be found
// committed later.
func (q *queue) expire() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tick++
	for _, j := range q.running {
		if q.tick-j.since > q.patience {
			j.finish(errSlow)
		}
	}
	old := 0
	for old < len(q.waiting) && q.tick-q.waiting[old].since > q.patience {
		q.waiting[old].finish(errSlow)
		q.waiting[old].release()
		old++
	}
	rest := copy(q.waiting, q.waiting[old:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
}

// close takes no more jobs; those that wait are still carried out.
func (q *queue) close(why error) {
	q.mu.Lock()
	if q.closed == nil {
		q.closed = why
	}
	q.mu.Unlock()
	q.rouse()
}
