package segment

import (
	"errors"
	"fmt"
	"time"

	"homing"
)

// commitLoop is the committer: it makes one batch after the other durable, and
// seals the last segment when the spool is closed.
func (s *Spool) commitLoop() {
	defer close(s.done)
	for {
		b := s.take()
		if b == nil {
			break
		}
		answered := b.count
		kept := s.settle(b, s.store(b))
		s.leave(b)
		if kept {
			time.Sleep(retryBehind) // nobody but Behind's records may be waiting
		}
		s.gather(answered)
	}
	s.closeErr = errors.Join(s.finish(), s.droppedErr())
}

// take waits for a batch. It returns nil at the end.
func (s *Spool) take() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 && !s.closing && s.dead == nil {
		s.work.Wait()
	}
	if s.dead != nil {
		for _, b := range s.queue {
			b.release(0, s.dead)
		}
		s.queue = nil
	}
	if len(s.queue) == 0 {
		return nil
	}
	b := s.queue[0]
	s.queue = append(s.queue[:0], s.queue[1:]...)
	s.inflight, s.ticks = b, 0
	return b
}

// store writes a batch to the active segment and syncs it. If the write fails,
// that segment is left as it stands, and a fresh one is tried once.
func (s *Spool) store(b *batch) error {
	h, packed := s.packer.pack(b.header(s.Durable()), b.body)
	var failed error
	for range 2 {
		if err := s.makeRoom(int(h.stored)); err != nil {
			return unavailable(err)
		}
		began := s.lookAtClock()
		err := s.active.write(h, packed)
		if err == nil {
			if err := s.active.file.SyncData(); err != nil {
				return s.die(fmt.Errorf("couldn't sync segment %s: %w", s.active.name, err))
			}
			s.noteCommit(began)
			return nil
		}
		failed = fmt.Errorf("couldn't write to segment %s: %w", s.active.name, err)
		s.opts.Logger.Warn("segment given up", "error", failed)
		s.abandon()
	}
	return unavailable(failed)
}

// lookAtClock is for Options.Committed: nobody asks the clock if nobody is told.
func (s *Spool) lookAtClock() (now time.Time) {
	if s.opts.Committed != nil {
		now = s.opts.Clock()
	}
	return now
}

// noteCommit tells of a commit that began at a moment.
func (s *Spool) noteCommit(began time.Time) {
	if s.opts.Committed != nil {
		s.opts.Committed(s.lookAtClock().Sub(began))
	}
}

func unavailable(err error) error {
	if errors.Is(err, homing.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", homing.ErrUnavailable, err)
}

// retryBehind is how long after a failure records that nobody waits for are
// tried again. Appenders may have to wait for it, so it is short.
const retryBehind = 20 * time.Millisecond

// settle tells everybody what became of the batch. It returns true if records
// of it were kept for another attempt. The appenders are woken when the lock is
// free again: there may be hundreds, and the first ones come back with their next
// record while the last ones are still asleep.
func (s *Spool) settle(b *batch, err error) (kept bool) {
	kept, answered := s.note(b, err)
	if answered {
		b.wake()
	}
	return kept
}

// note writes down what became of the batch. The waiters are to be woken if it
// says that they are answered.
func (s *Spool) note(b *batch, err error) (kept, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight = nil
	s.waiting -= b.cost
	s.failing = err != nil
	if s.hung {
		s.hung = false
		s.opts.Logger.Warn("the spool's disk answers again", "dir", s.opts.Dir)
	}
	if err != nil {
		answered = b.settle(0, err)
		if s.dead != nil || s.closing {
			s.dropped += len(b.behind)
			return false, answered
		}
		return s.keepBehind(b), answered
	}
	first := s.Durable()
	s.durable.Store(uint64(first) + uint64(b.count))
	s.end, s.endSeal = s.active.off, s.active.seal
	answered = b.settle(first, nil)
	for f := range s.readers {
		f.nudge()
	}
	return false, answered
}

// keepBehind queues again the records of a failed batch that nobody waits for:
// they were taken on, and nobody will send them again. The lock is held.
func (s *Spool) keepBehind(b *batch) bool {
	if len(b.behind) == 0 {
		return false
	}
	records, err := decodeBody(nil, b.body, 0, int(b.count))
	if err != nil {
		panic(err) // we have just put it together
	}
	for _, i := range b.behind {
		r := records[i]
		next := s.openBatch(r.Data)
		next.behind = append(next.behind, next.add(r.Kind, r.At, r.Data))
		next.cost += len(r.Data) + recordCost
		s.waiting += len(r.Data) + recordCost
	}
	return true
}

// finish ends the active segment in order.
func (s *Spool) finish() error {
	if err := s.isDead(); err != nil || s.active == nil {
		if s.active != nil {
			_ = s.active.file.Close()
		}
		return err
	}
	return s.sealActive()
}

// droppedErr tells Close's caller that records nobody waited for are lost.
func (s *Spool) droppedErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped == 0 {
		return nil
	}
	return fmt.Errorf("%d records that nobody waited for could not be stored: %w", s.dropped, homing.ErrUnavailable)
}

// watch is the watchdog: it answers the appenders that have waited too long, and
// notes that the disk hangs. It counts ticks instead of arming a timer for each
// commit.
func (s *Spool) watch() {
	defer close(s.watchDone)
	tick := time.NewTicker(s.opts.Patience / patienceTicks)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.tick()
		}
	}
}

// patienceTicks is how many ticks of the watchdog are Options.Patience.
const patienceTicks = 8

func (s *Spool) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inflight == nil {
		return
	}
	s.ticks++
	if s.ticks > patienceTicks && !s.hung {
		s.hung = true
		s.opts.Logger.Error("the spool's disk does not answer", "dir", s.opts.Dir, "waited", s.opts.Patience)
	}
	s.inflight.impatient(s.hung)
	for _, b := range s.queue {
		b.impatient(s.hung)
	}
}

// impatient lets the waiters go if they have waited too long. Their records
// stay in the batch and may become durable. The spool's lock is held.
func (b *batch) impatient(hung bool) {
	b.age++
	if hung || b.age > patienceTicks {
		b.release(0, errHung)
	}
}
