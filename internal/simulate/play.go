package simulate

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/simulate/openloop"
	"homing/internal/simulate/wire"
)

// stage is the server that is played against, and what is to happen to it
// meanwhile.
type stage struct {
	server Server
	// trouble, if any, is run beside the play; the play waits for it. It may
	// replace the server by calling p.meet.
	trouble func(ctx context.Context, p *play) error
	// volleys is set if trouble plans volleys.
	volleys bool
}

// play is one run.
type play struct {
	clock          homing.Clock
	cast           *cast
	books          *books
	agenda         *agenda
	conversionRate float64
	badRate        float64
	leads          int
	delay          time.Duration
	began          homing.Millis // before anything was made
	start          time.Time     // of the playing
	played         time.Duration // set when the play is over

	plain, secure atomic.Pointer[string] // host:port, now; secure is nil if there is none
	// reserve keeps clicks for volleys; nil if there are none to be.
	reserve *reserve
	// met is told of the next redirect; nil if nobody waits.
	met atomic.Pointer[chan struct{}]

	sent                  counters
	clickTimes, callTimes openloop.Latencies
}

// counters count requests and what came of them.
type counters struct {
	clicks, redirects, notBillable atomic.Int64
	calls, retries                 atomic.Int64
	counted, repeats, refused      atomic.Int64
	unsent, broken, shed, limited  atomic.Int64
	late                           atomic.Int64 // sent over lateAfter behind their moment
	lastRedirect                   atomic.Int64 // nanoseconds since the start
}

// lateAfter is how far a request may be sent behind its moment without being
// called late.
const lateAfter = 50 * time.Millisecond

const (
	// patience is how long calls that get no answer are repeated after the last
	// conversion was due.
	patience = 10 * time.Second
	// settling is how long the server has for what it writes behind answers.
	settling = 1500 * time.Millisecond
)

// play assembles the cast, plays, and reconciles.
func (c *Command) play(ctx context.Context, env Env, on *stage) (*report, error) {
	p, err := c.perform(ctx, env, on)
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, settling+env.Settle); err != nil {
		return nil, err
	}
	held, err := p.books.reconcile(ctx, on.server, p.cast, p.began)
	if err != nil {
		return nil, err
	}
	done, err := p.books.reconcileReports(ctx, on.server, p.cast, p.clock, p.began)
	if err != nil {
		return nil, err
	}
	r := newReport(c, p, held)
	r.Reports = done
	return r, nil
}

// perform assembles the cast and plays, until all is answered or given up.
func (c *Command) perform(ctx context.Context, env Env, on *stage) (*play, error) {
	p := &play{
		clock: env.Clock, books: newBooks(env.Settle > 0), agenda: newAgenda(env.Clock), began: homing.MillisOf(env.Clock()),
		conversionRate: c.conversionRate(), badRate: c.Bad, leads: c.Leads, delay: c.Delay,
	}
	if on.volleys {
		p.reserve = &reserve{}
	}
	err := p.meet(ctx, on.server)
	if err != nil {
		return nil, err
	}
	run := p.began.Time().Format("2006-01-02 15:04:05")
	if p.cast, err = assemble(ctx, on.server, run, c.Accounts, c.Campaigns); err != nil {
		return nil, err
	}
	if err := sleep(ctx, env.Settle); err != nil {
		return nil, err
	}
	progress := newProgress(env.Err, p, c.Duration)
	defer progress.close()
	p.start = p.clock()
	defer func() { p.played = p.clock().Sub(p.start) }()
	return p, p.run(ctx, c, on)
}

// meet learns where the server is.
func (p *play) meet(ctx context.Context, s Server) error {
	status, err := s.Status(ctx)
	if err != nil {
		return fmt.Errorf("couldn't ask the server for its addresses: %w", err)
	}
	plain, err := dialable(status.Track)
	if err != nil {
		return err
	}
	p.plain.Store(&plain)
	if status.TrackTLS == "" {
		return nil
	}
	secure, err := dialable(status.TrackTLS)
	if err != nil {
		return err
	}
	p.secure.Store(&secure)
	return nil
}

// https tells whether the server has a listener for it.
func (p *play) https() bool { return p.secure.Load() != nil }

