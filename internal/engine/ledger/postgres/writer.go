package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"homing"
)

// writer is one goroutine with a connection of its own that carries out claims.
// A batch is whatever has been waiting while the last one was committed, so that
// batches grow with the load and with the distance to the server:
//
//	take ──► BEGIN, lockTurn, decideSQL, COMMIT, in one packet ──► one answer ──► answers
//
// What holds:
//   - No answer leaves before COMMIT was answered. So a duplicate is never told
//     before its first is durable, whether both are in one batch or not, and
//     whichever node wrote it.
//   - The turn is held for the server's time only, never for a round trip: see
//     packet.go.
//   - If the connection is lost nobody knows whether COMMIT was carried out. All
//     are told homing.ErrUnavailable, and who asks again is a duplicate, or first.
//   - If the server takes offence at a value, each claim is carried out alone, so
//     that only the culprit fails.
type writer struct {
	number     int
	ledger     *Ledger
	queue      *queue
	leadHashes func(lead string) []string
	committed  func(writes int, took time.Duration)
	clock      homing.Clock

	conn  *pgx.Conn // nil: to be made; the writer's own
	asked *asked
	alone [1]*job
}

// mostAttempts is how often a transaction is carried out that others were in the
// way of.
const mostAttempts = 5

func (w *writer) loop() {
	defer w.drop()
	buf := make([]*job, 0, w.queue.maxBatch)
	w.connectAhead()
	for {
		batch := w.queue.take(w.number, buf)
		if batch == nil {
			return
		}
		if w.conn != nil && !alive(w.conn) {
			w.drop() // the server has ended it meanwhile
		}
		err := w.carryOut(batch)
		w.queue.done(w.number, batch, told("commit to the ledger", err))
	}
}

// connectAhead spares the first claims the round trips of a new connection.
func (w *writer) connectAhead() {
	ctx, cancel := context.WithTimeout(w.ledger.work, w.ledger.patience)
	defer cancel()
	_ = w.ready(ctx) // else with the first claims
}

// drop gives the connection up.
func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.ledger.patience/4)
	defer cancel()
	_ = w.conn.Close(ctx) // it may be dead
	w.conn = nil
}

// ready sees to a connection with everything prepared.
func (w *writer) ready(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.ledger.connect(ctx, w.ledger.writing)
	if err != nil {
		return err
	}
	if err := prepare(ctx, conn.PgConn()); err != nil {
		_ = conn.Close(ctx) // nothing was begun on it
		return fmt.Errorf("couldn't prepare the statements: %w", err)
	}
	w.conn = conn
	return nil
}

// prepare prepares all statements in one round trip.
func prepare(ctx context.Context, conn *pgconn.PgConn) error {
	pipeline := conn.StartPipeline(ctx)
	for _, s := range writerStatements {
		pipeline.SendPrepare(s.name, s.sql, s.oids)
	}
	err := pipeline.Sync()
	for range writerStatements {
		if err == nil {
			_, err = pipeline.GetResults()
		}
	}
	return errors.Join(err, pipeline.Close())
}

// writerStatements are prepared on each connection of a writer.
var writerStatements = []struct {
	name, sql string
	oids      []uint32
}{
	{"homing_begin", begin, nil},
	{"homing_turn", lockTurn, nil},
	{"homing_decide", decideSQL, decideOIDs},
	{"homing_decide_erased", decideErasedSQL, decideErasedOIDs},
	{"homing_commit", "COMMIT", nil},
}

// begin names the isolation, for a server's default may be another.
const begin = "BEGIN ISOLATION LEVEL READ COMMITTED"

// carryOut decides a batch. On an error nothing is known of it.
func (w *writer) carryOut(batch []*job) error {
	ctx, cancel := context.WithTimeout(context.Background(), w.ledger.patience)
	defer cancel()
	err := w.repeat(ctx, func() error { return w.attempt(ctx, batch) })
	switch faultOf(err) {
	case refused:
		if len(batch) == 1 {
			batch[0].err = told("decide", err)
			return nil
		}
		for _, j := range batch {
			w.alone[0] = j
			if err := w.carryOut(w.alone[:]); err != nil {
				j.err = told("commit to the ledger", err)
			}
		}
		return nil
	case noFault:
	default:
		w.ledger.meet("writing", err)
	}
	if err != nil {
		return err
	}
	return w.bury(ctx)
}

// repeat carries a transaction out until nobody is in its way.
func (w *writer) repeat(ctx context.Context, run func() error) error {
	for attempt := 1; ; attempt++ {
		err := w.ready(ctx)
		if err == nil {
			if err = run(); err == nil {
				return nil
			}
			w.settle(ctx, err)
		}
		again := faultOf(err) == contested || stateOf(err) == uniqueViolation || pgconn.SafeToRetry(err) && w.conn == nil
		if !again || attempt == mostAttempts || ctx.Err() != nil {
			return err
		}
		w.ledger.repeated(err)
	}
}

// settle leaves the connection outside of a transaction, or drops it.
func (w *writer) settle(ctx context.Context, err error) {
	if w.conn == nil {
		return
	}
	if faultOf(err) != passing && !w.conn.IsClosed() && w.conn.PgConn().TxStatus() != 'I' {
		_, _ = w.conn.Exec(ctx, "ROLLBACK") // what comes of it is looked at next
	}
	if faultOf(err) == passing || w.conn.IsClosed() || w.conn.PgConn().TxStatus() != 'I' {
		w.drop()
	}
}

// attempt sends a batch and reads what comes of it.
func (w *writer) attempt(ctx context.Context, batch []*job) error {
	for _, j := range batch {
		j.err = nil
	}
	w.asked.gather(batch)
	return w.send(ctx, w.asked, len(batch), "homing_decide", w.asked.params[:])
}

// bury decides the claims of erased clicks of the batch that was just committed,
// after the others and each in a transaction of its own: they are few.
func (w *writer) bury(ctx context.Context) error {
	for _, j := range w.asked.decisions() {
		if err := w.repeat(ctx, func() error { return w.decideErased(ctx, j) }); err != nil {
			if !isOurs(err) {
				w.ledger.meet("writing", err)
			}
			j.err = told("commit to the ledger", err)
		}
	}
	return nil
}

// decideErased finds the conversion of a claim of an erased click under one of the
// hashes of its lead code, or makes it under the newest, without a receipt.
func (w *writer) decideErased(ctx context.Context, j *job) error {
	hashes, err := w.hashesOf(&j.claim)
	if err != nil {
		return err
	}
	bare := &job{}
	bare.claim.Claim, bare.claim.click, bare.claim.bare = j.claim.Claim, j.claim.click, true
	bare.claim.Lead = hashes[0]
	one := newAsked()
	one.gather([]*job{bare})
	var known column
	known.begin(oidBytea)
	for _, hash := range hashes {
		known.bytes(hash)
	}
	if err := w.send(ctx, one, 1, "homing_decide_erased", append(one.params[:], known.end())); err != nil {
		return err
	}
	one.decisions()
	j.out, j.err = bare.out, bare.err
	return nil
}
