package segment

import (
	"fmt"

	"homing"
	"homing/internal/engine/spool"
)

// recordCost is what a waiting record takes beside its data.
const recordCost = 16

// Append adds a record and returns its position once it is durable.
func (s *Spool) Append(kind spool.Kind, at homing.Millis, data []byte) (spool.Position, error) {
	b, i, err := s.enqueue(kind, at, data, true)
	if err != nil {
		return 0, err
	}
	b.done.Wait()
	first, err := b.first, b.err
	s.leave(b)
	if err != nil {
		return 0, err
	}
	return first + spool.Position(i), nil
}

// Behind adds a record that nobody waits for. It survives a full disk in
// memory, and a hanging one until the queue is full.
func (s *Spool) Behind(kind spool.Kind, at homing.Millis, data []byte) error {
	_, _, err := s.enqueue(kind, at, data, false)
	return err
}

// enqueue puts a record into the open batch. Who waits becomes a holder of the
// batch.
func (s *Spool) enqueue(kind spool.Kind, at homing.Millis, data []byte, wait bool) (*batch, uint32, error) {
	if kind == 0 || kind > spool.MaxKind {
		return nil, 0, fmt.Errorf("record kind %d: %w", kind, homing.ErrInvalid)
	}
	if len(data) > spool.MaxRecord {
		return nil, 0, fmt.Errorf("record of %d bytes: %w", len(data), homing.ErrInvalid)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refusal(len(data), wait); err != nil {
		return nil, 0, err
	}
	b := s.openBatch(data)
	i := b.add(kind, at, data)
	b.cost += len(data) + recordCost
	s.waiting += len(data) + recordCost
	if wait {
		b.refs.Add(1)
	} else {
		b.behind = append(b.behind, i)
	}
	s.crowd.came(b.count)
	return b, i, nil
}

// refusal tells why a record is not taken on. The lock is held.
func (s *Spool) refusal(size int, wait bool) error {
	switch {
	case s.dead != nil:
		return s.dead
	case s.closing:
		return errClosed
	case s.hung && wait:
		return errHung
	case s.waiting+size+recordCost > s.opts.MaxQueue:
		return errQueue
	}
	return nil
}

// openBatch returns the batch that takes the next record, and calls the
// committer if it is the first. The lock is held.
func (s *Spool) openBatch(data []byte) *batch {
	if n := len(s.queue); n > 0 && !s.queue[n-1].full(data) {
		return s.queue[n-1]
	}
	var b *batch
	if n := len(s.free); n > 0 {
		b, s.free = s.free[n-1], s.free[:n-1]
	} else {
		b = new(batch)
	}
	b.reset()
	s.queue = append(s.queue, b)
	s.work.Signal()
	return b
}

// leave gives up a hold of a batch. Whoever is last makes it free.
func (s *Spool) leave(b *batch) {
	if b.refs.Add(-1) > 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < maxFree {
		s.free = append(s.free, b)
	}
}

// maxFree is how many batches are kept for use. Two are in turn; more only
// while a queue is drained.
const maxFree = 4
