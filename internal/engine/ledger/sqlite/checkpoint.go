package sqlite

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// keeper folds the write-ahead log into the file, on a goroutine and a
// connection of its own, so that no commit waits for it.
//
// The naive way, SQLite's own checkpoint every 1,000 pages, runs inside some
// COMMIT and puts 10 to 15 ms into it. A passive checkpoint beside the writer
// hinders nobody, but under a steady load it never catches up with the last
// frame, and the log starts over only when everything is folded: it would grow
// for as long as the load lasts. So after nudgeBytes of log, or a round, there is
// a passive one, and when it leaves a log over walLimit, the writer is asked to fold the few frames that came meanwhile
// between two batches (writer.tidyUp), after which the log starts over. When
// nothing was written for idleRounds, it is asked to cut the log to nothing. A
// keeper that does not keep up is not waited for beyond lateBytes.
//
// More often would bound the log better and cost more: pages of the indexes are
// changed by many claims, and each fold writes them once. A fold every 4 MB took
// a third of the throughput, one every 12 MB took nothing that could be measured.
//
// SQLite 3.7.0 to 3.51.2 have a race here (sqlite.org/wal.html, "The WAL-reset
// bug"): a checkpoint that begins when the whole log is folded already may
// overlap with the commit that starts the log over, not notice it, and later
// have frames skipped that were never folded, which loses commits. The version
// we are built with may be one of them. So no checkpoint beside the writer ever
// begins on a log that may be wholly folded. That is what folding.due asks: a
// batch that began after the last checkpoint ended has been committed and wrote
// something. Its frames are unfolded, only a checkpoint could change that, and
// there is one at a time; so the log cannot start over before this one is
// through. The other checkpoints run on the writer's goroutine, the only one
// that can make the log start over.
type keeper struct {
	ledger *Ledger
	writer *writer
	conn   *sqlite.Conn

	seen    int64 // batches begun at the last round
	idle    int   // rounds without a batch
	failing bool  // the last round failed; told once
}

const (
	keeperRound = time.Second
	// idleRounds is after how many of them without a batch the log is cut. A log that
	// becomes longer costs its first commits the file system's journal, so a rest of
	// some seconds keeps it.
	idleRounds = 60
	// nudgeBytes is how much more log calls for a checkpoint before the round
	// is over.
	nudgeBytes = 12 << 20
	// lateBytes is how long a log the writer does not wait for the keeper at.
	lateBytes = 16 << 20
	pageSize  = 4096
)

// folding is what writer and keeper know of the log.
type folding struct {
	mu      sync.Mutex // held during a checkpoint
	begun   int64      // batches begun
	written int64      // the last of them that was committed and wrote something
	folded  int64      // batches begun when the last checkpoint ended
	// copies are under way. They hold the log, so that to wait for it to start over
	// would keep commits waiting for nothing; it is seen to after them.
	copies atomic.Int32

	count sync.Mutex // guards the numbers
}

func (f *folding) begin() (batch int64) {
	f.count.Lock()
	defer f.count.Unlock()
	f.begun++
	return f.begun
}

func (f *folding) wrote(batch int64) {
	f.count.Lock()
	defer f.count.Unlock()
	f.written = batch
}

// due tells whether a checkpoint may begin beside the writer.
func (f *folding) due() bool {
	f.count.Lock()
	defer f.count.Unlock()
	return f.written > f.folded
}

func (f *folding) ended() {
	f.count.Lock()
	defer f.count.Unlock()
	f.folded = f.begun
}

func (f *folding) batches() int64 {
	f.count.Lock()
	defer f.count.Unlock()
	return f.begun
}

func (k *keeper) loop() {
	ticker := time.NewTicker(keeperRound)
	defer ticker.Stop()
	k.provide()
	for {
		select {
		case <-ticker.C:
		case <-k.writer.nudge:
		case <-k.ledger.stop:
			return
		}
		if k.ledger.broken() != nil {
			return
		}
		k.tell(k.round())
	}
}

func (k *keeper) round() error {
	k.provide()
	if batches := k.writer.log.batches(); batches != k.seen {
		k.seen, k.idle = batches, 0
		err := k.fold()
		if noRoom(err) {
			// The writer has the ballast, and can cut the log.
			err = errors.Join(err, k.rest())
		}
		return err
	}
	if k.idle++; k.idle == idleRounds {
		return k.rest()
	}
	return nil
}

// provide sees to the ballast.
func (k *keeper) provide() {
	k.writer.log.mu.Lock()
	defer k.writer.log.mu.Unlock()
	k.writer.ballast.provide()
}

// fold is a checkpoint beside the writer.
func (k *keeper) fold() error {
	log := &k.writer.log
	log.mu.Lock()
	defer log.mu.Unlock()
	if !log.due() {
		return nil
	}
	pages, err := checkpoint(k.conn, "PASSIVE")
	log.ended()
	if pages > walLimit/pageSize && log.copies.Load() == 0 {
		k.writer.tidy.Store(tidyRestart)
	}
	return err
}

