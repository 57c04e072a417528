package sqlite

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"homing"
)

// writer is the one goroutine that changes the ledger, on one connection with
// everything prepared.
//
// The naive way, a transaction per claim, pays an fsync each. Here a batch is
// whatever has been waiting while the last one was committed, so that batches
// grow with the load and an idle ledger answers at once:
//
//	take ──► BEGIN ──► job, job, job ──► COMMIT (one fsync) ──► answers
//
// What holds:
//   - No answer leaves before COMMIT has returned. So a duplicate is never told
//     before its first is durable, whether both are in one batch or not.
//   - A batch that wrote nothing costs no fsync: there is no page to write.
//   - If COMMIT fails nobody is told anything but ErrUnavailable, not even a
//     conflict: it may have been with a neighbour that is gone now.
//   - Claims run without savepoints of their own, because in good order none
//     fails. If one does, the batch is rolled back and carried out once more,
//     each job inside a savepoint, so that only the culprit fails.
type writer struct {
	conn  *sqlite.Conn
	queue *queue
	stmts statements
	// commit ends a transaction; tests hang it, or let it fail.
	commit func() error
	broke  func(error) // told of the first fault after which nothing can be trusted
	broken func() error
	// patience is how long BEGIN waits for a lock: another program may hold it.
	patience time.Duration

	// What is known of the file, the writer's own. stale says that it must be
	// read again, after a rollback.
	stale          bool
	lastConversion int64
	lastChange     int64
	erased         map[homing.AccountID]struct{}
	erasedClicks   bool // there are any

	leadHashes func(lead string) []string           // see Options.LeadHashes
	committed  func(writes int, took time.Duration) // see Options.Committed
	clock      homing.Clock

	wrote bool // the batch has changed something, so that COMMIT writes to the log

	log     folding
	length  logLength
	ballast *ballast // of log.mu
	damage  *damageList
	nudge   chan struct{}
	tidy    atomic.Int32 // what is to be done about the log between two batches
}

func (w *writer) loop() {
	buf := make([]*job, 0, w.queue.maxBatch)
	for batch := w.queue.take(buf); batch != nil; batch = w.queue.take(buf) {
		err := w.carryOut(batch)
		w.queue.done(batch, told("commit to the ledger", err))
		w.noteWork(err)
	}
}

// do has the writer carry out run, atomically and durably, and waits for it.
// run must work on values of its own: the caller may have given up by then.
func (l *Ledger) do(ctx context.Context, run func(*writer) error) error {
	if ctx.Err() != nil {
		return gaveUp(ctx)
	}
	j := newJob()
	j.run = run
	if err := l.queue.push(j); err != nil {
		j.release()
		j.release()
		return err
	}
	defer j.release()
	return j.wait(ctx)
}

// carryOut does a batch in one transaction. On an error nothing of it was
// committed, as far as anybody can know.
func (w *writer) carryOut(batch []*job) error {
	if err := w.broken(); err != nil {
		return err
	}
	number := w.log.begin()
	err := w.attempt(batch, false)
	if err != nil && ownFault(err) {
		err = w.attempt(batch, true)
	}
	if err == nil && w.wrote {
		w.log.wrote(number)
	}
	w.damage.meet("writing", err)
	if faultOf(err) == unsynced {
		w.broke(err)
	}
	return err
}

func (w *writer) attempt(batch []*job, isolated bool) error {
	w.wrote = false
	err := w.begin()
	for i := 0; err == nil && i < len(batch); i++ {
		err = w.execute(batch[i], isolated)
	}
	if err == nil {
		began := w.clock()
		if err = w.commit(); err == nil && w.wrote {
			w.committed(len(batch), w.clock().Sub(began))
		}
	}
	if err != nil {
		w.stale = true
		if !w.conn.AutocommitEnabled() {
			// Its own failure tells nothing new, and the next BEGIN would.
			_ = step(w.stmts.rollback)
		}
	}
	return err
}

func (w *writer) begin() error {
	if err := step(w.stmts.begin); err != nil {
		return err
	}
	if !w.stale {
		return nil
	}
	if err := w.recollect(); err != nil {
		return err
	}
	w.stale = false
	return nil
}

// recollect reads what the writer keeps in mind.
func (w *writer) recollect() (err error) {
	if w.lastConversion, _, err = queryInt(w.conn, "SELECT coalesce(max(id), 0) FROM conversions"); err != nil {
		return err
	}
	if w.lastChange, _, err = queryInt(w.conn, "SELECT coalesce(max(number), 0) FROM changes"); err != nil {
		return err
	}
	click, _, err := queryInt(w.conn, "SELECT EXISTS (SELECT 1 FROM erased WHERE click IS NOT NULL)")
	if err != nil {
		return err
	}
	w.erasedClicks = click != 0
	w.erased = map[homing.AccountID]struct{}{}
	return query(w.conn, "SELECT id FROM accounts WHERE erased", func(row *sqlite.Stmt) error {
		w.erased[homing.AccountID(row.ColumnInt64(0))] = struct{}{}
		return nil
	})
}

// execute carries out one job. An error is the whole batch's; the job's own
// goes into the job.
func (w *writer) execute(j *job, isolated bool) error {
	j.err = nil
	w.length.unasked++
	if j.run == nil && !isolated {
		return w.decide(j)
	}
	w.length.unasked += askEvery // nobody knows how much it writes
	if err := step(w.stmts.savepoint); err != nil {
		return err
	}
	wrote := w.wrote
	err := w.alone(j)
	if err == nil {
		return step(w.stmts.release)
	}
	w.wrote = wrote
	// SQLite ends the transaction by itself when the disk is full, and then
	// there is no savepoint left to go back to.
	if !ownFault(err) || w.conn.AutocommitEnabled() {
		return err
	}
	w.damage.meet("writing", err)
	j.err = err
	if faultOf(err) == damaged {
		j.err = told("write to the ledger", err)
	}
	if err := step(w.stmts.back); err != nil {
		return err
	}
	if err := step(w.stmts.release); err != nil {
		return err
	}
	return w.recollect()
}

// alone runs a job inside a savepoint. A panic is the job's error: it must not
// take the house down with a transaction open.
func (w *writer) alone(j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a ledger write: %v", p)
		}
	}()
	if j.run == nil {
		return w.decide(j)
	}
	before, err := w.changed()
	if err != nil {
		return err
	}
	if err := j.run(w); err != nil {
		return err
	}
	after, err := w.changed()
	w.wrote = w.wrote || after != before
	return err
}

// changed counts the rows that the connection has changed so far.
func (w *writer) changed() (int64, error) {
	n, _, err := queryInt(w.conn, "SELECT total_changes()")
	return n, err
}

// step carries out a statement that returns no rows.
func step(stmt *sqlite.Stmt) error {
	_, err := stmt.Step()
	if resetErr := stmt.Reset(); err == nil {
		err = resetErr
	}
	return err
}
