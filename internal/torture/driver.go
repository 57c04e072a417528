package torture

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/simulate/process"
	"homing/internal/simulate/wire"
)

// Driver plays visitors and advertisers' servers against a homing that is being
// tortured, as fast as it answers, and keeps the Books.
type Driver struct {
	Books *Books
	Stage *Stage

	// How Load sends. They are not to be changed while it does.

	// Bulk adds as many bytes of noise to each visit, so that the spool grows
	// quickly; at most 8 × homing.MaxParamLen are kept.
	Bulk int
	// Redial has every second worker open a connection for each request.
	Redial bool
	// Broken, if not nil, is told of every request that was sent and not answered:
	// whether it was the first on its connection, and else how long that had been
	// idle. It is called concurrently.
	Broken func(first bool, idle time.Duration, err error)
	// Places, if there are any, are where each request goes by chance; Point says
	// nothing then.
	Places []Place
	// Pace is how long a worker rests after each request; 0 = not at all.
	Pace time.Duration

	cast []offer

	address atomic.Pointer[string]
	secure  atomic.Pointer[string] // of the https listener; "" or nil = there is none
	sent    Counters
}

// Counters tell what came of the requests.
type Counters struct {
	Redirected, Counted, Repeated, Refused, Shed, Broken, Unsent atomic.Int64
}

// offer is a campaign as visitors and its advertiser know it.
type offer struct {
	id      homing.CampaignID
	account homing.AccountID
	path    string // of its click URL
	key     homing.Secret
}

// destination is where campaigns of the torture lead.
const destination = "https://shop.example/?click={click_id}&s={sub1}"

// NewDriver makes two advertisers with two campaigns each on a running server.
func NewDriver(ctx context.Context, s *Stage, client *control.Client) (*Driver, error) {
	d := &Driver{Books: NewBooks(), Stage: s}
	for i := range 2 {
		name, multi := fmt.Sprintf("torture %d", i+1), true
		account, err := client.CreateAccount(ctx, control.AccountEdit{Name: &name, MultiLead: &multi})
		if err != nil {
			return nil, fmt.Errorf("couldn't create an account: %w", err)
		}
		for range 2 {
			template := destination
			made, err := client.CreateCampaign(ctx, control.CampaignEdit{Account: account.ID, Name: &name, URL: &template})
			if err != nil {
				return nil, fmt.Errorf("couldn't create a campaign: %w", err)
			}
			u, err := url.Parse(made.ClickURL)
			if err != nil {
				return nil, err
			}
			d.cast = append(d.cast, offer{made.ID, account.ID, u.EscapedPath(), homing.Secret(account.Key)})
		}
		s.Keep(homing.Secret(account.Key))
	}
	return d, nil
}

// Sent tells what came of the requests so far.
func (d *Driver) Sent() *Counters { return &d.sent }

// Point tells where the server is now.
func (d *Driver) Point(status control.Status) {
	address := strings.TrimPrefix(status.Track, "http://")
	d.address.Store(&address)
	secure := strings.TrimPrefix(status.TrackTLS, "https://")
	d.secure.Store(&secure)
}

// Open starts a server, points the driver at it, and waits until it serves. On
// its first call it makes the cast.
func Open(ctx context.Context, s *Stage, d **Driver, launch process.Launch) (*process.Process, error) {
	p, err := process.Begin(launch)
	if err != nil {
		return nil, err
	}
	status, err := p.Ready(ctx)
	if err == nil && *d == nil {
		client := p.Client()
		*d, err = NewDriver(ctx, s, client)
		_ = client.Close() // nothing is open between requests
	}
	if err != nil {
		p.Kill()
		p.Sweep()
		return nil, err
	}
	(*d).Point(status)
	return p, nil
}

// Reopen starts a server again after a fault. That it does not start is found:
// it is noted in the books, and Reopen gives nil, after which the row must end
// with what it has. The error is of ctx.
func (d *Driver) Reopen(ctx context.Context, launch process.Launch) (*process.Process, error) {
	p, err := Open(ctx, d.Stage, &d, launch)
	if err != nil && ctx.Err() == nil {
		d.Books.Wrong(Other, "it does not start again: %v", err)
		return nil, nil
	}
	return p, err
}

