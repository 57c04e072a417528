package postgres

import (
	"context"
	"sync"
	"sync/atomic"

	"homing"
	"homing/internal/engine/ledger"
)

// job is one claim on its way through a writer. Two hold it, its caller and
// the queue; the caller may let go early (time-out, cancelled context), so the
// last one to let go puts it back into the pool. That is why everything a job
// works on is its own.
type job struct {
	claim claim
	out   ledger.Decision // the writer's until the answer is given
	err   error           // the claim's own, if the batch commits; the writer's
	since uint32          // the queue's tick when it came; under queue.mu

	answered atomic.Bool // the first to set it gives the answer
	answer   chan error  // room for one
	holders  atomic.Int32
}

// claim is a ledger.Claim with bytes of its own.
type claim struct {
	ledger.Claim
	click [homing.OriginLen]byte
	bare  bool // of an erased click: its lead is a hash already, and no receipt is kept
}

// keepBytes bounds the buffers that a job in the pool holds on to.
const keepBytes = 16 << 10

// remember copies c; the buffers of an earlier claim are used again.
func (k *claim) remember(c *ledger.Claim) {
	lead, receipt := k.Lead[:0], k.Receipt[:0]
	k.Claim = *c
	k.Lead = append(lead, c.Lead...)
	k.Receipt = append(receipt, c.Receipt...)
	k.click = c.Click.Pack()
	k.bare = false
}

func (k *claim) forget() {
	lead, receipt := k.Lead[:0], k.Receipt[:0]
	if cap(receipt) > keepBytes {
		receipt = nil
	}
	k.Claim = ledger.Claim{Lead: lead, Receipt: receipt}
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
	j.err = nil
	j.answered.Store(false)
	j.claim.forget()
	jobs.Put(j)
}

// wait returns the answer. It gives up with ctx; then the claim may still be
// carried out.
func (j *job) wait(ctx context.Context) error {
	select {
	case err := <-j.answer:
		return err
	case <-ctx.Done():
		return gaveUp(ctx)
	}
}

// queue holds claims between their callers and the writers. Time is counted in
// ticks of the watchdog, so that a call costs no timer and reads no clock.
type queue struct {
	most     int // claims waiting
	maxBatch int
	patience uint32        // ticks until a claim is given up
	wake     chan struct{} // room for one per writer

	mu      sync.Mutex
	tick    uint32
	waiting []*job   // oldest first
	running [][]*job // the batch in each writer's hands; the slices are the writers'
	closed  error    // why no claim is taken any more
}

func newQueue(o *Options, patience uint32) *queue {
	return &queue{most: o.MaxQueue, maxBatch: o.MaxBatch, patience: patience,
		wake: make(chan struct{}, o.Writers), running: make([][]*job, o.Writers)}
}

// push takes a claim on, or says why not.
func (q *queue) push(j *job) error {
	q.mu.Lock()
	switch {
	case q.closed != nil:
		defer q.mu.Unlock()
		return q.closed
	case len(q.waiting) >= q.most:
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

// take waits for claims and moves the oldest into a writer's batch. It returns
// none when the queue is closed and empty.
func (q *queue) take(writer int, batch []*job) []*job {
	q.mu.Lock()
	for {
		if n := min(len(q.waiting), q.maxBatch); n > 0 {
			batch = append(batch, q.waiting[:n]...)
			rest := copy(q.waiting, q.waiting[n:])
			clear(q.waiting[rest:])
			q.waiting = q.waiting[:rest]
			q.running[writer] = batch
			q.mu.Unlock()
			if rest > 0 {
				q.rouse()
			}
			return batch
		}
		closed := q.closed != nil
		q.mu.Unlock()
		if closed {
			q.rouse() // the next writer
			return nil
		}
		<-q.wake
		q.mu.Lock()
	}
}

// done answers a batch: each claim with its own error if the batch was committed,
// else all with the batch's.
func (q *queue) done(writer int, batch []*job, batchErr error) {
	q.mu.Lock()
	q.running[writer] = nil // from here on the watchdog leaves these claims alone
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
// that no writer has begun is dropped; one in a writer's hands may be found
// committed later.
func (q *queue) expire() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tick++
	for _, batch := range q.running {
		for _, j := range batch {
			if q.tick-j.since > q.patience {
				j.finish(errSlow)
			}
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

// close takes no more claims; those that wait are still carried out.
func (q *queue) close(why error) {
	q.mu.Lock()
	if q.closed == nil {
		q.closed = why
	}
	q.mu.Unlock()
	q.rouse()
}