// dialable takes host and port out of a listener's URL; a listener on every
// address is reached on loopback.
func dialable(listener string) (string, error) {
	u, err := url.Parse(listener)
	if err != nil || u.Port() == "" {
		return "", fmt.Errorf("the server names a listener %q, which is no URL with a port", listener)
	}
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, u.Port()), nil
}

// run plays until everything due has been done.
func (p *play) run(ctx context.Context, c *Command, on *stage) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := make(chan appointment)
	var workers sync.WaitGroup
	for i := range c.Connections {
		w := p.worker(ctx, c.source(i+1))
		workers.Go(func() { w.work(out) })
	}
	first := arrivals{p: p, rand: c.source(0), start: p.clock(), rate: c.Rate, count: c.visitors()}
	p.agenda.add(first.moment(), first)
	over := first.start.Add(c.Duration + c.Delay)
	troubled := make(chan error, 1)
	p.agenda.hold()
	go func() {
		err := p.endure(ctx, on)
		if err != nil {
			stop()
		}
		p.agenda.done()
		// Nobody is patient forever.
		if sleep(ctx, max(0, over.Sub(p.clock()))+patience) == nil {
			p.agenda.close()
		}
		troubled <- err
	}()
	p.agenda.run(ctx, out)
	workers.Wait()
	interrupted := ctx.Err()
	stop()
	if err := <-troubled; err != nil {
		return err
	}
	return interrupted
}

// endure runs the stage's trouble, if there is any.
func (p *play) endure(ctx context.Context, on *stage) error {
	if on.trouble == nil {
		return nil
	}
	return on.trouble(ctx, p)
}

// arrivals are the visitors' moments: evenly spaced, each planned by the one
// before it.
type arrivals struct {
	p     *play
	rand  *rand.Rand
	start time.Time
	rate  int
	count int // of all
	next  int // the one that is due
}

// do plans the next visit and carries out this one. It is never under way
// twice, so it may own its randomness.
func (a arrivals) do(w *worker, due time.Time) {
	offers := a.p.cast.offers
	visitor := visit{offers[a.rand.IntN(len(offers))]}
	if a.next++; a.next < a.count {
		a.p.agenda.add(a.moment(), a)
	}
	visitor.do(w, due)
}

// moment is when the next visitor comes.
func (a arrivals) moment() time.Time {
	return a.start.Add(time.Duration(a.next) * time.Second / time.Duration(a.rate))
}

// worker sends one request at a time, on connections of its own.
type worker struct {
	ctx           context.Context
	play          *play
	rand          *rand.Rand
	plain, secure wire.Line
	request       []byte
}

func (p *play) worker(ctx context.Context, r *rand.Rand) *worker {
	w := &worker{ctx: ctx, play: p, rand: r}
	w.plain = wire.Line{Clock: p.clock, Address: func() string { return *p.plain.Load() }}
	if p.https() {
		w.secure = wire.Line{Clock: p.clock, Address: func() string { return *p.secure.Load() }, Secure: trust(*p.secure.Load())}
	}
	return w
}

// trust is how certificates are checked: a self-signed one on loopback is what
// a fresh server has.
func trust(address string) *tls.Config {
	host, _, _ := net.SplitHostPort(address)
	addr, err := netip.ParseAddr(host)
	return &tls.Config{
		ServerName:         host,
		InsecureSkipVerify: host == "localhost" || err == nil && addr.IsLoopback(),
		ClientSessionCache: tls.NewLRUClientSessionCache(4),
	}
}

func (w *worker) work(in <-chan appointment) {
	defer w.plain.Close()
	defer w.secure.Close()
	for next := range in {
		if w.play.clock().Sub(next.due) > lateAfter {
			w.play.sent.late.Add(1)
		}
		next.job.do(w, next.due)
		w.play.agenda.done()
	}
}

// redirected counts a click, and tells whoever waits for one.
func (p *play) redirected(class homing.ClickClass) {
	p.sent.redirects.Add(1)
	p.sent.lastRedirect.Store(int64(p.clock().Sub(p.start)))
	if class != homing.Billable {
		p.sent.notBillable.Add(1)
	}
	if p.met.Load() == nil {
		return
	}
	if c := p.met.Swap(nil); c != nil {
		close(*c)
	}
}

// nextRedirect is closed when the next click has been redirected.
func (p *play) nextRedirect() <-chan struct{} {
	c := make(chan struct{})
	p.met.Store(&c)
	return c
}

// sleep waits, or returns ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
