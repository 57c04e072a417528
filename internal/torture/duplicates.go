package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"homing/internal/simulate/process"
)

var duplicates = Row{
	Name:  "duplicates",
	How:   "the same postback comes over 100 connections at once, with and without a lead code, and again after SIGKILL and SIGTERM; SIGKILL also in its midst",
	Proof: "one answer says that it counted; ledger and report have it once",
	Short: 10_000, Long: 1_000_000, Unit: "calls",
	Mistakes: []string{"reads before it writes", "key in the log"},
	Run:      runDuplicates,
}

const (
	// senders is over how many connections a postback comes at once.
	senders = 100
	// restarts is how often the server is ended in a run.
	restarts = 8
)

// volley sends one claim over all connections at once.
type volley struct {
	*Driver
	rand   *rand.Rand
	launch process.Launch
	server *process.Process
	dead   []*process.Process
	lines  []*worker
	past   []Claim // some that were sent
	calls  int
}

func runDuplicates(ctx context.Context, s *Stage, rounds int) (result Result, err error) {
	v := &volley{rand: s.Rand(1), launch: s.Launch(filepath.Join(s.Dir, "data"))}
	if v.server, err = Open(ctx, s, &v.Driver, v.launch); err != nil {
		return result, err
	}
	defer v.close()
	for i := range senders {
		v.lines = append(v.lines, v.newWorker(s.Rand(uint64(2+i))))
	}
	each := max(rounds/senders/restarts, 1) // volleys between two restarts
	for n := 1; v.calls < rounds && v.server != nil && v.Books.Found().Total() == 0; n++ {
		if err := v.fire(ctx, n); err != nil {
			return v.Result(v.calls), err
		}
		if n%each == 0 {
			if err := v.restart(ctx, n); err != nil {
				return v.Result(v.calls), err
			}
		}
		s.Done(v.calls)
	}
	if v.server == nil {
		return v.Result(v.calls), nil
	}
	if err := v.Settle(ctx, v.server); err != nil {
		return v.Result(v.calls), err
	}
	result = v.Result(v.calls)
	sent := v.Sent()
	result.Figures = []Figure{
		{Name: "counted", Value: strconv.FormatInt(sent.Counted.Load(), 10)},
		{Name: "told to be there", Value: strconv.FormatInt(sent.Repeated.Load(), 10)},
		{Name: "without an answer", Value: strconv.FormatInt(sent.Broken.Load()+sent.Shed.Load()+sent.Unsent.Load(), 10)},
	}
	return result, nil
}

// fire makes a click and sends a claim of it, or one of before, over all
// connections.
func (v *volley) fire(ctx context.Context, n int) error {
	k, err := v.claim(ctx, n)
	if err != nil {
		return err
	}
	fresh := !v.known(k)
	v.together(ctx, k, func() {})
	if counted, settled := v.Books.Told(k); fresh && settled && counted != 1 {
		v.Books.Wrong(Double, "%s was sent %d times, and %d answers said that it counted", k, senders, counted)
	} else if !settled {
		v.Books.Wrong(Other, "%s was sent %d times, and no answer acknowledged it", k, senders)
	}
	v.remember(k)
	return ctx.Err()
}

func (v *volley) known(k Claim) bool {
	_, settled := v.Books.Told(k)
	return settled
}

// claim is a new one, with a lead code or without, or now and then an old one.
func (v *volley) claim(ctx context.Context, n int) (k Claim, err error) {
	if len(v.past) > 0 && v.rand.IntN(4) == 0 {
		return v.past[v.rand.IntN(len(v.past))], nil
	}
	w := v.lines[v.rand.IntN(senders)]
	for tries := 0; ; tries++ {
		before := len(w.mine)
		w.mine = w.mine[:0]
		if w.visit(ctx); len(w.mine) > 0 {
			break
		}
		if tries > 100 || before > remembered {
			return k, fmt.Errorf("nobody redirects a visitor")
		}
		if err := Sleep(ctx, 20*time.Millisecond); err != nil {
			return k, err
		}
	}
	k.Click = w.mine[0]
	if n%2 == 0 {
		k.Lead = "lead " + strconv.Itoa(n)
	}
	return k, nil
}

// past bounds how many claims are remembered to be sent again.
const past = 500

func (v *volley) remember(k Claim) {
	if len(v.past) < past {
		v.past = append(v.past, k)
	} else {
		v.past[v.rand.IntN(past)] = k
	}
}

// together sends a claim over all connections at once, and runs meanwhile once
// they are let go.
func (v *volley) together(ctx context.Context, k Claim, meanwhile func()) {
	var all, ready sync.WaitGroup
	gate := make(chan struct{})
	for _, w := range v.lines {
		ready.Add(1)
		all.Go(func() {
			ready.Done()
			<-gate
			w.post(ctx, k)
		})
	}
	ready.Wait()
	close(gate)
	meanwhile()
	all.Wait()
	v.calls += len(v.lines)
}

// restart ends the server: by SIGTERM, or by SIGKILL, that in the midst of a
// volley. After it what was cut off is sent again.
func (v *volley) restart(ctx context.Context, n int) error {
	k, err := v.claim(ctx, n)
	if err != nil {
		return err
	}
	v.remember(k)
	if v.rand.IntN(2) == 0 {
		v.together(ctx, k, func() {
			time.Sleep(time.Duration(v.rand.Int64N(int64(8 * time.Millisecond))))
			v.server.Kill()
		})
	} else if err := v.terminate(ctx); err != nil {
		return err
	}
	v.dead = append(v.dead, v.server)
	if v.server, err = v.Reopen(ctx, v.launch); err != nil || v.server == nil {
		return err
	}
	v.together(ctx, k, func() {})
	if !v.known(k) {
		v.Books.Wrong(Other, "%s was sent %d times after a restart, and no answer acknowledged it", k, senders)
	}
	for range min(3, len(v.past)) {
		old := v.past[v.rand.IntN(len(v.past))]
		v.together(ctx, old, func() {})
	}
	return ctx.Err()
}

func (v *volley) terminate(ctx context.Context) error {
	if err := v.server.Terminate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := v.server.Wait(ctx); err != nil {
		v.Books.Wrong(Other, "after SIGTERM: %v", err)
		v.server.Kill()
	}
	return nil
}

func (v *volley) close() {
	for _, w := range v.lines {
		w.line.Close()
	}
	if v.server != nil {
		v.server.Kill()
		v.dead = append(v.dead, v.server)
	}
	for _, p := range v.dead {
		p.Sweep()
	}
}