// Load sends requests from so many workers, every third over https if there is a
// listener for it, until stop is called. stop returns
// when every worker has ended: what was under way is finished or broken then.
func (d *Driver) Load(ctx context.Context, workers int, seed uint64) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	https := len(d.Places) == 0 && *d.secure.Load() != ""
	for i := range workers {
		w := d.newWorker(rand.New(rand.NewPCG(seed, uint64(i))))
		if https && i%3 == 0 {
			w.line.Address = func() string { return *d.secure.Load() }
			w.line.Secure = &tls.Config{InsecureSkipVerify: true} // the certificate is self-signed, and the server ours
		}
		all.Go(func() { w.work(ctx, d.Redial && i%2 == 1) })
	}
	return func() { cancel(); all.Wait() }
}

// worker is one connection; or one to each place, of which line is the present one.
type worker struct {
	d       *Driver
	line    *wire.Line
	lines   []*wire.Line
	rand    *rand.Rand
	request []byte
	mine    []homing.ClickID // some clicks of this worker, to convert
	old     []Claim          // some of before, to be sent again
	last    time.Time        // when the line last answered
}

const (
	// remembered is how many clicks a worker converts out of.
	remembered = 64
	// repeated is how many claims of before it sends again.
	repeated = 16
)

func (d *Driver) newWorker(r *rand.Rand) *worker {
	w := &worker{d: d, rand: r}
	for _, p := range d.Places {
		w.lines = append(w.lines, p.line(d.Stage.Clock))
	}
	w.line = &wire.Line{Clock: d.Stage.Clock, Address: func() string { return *d.address.Load() }}
	w.turn()
	return w
}

// turn takes one of the places.
func (w *worker) turn() {
	if len(w.lines) > 0 {
		w.line = w.lines[w.rand.IntN(len(w.lines))]
	}
}

func (w *worker) close() {
	w.line.Close()
	for _, l := range w.lines {
		l.Close()
	}
}

func (w *worker) work(ctx context.Context, redial bool) {
	w.old = w.d.Books.Some(repeated)
	defer w.close()
	for ctx.Err() == nil {
		w.turn()
		if redial {
			w.line.Close()
		}
		var sent bool
		if len(w.mine) == 0 || w.rand.IntN(10) < 6 {
			sent = w.visit(ctx)
		} else {
			sent = w.convert(ctx)
		}
		pause := w.d.Pace
		if !sent { // nobody is there: do not turn in circles
			pause = max(pause, 5*time.Millisecond)
		}
		if pause > 0 {
			_ = Sleep(ctx, pause) // or it is over
		}
	}
}

// send sends the worker's request.
func (w *worker) send(ctx context.Context) (wire.Answer, error) {
	// A load that is over finishes what is under way: else nobody could tell a
	// server's broken connections from ours.
	first, idle := !w.line.Open(), w.d.Stage.Clock().Sub(w.last)
	a, err := w.line.Send(context.WithoutCancel(ctx), w.request, false)
	if err != nil && !errors.Is(err, wire.ErrNotSent) && w.d.Broken != nil {
		w.d.Broken(first, idle, err)
	}
	w.last = w.d.Stage.Clock()
	return a, err
}

// visit follows a click URL. It tells whether there was anybody.
func (w *worker) visit(ctx context.Context) bool {
	id, outcome := w.follow(ctx)
	switch {
	case outcome != Redirected:
	case len(w.mine) < remembered:
		w.mine = append(w.mine, id)
	default:
		w.mine[w.rand.IntN(remembered)] = id
	}
	return outcome != Unsent
}

