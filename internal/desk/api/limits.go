package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"homing"
)

const (
	// patience bounds how long a question that is answered at once may take.
	patience = 45 * time.Second
	// queueing is how long one waits for its turn.
	queueing = 2 * time.Second
	// paceBytes every pace is how slowly a client may read on average: whoever
	// reads holds a place.
	pace      = 10 * time.Second
	paceBytes = 64 << 10
	// pause is how long a client may stop for beside that.
	pause = 10 * time.Second
	// held is how much net/http holds back of an answer before it writes.
	held = 2048
)

// enter takes a place among the requests of a sort. leave gives it back.
func (c *call) enter(p *places) (leave func(), err error) {
	turn := time.NewTimer(queueing)
	defer turn.Stop()
	if p == c.api.books { // they are held for moments, not at the client's pace
		return p.enter(c.ctx, turn.C)
	}
	holders := []string{fmt.Sprint("token ", c.token.ID)}
	if c.token.Account != 0 {
		holders = append(holders, "account "+c.token.Account.String())
	}
	return p.enter(c.ctx, turn.C, holders...)
}

// ask runs a question whose answer fits in memory.
func (c *call) ask(question func(context.Context) error) error {
	leave, err := c.enter(c.api.heavy)
	if err != nil {
		return err
	}
	defer leave()
	c.lift()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	return question(ctx)
}

// lift takes the listener's deadline off an answer that may take longer than it
// allows, and bounds how slowly the client may read instead. The deadline for
// reading the request is over by now.
func (c *call) lift() {
	// A writer without deadlines, in a test, has none to lift.
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Time{})
	c.w = newPatientWriter(c.w, c.api.Clock)
}

// patientWriter lets a client read for as long as it likes, but not slower than
// paceBytes every pace, on average, and not stop for longer than pause: then a
// write fails. What the client has to spare for later is no more than pause,
// however fast it was before.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	clock   homing.Clock
	stalled *time.Timer
	spare   time.Duration
	written int
}

func newPatientWriter(w http.ResponseWriter, clock homing.Clock) *patientWriter {
	p := &patientWriter{ResponseWriter: w, control: http.NewResponseController(w), clock: clock, spare: pause}
	// A deadline in the past wakes the write that hangs.
	p.stalled = time.AfterFunc(pause, func() { _ = p.control.SetWriteDeadline(time.Unix(1, 0)) })
	p.stalled.Stop()
	return p
}

// Write writes while the clock runs; it does not run while the next rows are
// looked for.
func (p *patientWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		piece := b[:min(len(b), paceBytes)]
		allowed := p.spare + pace*time.Duration(len(piece))/paceBytes
		var done int
		took := p.timed(allowed, func() { done, err = p.ResponseWriter.Write(piece) })
		p.spare = max(0, min(pause, allowed-took))
		b, n = b[done:], n+done
	}
	p.written += n
	return n, err
}

// timed does something that hangs for so long at most.
func (p *patientWriter) timed(allowed time.Duration, do func()) time.Duration {
	began := p.clock()
	p.stalled.Reset(allowed)
	defer p.stalled.Stop()
	do()
	return p.clock().Sub(began)
}

// finish writes what is held back while the clock still runs.
func (p *patientWriter) finish() {
	if p.written > held {
		p.timed(p.spare+pace, func() { _ = p.control.Flush() }) // a client that has gone
	}
}

// Unwrap lets http.ResponseController find what is below.
func (p *patientWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }
