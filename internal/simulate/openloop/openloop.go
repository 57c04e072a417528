// Package openloop offers load as the world does: each request has its moment,
// whether or not the server has answered the ones before. A request that goes
// out late because the server was slow is measured from its moment, so a slow
// server cannot slow down its own examination (coordinated omission).
package openloop

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/simulate/wire"
)

// Plan tells what is to be sent.
type Plan struct {
	Address  string        // host:port
	Rate     float64       // requests a second
	Duration time.Duration // how long
	// Connections are the most requests under way at once. One that is due while
	// all are busy waits for the first to be free, and is measured from its
	// moment.
	Connections int
	// Patient connections ask nothing for a second, or up to two, after an answer
	// with Retry-After, which says one. Others ask again at once.
	Patient bool
	// Request writes the n-th request. It is called from many goroutines.
	Request func(dst []byte, n uint64) []byte
	// Answered, if not nil, hears of each answer, from many goroutines.
	Answered func(n uint64, a wire.Answer)
	Clock    homing.Clock
}

// Outcome is what came of it.
type Outcome struct {
	// Answers are counted, and their latencies, by status; those without an answer
	// have 0.
	Answers map[int]*Latencies
	// Waits are the same from the moment a request was sent: what the server took,
	// without the time for which every connection was busy.
	Waits map[int]*Latencies
	// Settled are those of Waits that were sent after the first second: what opens
	// a storm of thousands of connections is another thing than its weather.
	Settled map[int]*Latencies
	// Unsent requests were due while every connection was busy, and still so when
	// the time was over.
	Unsent uint64
	// Seconds are one after the other, from the beginning.
	Seconds []Second
}

// Second is what was answered within one.
type Second struct {
	Good, Shed, Broken int64
	// Slowest is the longest of the good ones.
	Slowest time.Duration
}

// Percentiles of the answers of a status.
func (o *Outcome) Percentiles(status int) Percentiles { return percentilesOf(o.Answers[status]) }

// WaitOf tells the same from the moment requests were sent.
func (o *Outcome) WaitOf(status int) Percentiles { return percentilesOf(o.Waits[status]) }

// SettledOf tells the same of those that were sent after the first second.
func (o *Outcome) SettledOf(status int) Percentiles { return percentilesOf(o.Settled[status]) }

func percentilesOf(l *Latencies) Percentiles {
	if l == nil {
		return Percentiles{}
	}
	return l.Percentiles()
}

// run is a plan that is carried out.
type run struct {
	Plan
	began time.Time
	next  atomic.Uint64

	mu      sync.Mutex
	outcome Outcome // guarded by mu
}

// Run carries out a plan, or as much of it as ctx leaves time for. Connections
// are opened before it begins.
func Run(ctx context.Context, p Plan) *Outcome {
	r := &run{Plan: p}
	r.outcome.Answers, r.outcome.Waits, r.outcome.Settled = map[int]*Latencies{}, map[int]*Latencies{}, map[int]*Latencies{}
	r.outcome.Seconds = make([]Second, int(p.Duration/time.Second)+1)
	var all, opening sync.WaitGroup
	opening.Add(p.Connections)
	begin := make(chan struct{})
	for range p.Connections {
		all.Go(func() {
			line := wire.Line{Clock: r.Clock, Address: func() string { return r.Address }}
			defer line.Close()
			if float64(p.Connections) < 2*p.Rate { // the server hangs up on who says nothing for long
				_ = line.Dial(ctx) // that nobody is there shows itself in the first request
			}
			opening.Done()
			<-begin
			r.work(ctx, &line)
		})
	}
	opening.Wait()
	r.began = p.Clock()
	close(begin)
	all.Wait()
	planned := uint64(p.Rate * p.Duration.Seconds())
	if taken := r.next.Load(); taken < planned {
		r.outcome.Unsent = planned - taken
	}
	return &r.outcome
}

// work takes the next request that is due, again and again.
func (r *run) work(ctx context.Context, line *wire.Line) {
	var text []byte
	for ctx.Err() == nil {
		if r.Clock().Sub(r.began) >= r.Duration {
			return
		}
		n := r.next.Add(1) - 1
		offset := time.Duration(float64(n) / r.Rate * float64(time.Second))
		if offset >= r.Duration {
			return
		}
		due := r.began.Add(offset)
		if wait := due.Sub(r.Clock()); wait > 0 {
			time.Sleep(wait)
			// Nothing kept this request back but our own alarm clock.
			due = r.Clock()
		}
		text = r.Request(text[:0], n)
		sent := r.Clock()
		a, err := line.Send(ctx, text, false)
		r.note(due, sent, a, err)
		if err == nil && r.Answered != nil {
			r.Answered(n, a)
		}
		if errors.Is(err, wire.ErrNotSent) {
			time.Sleep(time.Millisecond) // nobody is there: do not turn in circles
		}
		if r.Patient && a.RetryAfter {
			rest := time.Second + rand.N(time.Second)
			time.Sleep(min(rest, r.Duration-r.Clock().Sub(r.began)))
		}
	}
}

func (r *run) note(due, sent time.Time, a wire.Answer, err error) {
	now := r.Clock()
	took := now.Sub(due)
	status := a.Status
	if err != nil {
		status = 0
	}
	r.mu.Lock()
	l, w, later := r.outcome.Answers[status], r.outcome.Waits[status], r.outcome.Settled[status]
	if l == nil {
		l, w, later = &Latencies{}, &Latencies{}, &Latencies{}
		r.outcome.Answers[status], r.outcome.Waits[status], r.outcome.Settled[status] = l, w, later
	}
	s := &r.outcome.Seconds[min(int(now.Sub(r.began)/time.Second), len(r.outcome.Seconds)-1)]
	switch status {
	case 200, 302:
		s.Good++
		s.Slowest = max(s.Slowest, took)
	case 0:
		s.Broken++
	default:
		s.Shed++
	}
	r.mu.Unlock()
	l.Add(took)
	w.Add(now.Sub(sent))
	if sent.Sub(r.began) >= time.Second {
		later.Add(now.Sub(sent))
	}
}

// Peak finds how many requests a second a server answers when so many
// connections ask one after the other, without pause.
func Peak(ctx context.Context, p Plan) float64 {
	var good atomic.Int64
	began := p.Clock()
	ctx, cancel := context.WithTimeout(ctx, p.Duration)
	defer cancel()
	var next atomic.Uint64
	var all sync.WaitGroup
	for range p.Connections {
		all.Go(func() {
			line := wire.Line{Clock: p.Clock, Address: func() string { return p.Address }}
			defer line.Close()
			var text []byte
			for ctx.Err() == nil {
				text = p.Request(text[:0], next.Add(1)-1)
				if a, err := line.Send(ctx, text, false); err == nil && (a.Status == 200 || a.Status == 302) {
					good.Add(1)
				}
			}
		})
	}
	all.Wait()
	return float64(good.Load()) / p.Clock().Sub(began).Seconds()
}

// Idle opens so many connections that ask once and then nothing, and returns how
// many of them were answered, and what closes them. dial opens one.
func Idle(ctx context.Context, n int, request []byte, dial func(context.Context) (net.Conn, error)) (open int, closeAll func()) {
	var mu sync.Mutex
	var conns []net.Conn
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for range idleDialers {
		all.Go(func() {
			answer := make([]byte, 4096)
			for left.Add(-1) >= 0 {
				conn, err := dial(ctx)
				if err != nil {
					continue
				}
				mu.Lock()
				conns = append(conns, conn)
				mu.Unlock()
				_ = conn.SetDeadline(time.Now().Add(answerTime)) // the real clock
				if _, err = conn.Write(request); err == nil {
					_, err = conn.Read(answer)
				}
				if err == nil {
					mu.Lock()
					open++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	return open, func() {
		for _, c := range conns {
			_ = c.Close() // nothing is under way
		}
	}
}

const (
	// idleDialers open connections at the same time.
	idleDialers = 32
	// answerTime is how long they wait for an answer.
	answerTime = 10 * time.Second
)

// Dribble opens a connection and sends a request a byte at a time with so much
// time between (slow-loris), until it is answered or cut off, and tells the
// status of the answer, 0 if there was none, and how long it took.
func Dribble(ctx context.Context, address, request string, pause time.Duration, now homing.Clock) (status int, took time.Duration) {
	began := now()
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, 0
	}
	defer conn.Close()
	answered := make(chan int, 1)
	go func() {
		first, err := bufio.NewReader(io.LimitReader(conn, 4096)).ReadString('\n')
		if err != nil || len(first) < 12 {
			answered <- 0
			return
		}
		code, _ := strconv.Atoi(first[9:12])
		answered <- code
	}()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case status = <-answered:
			return status, now().Sub(began)
		case <-ctx.Done():
			return 0, now().Sub(began)
		case <-tick.C:
			if i < len(request) {
				_, _ = conn.Write([]byte(request[i : i+1])) // a cut shows itself in the answer
			}
		}
	}
}
