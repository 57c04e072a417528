// Package clusters proves for several machines what package torture proves for one:
// nothing acknowledged is lost and nothing is counted twice, whichever of them dies,
// hangs, is cut off, is slow, has a wrong clock, or is replaced.
//
//	driver ──► balancer, edges ──► PostgreSQL ═► its standby
//	   │           │      desk ──► ClickHouse ◄═► its replica, ZooKeeper
//	 books         └─ spools ──────────┘
//	   │
//	   └── load ── fault ── load ── wait until all have caught up ── compare ── next fault
//
// All are real processes, see package cluster. Every request goes by chance to the
// balancer or to one of the edges, so that a postback seldom comes to the edge that
// had the click; now and then one goes to two edges at the same moment, and old ones
// are sent again. After each fault the driver's books, the ledger's list of
// conversions, the warehouse's list of clicks, and reports must agree, to the
// micro-unit; then it goes on, on the same cluster.
package clusters

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"homing/internal/cluster"
	"homing/internal/torture"
)

// CatchUpTime is how long after a fault everything may take to be as if there had
// been none.
const CatchUpTime = 30 * time.Second

// Round is a fault, and what came of it.
type Round struct {
	Number int    `json:"number"`
	Fault  string `json:"fault"`
	What   string `json:"what"` // what was drawn, in words
	// Clicks and Conversions were acknowledged during it, and compared.
	Clicks      int `json:"clicks"`
	Conversions int `json:"conversions"`
	torture.Tally
	// CaughtUp is how long after the fault's end everything had caught up.
	CaughtUp time.Duration `json:"caught_up"`
	Last     string        `json:"last"` // what was missing last
	Took     time.Duration `json:"took"`
}

// Failed tells whether something was lost, doubled or wrong, or not caught up in time.
func (r *Round) Failed() bool { return r.Total() > 0 || r.CaughtUp > CatchUpTime }

// Proof is a run of rounds on a cluster of its own.
type Proof struct {
	// Faults are drawn from; all of them if empty.
	Faults []Fault
	// InTurn has them come one after the other.
	InTurn bool
	// First is the number of the first round. What is drawn in a round follows from
	// the seed and its number.
	First int
	// Told is told of each round; nil = nobody.
	Told func(Round)
}

// Row is the proof as package torture performs it.
func (p *Proof) Row() *torture.Row {
	return &torture.Row{
		Name:  "cluster",
		How:   "real processes of a cluster are killed, frozen, cut off, slowed down, replaced, and given wrong clocks, under load",
		Proof: "nothing acknowledged is lost or doubled; ledger, warehouse and books agree; all has caught up within " + CatchUpTime.String(),
		Unit:  "faults", Needs: Needs, Run: p.run,
	}
}

// Needs says why the proof cannot be run here; "" = it can.
func Needs() string { return strings.Join(cluster.Missing(false), "; ") }

// edges is how many there are.
const edges = 3

func (p *Proof) run(ctx context.Context, s *torture.Stage, rounds int) (result torture.Result, err error) {
	// PostgreSQL does not run as root, and must get in.
	if err := errors.Join(os.Chmod(s.Dir, 0o755), cluster.Reachable(s.Dir)); err != nil {
		return result, err
	}
	c, err := cluster.Start(ctx, cluster.Options{
		Dir: s.Dir, Program: s.Program, Edges: edges, Hostile: true, Out: s.Notes,
		// Lead codes come over plain http from a proxy that is believed, and files are
		// so small that some are rolled.
		Settings: []string{"--trusted-proxies", "127.0.0.1/32,198.18.0.0/15", "--spool-segment-size", "4194304"},
	})
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if why := c.Networks(); why != nil {
		s.Note("edges have no networks of their own (%v): a forwarder that holds everything back stands for a cut", why)
	}
	h, err := newHouse(ctx, s, c)
	if err != nil {
		return result, err
	}
	var caughtUp []time.Duration
	done := 0
	for ; done < rounds && h.Books.Found().Total() == 0; done++ {
		r, err := h.round(ctx, p.First+done, p.draw(s, done))
		if err != nil {
			return h.Result(done), fmt.Errorf("round %d, %s: %w", r.Number, r.Fault, err)
		}
		caughtUp = append(caughtUp, r.CaughtUp)
		s.Note("%s", r.String())
		if p.Told != nil {
			p.Told(r)
		}
		s.Done(done + 1)
	}
	if h.Books.Found().Total() == 0 {
		err = h.settle(ctx)
	}
	result = h.Result(done)
	if len(caughtUp) > 0 {
		slices.Sort(caughtUp)
		middle, worst := caughtUp[len(caughtUp)/2], caughtUp[len(caughtUp)-1]
		result.Figures = []torture.Figure{
			{Name: "caught up after a fault, median", Value: middle.Round(10 * time.Millisecond).String()},
			{Name: "caught up after a fault, worst", Value: worst.Round(10 * time.Millisecond).String(),
				Limit: "at most " + CatchUpTime.String(), Missed: worst > CatchUpTime},
		}
	}
	return result, err
}

// draw is the fault of the n-th round of this run.
func (p *Proof) draw(s *torture.Stage, n int) Fault {
	from := p.Faults
	if len(from) == 0 {
		from = Faults
	}
	if p.InTurn {
		return from[n%len(from)]
	}
	return from[s.Rand(uint64(p.First+n)).IntN(len(from))]
}

func (r *Round) String() string {
	text := fmt.Sprintf("%3d  %-26s %-44s %6d clicks %6d conversions  %d lost, %d double, %d other  caught up in %5.1f s  round %5.1f s",
		r.Number, r.Fault, r.What, r.Clicks, r.Conversions, r.Lost, r.Double, r.Other, r.CaughtUp.Seconds(), r.Took.Seconds())
	if r.CaughtUp > CatchUpTime/3 {
		text += "\n     last: " + r.Last
	}
	for _, f := range r.First {
		text += "\n     " + f
	}
	return text
}

// some is a random part of d.
func some(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }
