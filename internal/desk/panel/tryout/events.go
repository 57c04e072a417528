package tryout

import (
	"fmt"
	"net/http"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/journal"
)

const (
	// heartbeat keeps proxies from taking a silent stream for a dead one.
	heartbeat = 15 * time.Second
	// streamFor is how long a stream lasts. The browser comes again by itself, and
	// is asked again who it is.
	streamFor = 10 * time.Minute
	// streamsAtOnce and streamsPerUser are how many may be open.
	streamsAtOnce  = 100
	streamsPerUser = 6
)

// watch tells whenever a call of the trial arrives, as server-sent events: how
// many there are now. What they are is for the page to load, which asks who may
// see it. ?once tells the present number and ends.
func (s *screen) watch(v *page.Visit) error {
	t, err := triedOf(v)
	if err != nil {
		return err
	}
	leave, ok := s.streams.Enter(v.Who.ID)
	if !ok {
		return v.Full()
	}
	defer leave()
	// The watch begins before the present number is told: nothing falls between.
	watcher := v.Journal.Watch(journal.Filter{Account: v.Account.ID})
	defer watcher.Close()
	out := v.Events()
	if err := tell(v, out, t); err != nil || v.R.URL.Query().Has("once") || v.R.Method == http.MethodHead {
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
			err = tell(v, out, t)
		case <-beat.C:
			err = send(out, ": still here\n\n")
		}
		if err != nil {
			return nil
		}
	}
}

// tell writes how much has been heard by now. Whoever is told another number
// than the page shows loads the page.
func tell(v *page.Visit, out *page.Paced, t *tried) error {
	v.Now = homing.MillisOf(v.Clock())
	h, err := heardOf(v, t)
	if err != nil {
		return err
	}
	return send(out, fmt.Sprintf("retry: 3000\nevent: heard\ndata: %d\n\n", h.Seen()))
}

func send(out *page.Paced, text string) error {
	if _, err := out.Write([]byte(text)); err != nil {
		return err
	}
	return out.Flush()
}
