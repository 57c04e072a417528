package torture

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"homing/internal/desk/control"
)

// health asks a server again and again how it is.
type health struct {
	mu    sync.Mutex
	looks []look // guarded by mu
}

// look is what was told at one moment.
type look struct {
	at time.Time
	// ready is what /readyz said when it did not say yes.
	ready string
	// status tells whether the status said that something cannot be stored.
	status bool
}

const (
	healthEvery    = 100 * time.Millisecond
	healthPatience = time.Second
)

// watchHealth asks until stop is called.
func watchHealth(ctx context.Context, f *faulty) (h *health, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	h = &health{}
	client := control.NewClient(control.Dial(f.launch.Data), func() error { return nil })
	var asking sync.WaitGroup
	asking.Go(func() {
		defer client.Close()
		for Sleep(ctx, healthEvery) == nil {
			l := look{ready: f.d.ready(ctx)}
			if status, err := askStatus(ctx, client); err == nil {
				l.status = slices.ContainsFunc(status.Notices, tellsOfFull)
			}
			l.at = f.s.Clock()
			if ctx.Err() == nil {
				h.mu.Lock()
				h.looks = append(h.looks, l)
				h.mu.Unlock()
			}
		}
	})
	return h, func() { cancel(); asking.Wait() }
}

func askStatus(ctx context.Context, client *control.Client) (control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	return client.Status(ctx)
}

// tellsOfFull tells whether a notice says that a disk is full: in the words of
// the system, or in SQLite's.
func tellsOfFull(notice string) bool {
	return strings.Contains(notice, "no space left on device") || strings.Contains(notice, "disk is full")
}

// ready asks /readyz; "" = yes.
func (d *Driver) ready(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+*d.address.Load()+"/readyz", nil)
	if err != nil {
		return err.Error()
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode == http.StatusOK {
		return ""
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, text)
}

// told tells whether /readyz once said no after a moment, and the status why.
func (h *health) told(after time.Time) (ready, status bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.looks {
		if l.at.After(after) {
			ready, status = ready || l.ready != "", status || l.status
		}
	}
	return ready, status
}

// troubleAfter is how long after a moment /readyz last did not say yes.
func (h *health) troubleAfter(moment time.Time) (last time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.looks {
		if l.ready != "" {
			last = max(last, l.at.Sub(moment))
		}
	}
	return last
}