// rest has the writer cut the log of an idle ledger: an empty batch wakes it.
func (k *keeper) rest() error {
	k.writer.tidy.Store(tidyTruncate)
	// Whoever it is that has work for the writer now wakes it as well.
	_ = k.ledger.do(context.Background(), func(*writer) error { return nil })
	k.seen = k.writer.log.batches()
	return nil
}

// tell logs the first of a row of failures. None loses anything: the log keeps
// what could not be folded.
func (k *keeper) tell(err error) {
	k.ledger.damage.meet("checkpointing", err)
	if faultOf(err) == unsynced {
		k.ledger.breakDown(err)
		return
	}
	if failing := err != nil; failing != k.failing {
		k.failing = failing
		if failing {
			k.ledger.log.Warn("couldn't checkpoint the ledger; its log grows until it can be", "err", err)
		} else {
			k.ledger.log.Info("the ledger is checkpointed again")
		}
	}
}

// checkpoint folds the log into the file and tells how many pages the log has.
// What others are reading it leaves for another time.
func checkpoint(conn *sqlite.Conn, mode string) (pages int64, err error) {
	err = sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint("+mode+")", &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error {
			pages = row.ColumnInt64(1)
			return nil
		}})
	return pages, err
}

// What the writer is asked to do about the log, between two batches.
const (
	tidyNothing int32 = iota
	tidyRestart
	tidyTruncate
)

// restartPatience bounds how long the writer waits for readers before it folds
// the log: they hold theirs for milliseconds.
const restartPatience = 100 * time.Millisecond

// logLength is what the writer knows of the log's length, in pages; its own.
type logLength struct {
	unasked   int // claims carried out since it was asked for
	pages     int64
	nudgeAt   int64 // the keeper is nudged
	restartAt int64 // the keeper does not keep up, and the writer folds itself
}

// grown moves the marks on, and tells which of them were reached. They move by
// steps, so that a log that readers hold is not worked at after every batch.
func (n *logLength) grown(pages int64) (nudge, restart bool) {
	const step, late = nudgeBytes / pageSize, lateBytes / pageSize
	if pages < n.pages || n.nudgeAt == 0 { // it has started over
		n.nudgeAt, n.restartAt = step, late
	}
	n.pages = pages
	if nudge = pages >= n.nudgeAt; nudge {
		n.nudgeAt = pages + step
	}
	if restart = pages >= n.restartAt; restart {
		n.restartAt = pages + late
	}
	return nudge, restart
}

// noteWork is the writer's share in the keeper's work, after each batch was
// answered. If the disk is full, to fold and cut the log is the one thing that
// makes room.
func (w *writer) noteWork(batchErr error) {
	if noRoom(batchErr) {
		w.tidy.Store(tidyTruncate)
	}
	if batchErr == nil && w.wrote {
		w.noteLength()
	}
	if w.tidy.Load() != tidyNothing && w.broken() == nil {
		w.tidyUp()
	}
}

// askEvery claims the writer asks how long the log is: they make it longer by a
// megabyte or two.
const askEvery = 64

// noteLength asks now and then how long the log is. That is a statement like any
// other, if one that only looks at what is in memory.
func (w *writer) noteLength() {
	if w.length.unasked < askEvery {
		return
	}
	w.length.unasked = 0
	pages, err := w.logPages()
	if err != nil {
		return // the round will do
	}
	nudge, restart := w.length.grown(pages)
	if nudge {
		select {
		case w.nudge <- struct{}{}:
		default:
		}
	}
	if restart && w.log.copies.Load() == 0 {
		w.tidy.CompareAndSwap(tidyNothing, tidyRestart)
	}
}

// logPages tells how many pages the log has, and does nothing about them.
func (w *writer) logPages() (pages int64, err error) {
	stmt := w.stmts.length
	if _, err = stmt.Step(); err == nil {
		pages = stmt.ColumnInt64(1)
	}
	if resetErr := stmt.Reset(); err == nil {
		err = resetErr
	}
	return pages, err
}

// tidyUp folds the rest of the log, so that it starts over with the next batch.
func (w *writer) tidyUp() {
	if !w.log.mu.TryLock() {
		return // the keeper is at it; after the next batch, then
	}
	defer w.log.mu.Unlock()
	mode := "RESTART"
	if w.tidy.Swap(tidyNothing) == tidyTruncate {
		mode = "TRUNCATE"
	}
	err := w.fold(mode)
	w.log.ended()
	w.damage.meet("checkpointing", err)
	if faultOf(err) == unsynced {
		w.broke(err)
	}
	// Any other failure loses nothing, and the keeper asks again.
}

// fold is a checkpoint by the writer, which has the ballast if the disk is
// full. The caller holds log.mu.
func (w *writer) fold(mode string) error {
	w.conn.SetBusyTimeout(restartPatience)
	defer w.conn.SetBusyTimeout(w.patience)
	_, err := checkpoint(w.conn, mode)
	if noRoom(err) {
		w.ballast.lend(func() { _, err = checkpoint(w.conn, "TRUNCATE") })
	}
	return err
}
