package tryout

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
	"homing/internal/flow/journal"
)

const (
	// heartbeat keeps proxies from taking a silent stream for a dead one.
	heartbeat = 15 * time.Second
	// streamFor is how long a stream lasts. The browser comes again by itself, and
	// is asked again who it is.
	streamFor = 10 * time.Minute
	// mostStreams is how many one session may have.
	mostStreams = 3
)

// streams counts the streams of each session.
type streams struct {
	mu   sync.Mutex
	open map[ledger.TokenHash]int // guarded by mu
}

func (s *streams) enter(session ledger.TokenHash) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[session] >= mostStreams {
		return nil, false
	}
	if s.open == nil {
		s.open = map[ledger.TokenHash]int{}
	}
	s.open[session]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[session]--; s.open[session] == 0 {
			delete(s.open, session)
		}
	}, true
}

// watch tells whenever a call of the trial arrives, as server-sent events: how
// many there are now. What they are is for the page to load, which asks who may
// see it. ?once tells the present number and ends.
func (s *screen) watch(v *page.Visit) error {
	t, err := triedOf(v)
	if err != nil {
		return err
	}
	leave, ok := s.streams.enter(v.Who.Session.Token)
	if !ok {
		// No page of ours is shown for this: the one that asked has its link.
		http.Error(v.W, "This browser watches several tests already.", http.StatusTooManyRequests)
		return nil
	}
	defer leave()
	// The watch begins before the present number is told: nothing falls between.
	watcher := v.Journal.Watch(journal.Filter{Account: v.Account.ID})
	defer watcher.Close()
	out := newEvents(v.W)
	if err := out.tell(v, t); err != nil || v.R.URL.Query().Has("once") || v.R.Method == http.MethodHead {
		return nil // whoever has gone does not mind
	}
	beat, end := time.NewTicker(heartbeat), time.NewTimer(streamFor)
	defer beat.Stop()
	defer end.Stop()
	for {
		select {
		case <-v.R.Context().Done():
			return nil
		case <-v.Stopping:
			return nil
		case <-end.C:
			return nil
		case e := <-watcher.C:
			if e.Origin != t.origin && !t.astray(&e) {
				continue
			}
			err = out.tell(v, t)
		case <-beat.C:
			err = out.write(": still here\n\n")
		}
		if err != nil {
			return nil
		}
	}
}

// events is an answer that goes on.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func newEvents(w http.ResponseWriter) *events {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	e := &events{w, http.NewResponseController(w)}
	// The listener's time-outs are for answers that end. Where they cannot be
	// lifted, the stream ends with them and the browser comes again.
	_ = e.control.SetReadDeadline(time.Time{})
	return e
}

// tell writes how much has been heard by now. Whoever is told another number
// than the page shows loads the page.
func (e *events) tell(v *page.Visit, t *tried) error {
	v.Now = homing.MillisOf(v.Clock())
	h, err := heardOf(v, t)
	if err != nil {
		return err
	}
	return e.write(fmt.Sprintf("retry: 3000\nevent: heard\ndata: %d\n\n", h.Seen()))
}

func (e *events) write(text string) error {
	_ = e.control.SetWriteDeadline(time.Time{}) // see newEvents
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}
