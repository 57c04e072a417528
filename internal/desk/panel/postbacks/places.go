package postbacks

import (
	"net/http"
	"sync"
	"time"

	"homing"
)

// places are how many of something may be under way at once, in all and by one
// person.
type places struct {
	all, each int

	mu    sync.Mutex
	taken map[homing.UserID]int // guarded by mu
	n     int                   // guarded by mu
}

func newPlaces(all, each int) *places {
	return &places{all: all, each: each, taken: map[homing.UserID]int{}}
}

// enter takes a place, if there is one.
func (p *places) enter(who homing.UserID) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n >= p.all || p.taken[who] >= p.each {
		return nil, false
	}
	p.n++
	p.taken[who]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.n--
		if p.taken[who]--; p.taken[who] == 0 {
			delete(p.taken, who)
		}
	}, true
}

// full answers who found no place.
func full(w http.ResponseWriter) error {
	w.Header().Set("Retry-After", "30")
	http.Error(w, "Too many of these are open already. Close one, and try again in a moment.", http.StatusTooManyRequests)
	return nil
}

// stall is how long a client may read nothing while something is written to it.
const stall = 20 * time.Second

// paced is an answer that may take as long as it takes, while its client reads.
type paced struct {
	http.ResponseWriter
	control *http.ResponseController
	stalled *time.Timer
}

func newPaced(w http.ResponseWriter) *paced {
	p := &paced{ResponseWriter: w, control: http.NewResponseController(w)}
	// A writer without deadlines, in a test, has none to lift.
	_ = p.control.SetWriteDeadline(time.Time{})
	// A deadline in the past wakes the write that hangs.
	p.stalled = time.AfterFunc(stall, func() { _ = p.control.SetWriteDeadline(time.Unix(1, 0)) })
	p.stalled.Stop()
	return p
}

func (p *paced) Write(b []byte) (int, error) {
	p.stalled.Reset(stall)
	defer p.stalled.Stop()
	return p.ResponseWriter.Write(b)
}

func (p *paced) flush() error {
	p.stalled.Reset(stall)
	defer p.stalled.Stop()
	return p.control.Flush()
}
