package page

import (
	"net/http"
	"time"
)

// stall is how long a client may read nothing while something is written to it.
const stall = 20 * time.Second

// Paced is an answer that may take as long as it takes, while its client reads:
// the listener's own deadlines are for pages. It is for one goroutine.
type Paced struct {
	http.ResponseWriter
	control *http.ResponseController
	stalled *time.Timer
}

// NewPaced lifts the deadlines of an answer.
func NewPaced(w http.ResponseWriter) *Paced {
	p := &Paced{ResponseWriter: w, control: http.NewResponseController(w)}
	// A writer without deadlines, in a test, has none to lift.
	_ = p.control.SetReadDeadline(time.Time{})
	_ = p.control.SetWriteDeadline(time.Time{})
	// A deadline in the past wakes the write that hangs.
	p.stalled = time.AfterFunc(stall, func() { _ = p.control.SetWriteDeadline(time.Unix(1, 0)) })
	p.stalled.Stop()
	return p
}

func (p *Paced) Write(b []byte) (int, error) {
	p.stalled.Reset(stall)
	defer p.stalled.Stop()
	return p.ResponseWriter.Write(b)
}

// Flush sends what was written.
func (p *Paced) Flush() error {
	p.stalled.Reset(stall)
	defer p.stalled.Stop()
	return p.control.Flush()
}

// Events begins an answer of server-sent events.
func (v *Visit) Events() *Paced {
	h := v.W.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would wait for more
	v.W.WriteHeader(http.StatusOK)
	return NewPaced(v.W)
}
