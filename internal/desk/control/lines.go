package control

import (
	"encoding/json"
	"iter"
	"net/http"
	"sync"
	"time"
)

// flushEvery is how long a line may wait for others to travel with.
const flushEvery = 50 * time.Millisecond

// lines writes a list as JSON lines. What was written is on its way within
// flushEvery, however slowly more is found.
type lines struct {
	encoder *json.Encoder
	control *http.ResponseController

	mu      sync.Mutex
	waiting bool // guarded by mu: something was written since the last flush
}

// failure is the last line of a list that could not be finished.
type failure struct {
	Problem Problem `json:"problem"`
}

// failurePrefix is how that line begins; no word does.
const failurePrefix = `{"problem":`

// listed adapts an answer that is a list. A fault before the first line is an
// ordinary problem.
func listed(answer func(r *http.Request, out *lines) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		first := &firstWrite{ResponseWriter: w}
		out := &lines{encoder: json.NewEncoder(first), control: http.NewResponseController(w)}
		out.encoder.SetEscapeHTML(false)
		err := out.whileFlushing(func() error { return answer(r, out) })
		switch {
		case err != nil && !first.wrote:
			writeProblem(w, err)
		case err != nil:
			p, _ := problemOf(err)
			out.write(failure{p}) // fails if the client has gone; there is nobody to tell
		case !first.wrote:
			first.header()
		}
	}
}

// firstWrite notes that the answer has begun.
type firstWrite struct {
	http.ResponseWriter
	wrote bool
}

func (f *firstWrite) header() {
	f.wrote = true
	f.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	f.WriteHeader(http.StatusOK)
}

func (f *firstWrite) Write(p []byte) (int, error) {
	if !f.wrote {
		f.header()
	}
	return f.ResponseWriter.Write(p)
}

func (l *lines) write(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = true
	return l.encoder.Encode(v)
}

func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting {
		l.control.Flush() // a client that has gone is noticed by the next write
		l.waiting = false
	}
}

// whileFlushing flushes while a list is written. Nothing is flushed after it
// returns, not even by a panic: the connection is not ours any more.
func (l *lines) whileFlushing(write func() error) error {
	done, ended := make(chan struct{}), make(chan struct{})
	defer func() { close(done); <-ended }()
	go func() {
		defer close(ended)
		tick := time.NewTicker(flushEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				l.flush()
			}
		}
	}()
	return write()
}

// newest keeps the last n of a list, in its order; 0 keeps all.
func newest[T any](list iter.Seq2[T, error], n int) iter.Seq2[T, error] {
	if n == 0 {
		return list
	}
	return func(yield func(T, error) bool) {
		var ring []T
		next := 0
		for v, err := range list {
			switch {
			case err != nil:
				yield(v, err)
				return
			case len(ring) < n:
				ring = append(ring, v)
			default:
				ring[next] = v
				next = (next + 1) % n
			}
		}
		for i := range ring {
			if !yield(ring[(next+i)%len(ring)], nil) {
				return
			}
		}
	}
}
