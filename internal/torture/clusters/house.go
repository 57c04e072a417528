package clusters

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"homing"
	"homing/internal/cluster"
	"homing/internal/desk/control"
	"homing/internal/torture"
)

// house is a cluster under load. It is used by one goroutine.
type house struct {
	*torture.Driver
	*cluster.Cluster
	stage *torture.Stage
	rand  *rand.Rand // the round's
	// skewed is how far clocks were off in this round, at most.
	skewed time.Duration
}

const (
	workers = 12
	// pace keeps the load such that the machine has time for a cluster.
	pace = 15 * time.Millisecond
	// startTime is how long a new campaign may take to be everywhere.
	startTime = 20 * time.Second
)

func newHouse(ctx context.Context, s *torture.Stage, c *cluster.Cluster) (*house, error) {
	h := &house{Cluster: c, stage: s}
	client := c.Desk.Client()
	defer client.Close()
	var err error
	if h.Driver, err = torture.NewDriver(ctx, s, client); err != nil {
		return nil, err
	}
	h.Pace = pace
	h.Places = []torture.Place{{Address: c.Balancer.Address()}, {Address: c.Balancer.AddressTLS(), Secure: true}}
	for _, e := range c.Edges {
		h.Places = append(h.Places, torture.Place{Address: e.Track()})
	}
	made, err := client.Campaigns(ctx, 0)
	if err != nil {
		return nil, err
	}
	for _, e := range c.Edges {
		if err := knows(ctx, e, len(made)); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// knows waits until an edge knows so many campaigns.
func knows(ctx context.Context, e *cluster.Node, campaigns int) error {
	client := e.Client()
	defer client.Close()
	for began := time.Now(); ; {
		known, err := client.Campaigns(ctx, 0)
		if err == nil && len(known) >= campaigns {
			return nil
		}
		if time.Since(began) > startTime {
			return fmt.Errorf("%s knows %d of %d campaigns after %s: %w", e.Name, len(known), campaigns, startTime, err)
		}
		if err := torture.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// errFound ends a fault because of something that is in the books.
var errFound = errors.New("it is in the books")

const (
	loadBefore = 700 * time.Millisecond // and as much again, by chance
	loadAfter  = time.Second
)

// round has one fault happen under load, waits until everything has caught up, and
// compares.
func (h *house) round(ctx context.Context, number int, f Fault) (r Round, err error) {
	r = Round{Number: number, Fault: f.Name}
	began := h.stage.Clock()
	since := homing.MillisOf(began) - 2000
	h.rand, h.skewed = h.stage.Rand(1_000_000+uint64(number)), 0
	clicks, conversions := h.Books.Count()

	stop := h.load(ctx)
	err = torture.Sleep(ctx, loadBefore+some(h.rand, loadBefore))
	var over time.Time
	if err == nil {
		over, r.What, err = f.run(ctx, h)
	}
	if err == nil {
		err = torture.Sleep(ctx, loadAfter)
	}
	stop()
	if err == nil {
		// What was made by a clock that was behind carries an older time.
		since -= homing.MillisIn(h.skewed)
		r.CaughtUp, r.Last, err = h.catchUp(ctx, over, since)
	}
	if err == nil {
		err = h.compare(ctx, since)
	}
	if errors.Is(err, errFound) {
		err = nil
	}
	allClicks, allConversions := h.Books.Count()
	r.Clicks, r.Conversions, r.Tally = allClicks-clicks, allConversions-conversions, h.Books.Found()
	r.Took = h.stage.Clock().Sub(began)
	return r, err
}

// load sends requests from everywhere to everywhere until stop is called, which
// returns when nothing is under way any more.
func (h *house) load(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	stopDriver := h.Load(ctx, workers, h.rand.Uint64())
	var both sync.WaitGroup
	seed := h.rand.Uint64()
	both.Go(func() { h.twins(ctx, rand.New(rand.NewPCG(seed, 0))) })
	return func() {
		cancel()
		stopDriver()
		both.Wait()
	}
}

// twins has clicks made at one edge, and the same postback come to two at once.
func (h *house) twins(ctx context.Context, r *rand.Rand) {
	var callers []*torture.Caller
	for i, e := range h.Edges {
		c := h.Caller(torture.Place{Address: e.Track()}, rand.New(rand.NewPCG(r.Uint64(), uint64(i))))
		defer c.Close()
		callers = append(callers, c)
	}
	for torture.Sleep(ctx, 2*pace) == nil {
		order := r.Perm(len(callers))
		id, outcome := callers[order[0]].Visit(ctx)
		if outcome != torture.Redirected {
			continue
		}
		claim := torture.Claim{Click: id, Lead: []string{"", "twin"}[r.IntN(2)]}
		var posting sync.WaitGroup
		for _, c := range order[1:] {
			posting.Go(func() { callers[c].Post(ctx, claim) })
		}
		posting.Wait()
	}
}

// edge draws one.
func (h *house) edge() *cluster.Node { return h.Edges[h.rand.IntN(len(h.Edges))] }

// between draws a time.
func (h *house) between(least, most time.Duration) time.Duration {
	return least + some(h.rand, most-least)
}

// restart starts a node again. That it does not start is found.
func (h *house) restart(ctx context.Context, n *cluster.Node) error {
	err := n.Restart(ctx)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	h.Books.Wrong(torture.Other, "it does not start again: %v", err)
	return errFound
}

// ask asks a node over its control socket.
func ask[T any](n *cluster.Node, question func(*control.Client) (T, error)) (T, error) {
	client := n.Client()
	defer client.Close()
	return question(client)
}
