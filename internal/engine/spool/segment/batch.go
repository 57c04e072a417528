package segment

import (
	"sync"
	"sync/atomic"

	"homing"
	"homing/internal/engine/spool"
)

// batch gathers the records that become one block. It is filled under the
// spool's lock, then belongs to the committer, and is used again when its last
// waiter has left.
type batch struct {
	// Filled by add.
	body         []byte
	count        uint32
	kinds        spool.KindSet
	minAt, maxAt homing.Millis
	lastAt       homing.Millis
	behind       []uint32 // which records nobody waits for
	cost         int      // its part of the spool's waiting bytes

	// Of the spool's lock.
	age      int  // ticks of the watchdog since the first record
	released bool // the waiters have their answer

	// done holds the waiters. A WaitGroup, because it wakes any number without
	// a lock to queue for and, unlike a channel, can be used again.
	done sync.WaitGroup
	refs atomic.Int32 // waiters, and the committer

	// Written before done, read after it.
	err   error
	first spool.Position
}

// reset makes the batch as good as new. The caller is its first holder.
func (b *batch) reset() {
	body, behind := b.body[:0], b.behind[:0]
	b.count, b.kinds, b.minAt, b.maxAt, b.lastAt, b.cost = 0, 0, 0, 0, 0, 0
	b.body, b.behind = body, behind
	b.age, b.released, b.err, b.first = 0, false, nil, 0
	b.refs.Store(1)
	b.done.Add(1)
}

// full tells whether data should go to another batch.
func (b *batch) full(data []byte) bool {
	return b.count > 0 && (len(b.body)+len(data) > fullBody || b.count >= maxRecords)
}

// add takes a record in and tells its number in the batch.
func (b *batch) add(kind spool.Kind, at homing.Millis, data []byte) uint32 {
	if b.count == 0 {
		b.minAt, b.maxAt = at, at
	}
	b.body = appendRecord(b.body, b.lastAt, kind, at, data)
	b.minAt, b.maxAt, b.lastAt = min(b.minAt, at), max(b.maxAt, at), at
	b.kinds |= spool.SetOf(kind)
	b.count++
	return b.count - 1
}

// settle notes the answer to the waiters, once: the committer's or the
// watchdog's, whoever is first. It tells whether it was the first; then wake must
// follow. The spool's lock is held.
func (b *batch) settle(first spool.Position, err error) bool {
	if b.released {
		return false
	}
	b.released, b.first, b.err = true, first, err
	return true
}

// wake gives the waiters the answer that settle has noted. Each of them takes a
// moment, so the spool's lock need not be held; a hold of the batch must be,
// because it could be in use again otherwise.
func (b *batch) wake() { b.done.Done() }

// release settles and wakes. The spool's lock is held, which counts as a hold.
func (b *batch) release(first spool.Position, err error) {
	if b.settle(first, err) {
		b.wake()
	}
}

// header says what the block of this batch says, but for what the writer knows.
func (b *batch) header(first spool.Position) blockHeader {
	return blockHeader{
		count: b.count, first: first, minAt: b.minAt, maxAt: b.maxAt,
		plain: uint32(len(b.body)), kinds: b.kinds,
	}
}
