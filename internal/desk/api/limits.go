package api

import (
	"context"
	"net/http"
	"time"
)

const (
	// patience bounds how long a question that is answered at once may take.
	patience = 45 * time.Second
	// queueing is how long one waits for its turn.
	queueing = 2 * time.Second
	// stall is how long a client may take to read on.
	stall = time.Minute
)

// enter takes a place among the requests of a sort. leave gives it back.
func (c *call) enter(places chan struct{}) (leave func(), err error) {
	turn := time.NewTimer(queueing)
	defer turn.Stop()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-turn.C:
		return nil, crowded(queueing)
	case <-c.ctx.Done():
		return nil, context.Cause(c.ctx)
	}
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
// allows, and bounds how long the client may stop reading instead. The deadline
// for reading the request is over by now.
func (c *call) lift() {
	// A writer without deadlines, in a test, has none to lift.
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Time{})
	c.w = newPatientWriter(c.w)
}

// patientWriter lets a client read for as long as it likes, but not stop for
// longer than stall: then the next write fails.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stalled *time.Timer
}

func newPatientWriter(w http.ResponseWriter) *patientWriter {
	p := &patientWriter{ResponseWriter: w, control: http.NewResponseController(w)}
	// A deadline in the past wakes the write that hangs.
	p.stalled = time.AfterFunc(stall, func() { _ = p.control.SetWriteDeadline(time.Unix(1, 0)) })
	p.stalled.Stop()
	return p
}

// Write writes while the clock of the stall runs; it does not run while the next
// rows are looked for.
func (p *patientWriter) Write(b []byte) (int, error) {
	p.stalled.Reset(stall)
	defer p.stalled.Stop()
	return p.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find what is below.
func (p *patientWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }
