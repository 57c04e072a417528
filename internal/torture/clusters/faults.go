package clusters

import (
	"context"
	"fmt"
	"sync"
	"time"

	"homing/internal/cluster"
	"homing/internal/torture"
)

// Fault is something that happens to a cluster.
type Fault struct {
	Name string
	How  string // how it is produced and what is looked at meanwhile, in a sentence
	// Short: it is in make test.
	Short bool
	// run has it happen, under load. It returns when it is over, and tells since when,
	// and what was drawn. The error is of what stood in the way, or errFound.
	run func(ctx context.Context, h *house) (over time.Time, what string, err error)
}

// Faults lists every kind.
var Faults = []Fault{
	{"edge killed", "an edge gets SIGKILL, and is started again up to 3 s later", true, killEdge},
	{"desk killed", "the desk gets SIGKILL, and is started again up to 3 s later; its duties are still its own for 15 s", false, killDesk},
	{"all nodes killed", "edges and desk get SIGKILL at the same moment, and are started again", false, killNodes},
	{"primary killed", "the primary of the ledger gets SIGKILL, and is started again some seconds later: meanwhile edges redirect, " +
		"answer postbacks 503 with Retry-After, and say so on /readyz, and the desk's /readyz is 503", false, killPrimary},
	{"standby killed", "the standby gets SIGKILL, and is started again some seconds later: meanwhile edges redirect, and answer postbacks 503", false, killStandby},
	{"standby promoted", "the primary gets SIGKILL, the standby is promoted, and the old primary comes back as standby by pg_basebackup, under load", true, promote},
	{"ledger away", "primary and standby get SIGKILL, and an edge is started anew meanwhile: it redirects with the settings that it knew last; " +
		"looked at as for the primary", false, ledgerAway},
	{"replica killed", "a server of ClickHouse gets SIGKILL, and is started again up to 6 s later", false, killReplica},
	{"replica frozen", "a server of ClickHouse is stopped (SIGSTOP) for 2 to 10 s", false, freezeReplica},
	{"ZooKeeper killed", "ZooKeeper gets SIGKILL, and is started again up to 3 s later", false, killKeeper},
	{"network cut", "all packets between an edge and the ledger vanish for some seconds, in every second round the edge is killed and started anew meanwhile; " +
		"it is looked at as above, and the others must go on counting", true, cutOff},
	{"slow ledger", "what goes between edges and ledger arrives 20 to 400 ms late, each way, for some seconds", true, slowLedger},
	{"clocks apart", "the clocks of all edges are up to 3 minutes off, forth and back, for some seconds", true, skewClocks},
	{"rolling restart", "each node, edges first, gets SIGTERM, must end with status 0, and is replaced by a new process", false, replace},
}

// Named finds faults by their names.
func Named(names ...string) (list []Fault, err error) {
	for _, name := range names {
		found := false
		for _, f := range Faults {
			if f.Name == name {
				list, found = append(list, f), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no fault %q", name)
		}
	}
	return list, nil
}

// Short are the faults of make test.
func Short() (list []Fault) {
	for _, f := range Faults {
		if f.Short {
			list = append(list, f)
		}
	}
	return list
}

// down lets time pass while something is away, and tells how much, in words.
func (h *house) down(ctx context.Context, least, most time.Duration) (string, error) {
	d := h.between(least, most)
	return fmt.Sprintf("for %.1f s", d.Seconds()), torture.Sleep(ctx, d)
}

func (h *house) killNode(ctx context.Context, n *cluster.Node) (over time.Time, what string, err error) {
	n.Kill()
	what, err = h.down(ctx, 0, 3*time.Second)
	over = h.stage.Clock()
	if err == nil {
		err = h.restart(ctx, n)
	}
	return over, n.Name + " " + what, err
}

func killEdge(ctx context.Context, h *house) (time.Time, string, error) {
	return h.killNode(ctx, h.edge())
}

func killDesk(ctx context.Context, h *house) (time.Time, string, error) {
	return h.killNode(ctx, h.Desk)
}

func killNodes(ctx context.Context, h *house) (over time.Time, what string, err error) {
	all := append(h.Edges[:len(h.Edges):len(h.Edges)], h.Desk)
	var killing sync.WaitGroup
	for _, n := range all {
		killing.Go(n.Kill)
	}
	killing.Wait()
	over = h.stage.Clock()
	for _, n := range all {
		if err := h.restart(ctx, n); err != nil {
			return over, "", err
		}
	}
	return over, "", nil
}

func killPrimary(ctx context.Context, h *house) (over time.Time, what string, err error) {
	h.Primary.Kill()
	if err := h.withoutLedger(ctx, h.Edges, true); err != nil {
		return over, "", err
	}
	what, err = h.down(ctx, 0, 2*time.Second)
	if err == nil {
		err = h.Primary.Restart(ctx)
	}
	return h.stage.Clock(), what, err
}

func killStandby(ctx context.Context, h *house) (over time.Time, what string, err error) {
	h.Standby.Kill()
	// A commit whose standby was there a moment ago may still be told.
	if err := torture.Sleep(ctx, 300*time.Millisecond); err != nil {
		return over, "", err
	}
	if err := h.onlyClicks(ctx, h.Edges); err != nil {
		return over, "", err
	}
	what, err = h.down(ctx, 0, 2*time.Second)
	if err == nil {
		err = h.Standby.Restart(ctx)
	}
	return h.stage.Clock(), what, err
}

func promote(ctx context.Context, h *house) (over time.Time, what string, err error) {
	h.Primary.Kill()
	if what, err = h.down(ctx, 0, 2*time.Second); err != nil {
		return over, "", err
	}
	if err := h.Promote(ctx); err != nil {
		return over, "", err
	}
	over = h.stage.Clock()
	// For a moment there is no standby.
	if err := torture.Sleep(ctx, time.Second+some(h.rand, time.Second)); err != nil {
		return over, "", err
	}
	err = h.Rejoin(ctx)
	return over, fmt.Sprintf("%s, followed again after %.1f s", what, h.stage.Clock().Sub(over).Seconds()), err
}

func ledgerAway(ctx context.Context, h *house) (over time.Time, what string, err error) {
	h.Primary.Kill()
	h.Standby.Kill()
	e := h.edge()
	e.Kill()
	if err := h.restart(ctx, e); err != nil {
		return over, e.Name, err
	}
	if err := h.withoutLedger(ctx, h.Edges, true); err != nil {
		return over, e.Name, err
	}
	if what, err = h.down(ctx, 0, 2*time.Second); err != nil {
		return over, what, err
	}
	// The standby first: a primary alone answers nobody.
	for _, p := range []*cluster.Postgres{h.Standby, h.Primary} {
		if err := p.Restart(ctx); err != nil {
			return over, what, err
		}
	}
	return h.stage.Clock(), e.Name + " started meanwhile; " + what, nil
}

func killReplica(ctx context.Context, h *house) (over time.Time, what string, err error) {
	n := h.rand.IntN(len(h.Warehouses))
	h.Warehouses[n].Kill()
	if what, err = h.down(ctx, 0, 6*time.Second); err == nil {
		err = h.Warehouses[n].Restart(ctx)
	}
	return h.stage.Clock(), fmt.Sprintf("replica %d %s", n+1, what), err
}

func freezeReplica(ctx context.Context, h *house) (over time.Time, what string, err error) {
	n := h.rand.IntN(len(h.Warehouses))
	w := h.Warehouses[n]
	if w.Gone() { // by itself; it is started again afterwards
		return h.stage.Clock(), "it had ended by itself", nil
	}
	if err := w.Freeze(); err != nil {
		return over, "", err
	}
	what, err = h.down(ctx, 2*time.Second, 10*time.Second)
	if thaw := w.Thaw(); err == nil {
		err = thaw
	}
	return h.stage.Clock(), fmt.Sprintf("replica %d %s", n+1, what), err
}

func killKeeper(ctx context.Context, h *house) (over time.Time, what string, err error) {
	h.Keeper.Kill()
	if what, err = h.down(ctx, 0, 3*time.Second); err == nil {
		err = h.Keeper.Restart(ctx)
	}
	return h.stage.Clock(), what, err
}

func cutOff(ctx context.Context, h *house) (over time.Time, what string, err error) {
	e := h.edge()
	what = e.Name
	if err := e.Cut(ctx, true); err != nil {
		return over, what, err
	}
	err = h.cutOffFrom(ctx, e, &what)
	if mend := e.Cut(context.WithoutCancel(ctx), false); err == nil {
		err = mend
	}
	return h.stage.Clock(), what, err
}

// cutOffFrom is what happens while an edge is cut off.
func (h *house) cutOffFrom(ctx context.Context, e *cluster.Node, what *string) error {
	if h.rand.IntN(2) == 0 {
		*what += " and started anew"
		e.Kill()
		if err := h.restart(ctx, e); err != nil {
			return err
		}
	}
	if err := h.withoutLedger(ctx, []*cluster.Node{e}, false); err != nil {
		return err
	}
	for _, other := range h.Edges {
		if other == e {
			continue
		}
		if err := h.goesOn(ctx, other); err != nil {
			return err
		}
	}
	_, err := h.down(ctx, 0, 2*time.Second)
	return err
}

func slowLedger(ctx context.Context, h *house) (over time.Time, what string, err error) {
	by := h.between(20*time.Millisecond, 400*time.Millisecond)
	slow := h.Edges[:1+h.rand.IntN(len(h.Edges))]
	for _, e := range slow {
		e.Slow(by)
	}
	what, err = h.down(ctx, 3*time.Second, 6*time.Second)
	for _, e := range slow {
		e.Slow(0)
	}
	return h.stage.Clock(), fmt.Sprintf("%d edges by %d ms %s", len(slow), by.Milliseconds(), what), err
}

// mostSkew is how far a clock is off.
const mostSkew = 3 * time.Minute

func skewClocks(ctx context.Context, h *house) (over time.Time, what string, err error) {
	h.skewed = mostSkew
	for _, e := range h.Edges {
		offset := h.between(-mostSkew, mostSkew).Round(time.Second)
		what += fmt.Sprintf("%+.0f s ", offset.Seconds())
		if err := e.SetClock(offset); err != nil {
			return over, what, err
		}
	}
	down, err := h.down(ctx, 3*time.Second, 6*time.Second)
	for _, e := range h.Edges {
		if back := e.SetClock(0); err == nil {
			err = back
		}
	}
	return h.stage.Clock(), what + down, err
}

// endTime is how long a node may take to end in order.
const endTime = 10 * time.Second

func replace(ctx context.Context, h *house) (over time.Time, what string, err error) {
	for _, n := range append(h.Edges[:len(h.Edges):len(h.Edges)], h.Desk) {
		if err := n.Terminate(); err != nil {
			return over, n.Name, err
		}
		waiting, cancel := context.WithTimeout(ctx, endTime)
		end := n.Wait(waiting)
		cancel()
		if ctx.Err() != nil {
			return over, n.Name, ctx.Err()
		}
		if end != nil {
			h.Books.Wrong(torture.Other, "%s, after SIGTERM: %v", n.Name, end)
			n.Kill()
		}
		over = h.stage.Clock()
		if err := h.restart(ctx, n); err != nil {
			return over, n.Name, err
		}
	}
	return over, "edges, then the desk", nil
}