// follow follows a click URL.
func (w *worker) follow(ctx context.Context) (id homing.ClickID, outcome Outcome) {
	d := w.d
	n := w.rand.IntN(len(d.cast))
	serial := d.Books.Visit()
	text := strconv.FormatUint(serial, 10)
	w.request = wire.Request(w.request[:0], "GET", d.cast[n].path+"?sub1="+text+w.noise(), w.line.Address(), "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n")
	a, err := w.send(ctx)
	switch {
	case errors.Is(err, wire.ErrNotSent):
		d.sent.Unsent.Add(1)
		return id, Unsent
	case err != nil:
		d.sent.Broken.Add(1)
		return id, Broken
	case a.Status == 503:
		d.sent.Shed.Add(1)
		if !a.RetryAfter {
			d.Books.Wrong(Other, "a visit was answered 503 without Retry-After")
		}
		return id, Shed
	}
	before, after, _ := strings.Cut(destination, "{click_id}")
	after = strings.Replace(after, "{sub1}", text, 1)
	location := string(a.Location)
	middle, ok := strings.CutPrefix(location, before)
	if ok {
		middle, ok = strings.CutSuffix(middle, after)
	}
	id, parsed := homing.ParseClickID(middle)
	if a.Status != 302 || !ok || !parsed {
		d.Books.Wrong(Other, "a visit was answered %d, Location %q", a.Status, location)
		return id, Refused
	}
	d.sent.Redirected.Add(1)
	d.Books.Redirected(id, serial, n)
	return id, Redirected
}

// noise is a query's end that does not compress well.
func (w *worker) noise() string {
	if w.d.Bulk == 0 {
		return ""
	}
	var b strings.Builder
	for i := 2; i <= 9; i++ {
		fmt.Fprintf(&b, "&sub%d=", i)
		for begin := b.Len(); b.Len() < begin+w.d.Bulk/8; {
			b.WriteString(strconv.FormatUint(w.rand.Uint64(), 36))
		}
	}
	return b.String()
}

// convert reports a conversion, or one that was reported before.
func (w *worker) convert(ctx context.Context) bool {
	if len(w.old) > 0 && w.rand.IntN(8) == 0 {
		return w.post(ctx, w.old[w.rand.IntN(len(w.old))])
	}
	k := Claim{Click: w.mine[w.rand.IntN(len(w.mine))]}
	if n := w.rand.IntN(4); n > 0 {
		k.Lead = "lead " + strconv.Itoa(n)
	}
	return w.post(ctx, k)
}

// post sends the postback of a claim of ours. It tells whether there was anybody.
func (w *worker) post(ctx context.Context, k Claim) bool { return w.report(ctx, k) != Unsent }

// report sends the postback of a claim of ours.
func (w *worker) report(ctx context.Context, k Claim) Outcome {
	d := w.d
	d.Books.mu.Lock()
	e := d.Books.clicks[k.Click]
	d.Books.mu.Unlock()
	target := "/api/v1/cpa/action/" + k.Click.String() + "?value=" + k.Value().String() + "&key=" + d.cast[e.campaign].key.Reveal()
	if k.Lead != "" {
		target += "&lead_code=" + url.QueryEscape(k.Lead)
	}
	w.request = wire.Request(w.request[:0], "GET", target, w.line.Address(), "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.7\r\n")
	began := d.Books.Begin()
	a, err := w.send(ctx)
	result, _, _ := strings.Cut(string(a.Result), ";")
	switch {
	case errors.Is(err, wire.ErrNotSent):
		d.sent.Unsent.Add(1)
		return Unsent
	case err != nil:
		d.sent.Broken.Add(1)
		return Broken
	case a.Status == 503:
		d.sent.Shed.Add(1)
		if !a.RetryAfter {
			d.Books.Wrong(Other, "a postback was answered 503 without Retry-After")
		}
		return Shed
	case a.Status != 200 || string(a.Body) != `{"ok":true}`:
		d.sent.Refused.Add(1)
		d.Books.Wrong(Other, "a call for %s was answered %d %s (%s)", k, a.Status, a.Body, a.Result)
	case result == "counted":
		d.sent.Counted.Add(1)
		d.Books.Counted(k, began)
		return Counted
	case result == "duplicate":
		d.sent.Repeated.Add(1)
		d.Books.Repeated(k)
		return Repeated
	default:
		d.Books.Wrong(Other, "a call for %s was answered with Postback-Result %q", k, a.Result)
	}
	return Refused
}
